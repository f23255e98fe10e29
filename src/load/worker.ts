/** A worker thread of a load: does its share as it is told. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadPlan } from './plan.ts';
import { OwnLoad } from './run.ts';
import type { Order, Report } from './workers.ts';

const progressMillis = 500;

const say = (report: Report): void => parentPort?.postMessage(report);

function fail(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'BUG';
  say({ kind: 'failed', code, text: error instanceof Error ? error.message : String(error) });
}

async function work(load: OwnLoad): Promise<void> {
  const timer = setInterval(() => say({ kind: 'progress', progress: load.progress }), progressMillis);
  const obey = async (order: Order): Promise<void> => {
    if (order.kind === 'stop') return load.stop();
    if (order.kind === 'run') {
      const tally = await load.run(order.limit);
      return say({ kind: 'tally', tally, progress: load.progress });
    }
    await load.end();
    clearInterval(timer);
    say({ kind: 'ended' });
  };
  parentPort?.on('message', (order: Order) => void obey(order).catch(fail));
  say({ kind: 'open' });
}

OwnLoad.open(workerData as LoadPlan)
  .then(work)
  .catch(fail);

/** A load spread over worker threads, each with its share of the plan; together they are as one. */
import { Worker } from 'node:worker_threads';
import type { Limit, LoadPlan } from './plan.ts';
import { share } from './plan.ts';
import type { Load, Progress } from './run.ts';
import { addTally, emptyTally, type Tally } from './tally.ts';

/** What a worker is told. */
export type Order =
  | { readonly kind: 'run'; readonly limit: Limit }
  | { readonly kind: 'stop' }
  | { readonly kind: 'end' };

/** What it says. */
export type Report =
  | { readonly kind: 'open' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'tally'; readonly tally: Tally; readonly progress: Progress }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly code: string; readonly text: string };

/** A worker could not do its part. */
export class WorkerError extends Error {
  constructor(
    readonly code: string,
    text: string,
  ) {
    super(text);
  }
}

const nothing: Progress = { done: 0, failed: 0, inFlight: 0, held: 0 };

export class WorkerLoad implements Load {
  readonly #hands: readonly Hand[];

  private constructor(hands: readonly Hand[]) {
    this.#hands = hands;
  }

  /** Throws WorkerError. */
  static async open(plan: LoadPlan, workers: number): Promise<WorkerLoad> {
    const hands = Array.from({ length: workers }, (_, at) => new Hand(share(plan, at, workers)));
    try {
      await Promise.all(hands.map((hand) => hand.wait('open')));
    } catch (error) {
      await Promise.all(hands.map((hand) => hand.terminate()));
      throw error;
    }
    return new WorkerLoad(hands);
  }

  get progress(): Progress {
    return this.#hands.reduce(
      (all, { progress }) => ({
        done: all.done + progress.done,
        failed: all.failed + progress.failed,
        inFlight: all.inFlight + progress.inFlight,
        held: all.held + progress.held,
      }),
      nothing,
    );
  }

  async run(limit: Limit): Promise<Tally> {
    const workers = this.#hands.length;
    const part = (at: number): Limit =>
      limit.kind === 'count'
        ? { ...limit, count: Math.floor(limit.count / workers) + (at < limit.count % workers ? 1 : 0) }
        : limit;
    const reports = await Promise.all(
      this.#hands.map((hand, at) => {
        hand.order({ kind: 'run', limit: part(at) });
        return hand.wait('tally');
      }),
    );
    const whole = emptyTally();
    for (const { tally } of reports) addTally(whole, tally);
    return whole;
  }

  stop(): void {
    for (const hand of this.#hands) hand.order({ kind: 'stop' });
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#hands.map(async (hand) => {
        hand.order({ kind: 'end' });
        await hand.wait('ended');
        await hand.terminate();
      }),
    );
  }
}

type ReportOf<K extends Report['kind']> = Extract<Report, { kind: K }>;

class Hand {
  readonly #worker: Worker;
  readonly #reports: Report[] = [];
  #heard = (): void => {};
  progress = nothing;

  constructor(plan: LoadPlan) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: plan });
    this.#worker.on('message', (report: Report) => {
      if ('progress' in report) this.progress = report.progress;
      if (report.kind === 'progress') return;
      this.#reports.push(report);
      this.#heard();
    });
    this.#worker.on('error', (error) => {
      this.#reports.push({ kind: 'failed', code: 'BUG', text: error.message });
      this.#heard();
    });
  }

  order(order: Order): void {
    this.#worker.postMessage(order);
  }

  /** The next thing it says. Throws WorkerError when that is a failure. */
  async wait<K extends Report['kind']>(kind: K): Promise<ReportOf<K>> {
    if (this.#reports.length === 0)
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    const report = this.#reports.shift();
    if (report?.kind === 'failed') throw new WorkerError(report.code, report.text);
    if (report?.kind !== kind) throw new WorkerError('BUG', `a worker said ${report?.kind}, not ${kind}`);
    return report as ReportOf<K>;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

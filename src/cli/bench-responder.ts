/** The process `ikev2 bench --self` starts: a daemon without a data plane, and what it costs when it is asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startDaemon } from '../daemon/daemon.ts';
import { makeLog } from '../daemon/log.ts';
import { fileSource } from '../daemon/policy-source.ts';
import { providers, type Reading } from '../load/index.ts';

export interface ResponderSettings {
  readonly config: string;
  readonly secrets: string;
  readonly store: string;
  readonly address: string;
  readonly provider: 'node' | 'noble' | undefined;
}

export type FromResponder =
  /** The nat socket's port. */
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'reading'; readonly reading: Reading };

/** Milliseconds between two looks at the event loop; a look that is on time counts as 0. */
const resolution = 10;

const settings = JSON.parse(process.argv[2] ?? '{}') as ResponderSettings;
const say = (message: FromResponder): unknown => process.send?.(message);

async function serve({ config, secrets, store, address, provider }: ResponderSettings): Promise<void> {
  const crypto = providers[provider ?? 'default'];
  const listen = [address];
  const daemon = await startDaemon({
    source: fileSource({ config, secrets, store, listen, crypto }),
    listen,
    ikePort: 0,
    natPort: 0,
    kernel: 'memory',
    crypto,
    log: () => makeLog({ level: 'warn', format: 'text' }),
  });
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const late = (nanoseconds: number): number =>
    Number(Math.max(0, nanoseconds / 1e6 - resolution).toFixed(2));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const eventLoopDelay = {
      p50: late(delay.percentile(50)),
      p99: late(delay.percentile(99)),
      max: late(delay.max),
    };
    delay.reset();
    say({
      kind: 'reading',
      reading: { cpu: (user + system) / 1e6, rss: process.memoryUsage.rss(), eventLoopDelay },
    });
  });
  say({ kind: 'ready', port: daemon.listening[0]?.nat ?? 0 });
}

// Whoever started it is gone.
process.on('disconnect', () => process.exit(0));
serve(settings).catch((error: Error) => {
  say({ kind: 'failed', text: error.message });
  process.disconnect();
});

/** Fixtures for vitest: a network, two ends, misbehaving peers, real responders, and the ladder when a test fails. */
import { test as base } from 'vitest';
import type { Host } from './host.ts';
import { ladder } from './ladder.ts';
import { type LiveResponder, type ResponderOptions, respond } from './live-responder.ts';
import { type Misbehaviour, misbehave } from './misbehave.ts';
import { VirtualNetwork } from './network.ts';
import { pair as makePair, type Pair, type PairOptions } from './pair.ts';
import { VerdictError, Verdicts } from './verdict.ts';

export interface IkeFixtures {
  /** What the run is drawn from: the test's name, or `IKEV2_SEED`. */
  readonly seed: string;
  /** A new network; its ladder is printed when the test fails. */
  readonly network: VirtualNetwork;
  /** Two ends with one connection, on that network. */
  readonly pair: (options?: Omit<PairOptions, 'network' | 'seed'>) => Pair;
  readonly verdict: Verdicts;
  /** Lets a host of that network misbehave; the test fails when a rule found nothing to do. */
  readonly misbehaving: (host: Host, script: unknown) => Misbehaviour;
  /** IKE responders on real sockets, closed when the test is over. */
  readonly responder: (options?: ResponderOptions) => Promise<LiveResponder>;
}

/** vitest's `test` with these fixtures. */
export const test = base.extend<IkeFixtures>({
  seed: async ({ task }, use) => use(process.env.IKEV2_SEED ?? task.name),
  network: async ({ seed, onTestFailed }, use) => {
    const network = new VirtualNetwork({ seed });
    onTestFailed(({ task }) => {
      const isTold = task.result?.errors?.some(({ name }) => name === VerdictError.name);
      if (!isTold) tell(network, seed);
    });
    await use(network);
  },
  pair: async ({ network }, use) => use((options = {}) => makePair({ ...options, network })),
  verdict: async ({ network }, use) => use(new Verdicts(network)),
  misbehaving: async ({ network, task }, use) => {
    const all: { readonly host: Host; readonly one: Misbehaviour }[] = [];
    await use((host, script) => {
      const one = misbehave(network, host, script);
      all.push({ host, one });
      return one;
    });
    const idle = all.flatMap(({ host, one }) => one.idle.map((rule) => `${rule} of ${host.name}`));
    if (idle.length > 0 && task.result?.state !== 'fail')
      throw new VerdictError(`found nothing to do: ${idle.join(', ')}`, network);
  },
  responder: async ({ task: _ }, use) => {
    const all: LiveResponder[] = [];
    await use(async (options) => {
      const one = await respond(options);
      all.push(one);
      return one;
    });
    await Promise.all(all.map((one) => one.close()));
    for (const { network } of all) network.check();
  },
});

/** The same, as vitest has it. */
export const it = test;

function tell(network: VirtualNetwork, seed: string): void {
  if (network.flights.length === 0) return;
  const lines = ladder(network, { details: true });
  process.stderr.write(`${lines.join('\n')}\nthe same run again: IKEV2_SEED=${JSON.stringify(seed)}\n`);
}

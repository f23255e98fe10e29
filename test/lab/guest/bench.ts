/** A case at work: its connection at both ends, its packets, and what both kernels hold of it. */
import { equal, ok } from 'node:assert/strict';
import { must, run, until } from '../../interop/peers/process.ts';
import { configOf, type PlacedCase, secrets } from './connections.ts';
import { EchoStream } from './echo-stream.ts';
import { echoesInClear, type Host, inside, type Places } from './namespaces.ts';
import { Ours } from './ours.ts';
import type { Pluto } from './pluto.ts';
import { type Holding, holding, type Kind, spiOf, statesOf } from './xfrm.ts';

/** Milliseconds anything may take here: five times what it takes on a quiet machine. */
const patience = 20_000;

export class Bench {
  readonly conn: string;
  readonly places: Places;

  /** Echoes in clear before it began. */
  readonly #before: number;
  readonly #streams: EchoStream[] = [];
  readonly #case: PlacedCase;
  #twin: Ours | undefined;

  private constructor(
    one: PlacedCase,
    readonly ours: Ours,
    readonly pluto: Pluto,
    before: number,
  ) {
    this.conn = one.conn;
    this.places = one.places;
    this.#case = one;
    this.#before = before;
  }

  static async of(one: PlacedCase, ours: Ours, pluto: Pluto): Promise<Bench> {
    return new Bench(one, ours, pluto, await echoesInClear(one.places.inner.ours));
  }

  /** Another daemon of ours in pluto's place, for the rest of the case. */
  async twin(): Promise<Ours> {
    await this.pluto.kill();
    for (const kind of ['state', 'policy']) await must(['ip', '-n', 'pluto', 'xfrm', kind, 'flush']);
    const twin = new Ours(configOf('pluto', [this.#case]), secrets, 'pluto');
    this.#twin = twin;
    await twin.start();
    return twin;
  }

  /** One end begins; returns when both kernels hold `pairs` of SAs. */
  async up(initiator: Host, pairs = 1): Promise<void> {
    if (initiator === 'ours') await this.ours.tell({ command: 'up', name: this.conn });
    else {
      const done = await this.pluto.up(this.conn);
      equal(done.code, 0, `pluto: exit ${done.code}\n${done.stdout}${done.stderr}`);
    }
    await this.isUp(pairs);
  }

  /** Both kernels hold `pairs` of SAs, and those of one are those of the other. */
  async isUp(pairs = 1): Promise<void> {
    await this.both(`${pairs} SAs in each direction`, (ours, pluto) => {
      const spis = (states: readonly string[]) => states.map(spiOf).sort().join(' ');
      return ours.length === 2 * pairs && spis(ours) === spis(pluto);
    });
  }

  /** One end deletes the IKE SA; returns when it is gone from both kernels. */
  async down(who: Host): Promise<void> {
    if (who === 'ours') await this.ours.tell({ command: 'down', name: this.conn });
    else await this.pluto.down(this.conn);
    await this.isGone();
  }

  /** One end makes new keys; returns when both hold nothing but new ones. */
  async rekey(who: Host, what: 'child' | 'ike'): Promise<void> {
    const [children, ike] = [await this.spis(), await this.ikeSpis()];
    if (who === 'pluto') await this.pluto.rekey(this.conn, what);
    else
      await this.ours.tell({ command: 'rekey', name: this.conn, what: what === 'ike' ? 'ike' : 'children' });
    if (what === 'child') {
      await this.isRenewed(children);
    } else
      await until(
        'another IKE SA alone',
        async () => {
          const now = await this.ikeSpis();
          return now.length === 1 && !ike.includes(now[0] ?? '') ? true : undefined;
        },
        patience,
      );
  }

  /** Both kernels hold as many SAs as before, and none of those. */
  async isRenewed(before: readonly string[]): Promise<void> {
    await this.both('new SAs alone', (...held) =>
      held.every(
        (states) => states.length === before.length && !states.some((one) => before.includes(spiOf(one))),
      ),
    );
  }

  /** One end deletes the child; the IKE SA stays. */
  async deleteChild(who: Host): Promise<void> {
    if (who === 'ours') await this.ours.tell({ command: 'down', name: this.conn, child: this.conn });
    else
      for (const number of await this.pluto.children(this.conn))
        await this.pluto.whack('--deletestate', number);
    await this.hasNoSas();
  }

  async hasNoSas(): Promise<void> {
    await this.both('no SA', (ours, pluto) => ours.length + pluto.length === 0);
  }

  /** Our kernel has nothing of the case any more, pluto's no SA; pluto keeps a policy that would ask for one. */
  async isGone(of: readonly Host[] = ['ours', 'pluto']): Promise<void> {
    for (const host of of) {
      const kinds = host === 'pluto' ? (['state'] as const) : (['state', 'policy'] as const);
      const isClean = ({ states, policies }: Holding) => states.length + policies.length === 0;
      await this.when(host, 'nothing of the case', isClean, kinds);
    }
  }

  /** Waits for what a kernel holds of the case. */
  async when(
    host: Host,
    what: string,
    is: (held: Holding) => boolean,
    kinds: readonly Kind[] = ['state', 'policy'],
  ): Promise<Holding> {
    let last: Holding | undefined;
    const probe = async () => {
      last = await holding(host, this.places, kinds);
      return is(last) ? last : undefined;
    };
    return until(`${host}'s kernel: ${what}`, probe, patience, () => JSON.stringify(last, null, 1));
  }

  /** Waits for the SAs both have. */
  async both(
    what: string,
    is: (ours: readonly string[], pluto: readonly string[]) => boolean,
  ): Promise<void> {
    const probe = async () => {
      const [ours, pluto] = [await statesOf('ours', this.places), await statesOf('pluto', this.places)];
      return is(ours, pluto) ? true : undefined;
    };
    await until(`both kernels: ${what}`, probe, patience);
  }

  /** SPIs in use, as our kernel has them. */
  async spis(): Promise<string[]> {
    return (await statesOf('ours', this.places)).map(spiOf).sort();
  }

  /** SPIs of the IKE SAs we have. */
  async ikeSpis(): Promise<string[]> {
    return (await this.ours.list(this.conn)).map(({ spiI, spiR }) => `${spiI} ${spiR}`);
  }

  /** Pings until one echo comes back. */
  async pingUntilAnswered(from: Host): Promise<void> {
    const once = async () =>
      (await run(this.pinging(from, ['-c', '1', '-W', '1']))).code === 0 ? true : undefined;
    await until(`an echo comes back to ${from}`, once, patience);
  }

  /** An echo every 10 ms from now on. */
  stream(from: Host): EchoStream {
    const stream = new EchoStream(this.pinging(from, ['-i', '0.01']));
    this.#streams.push(stream);
    return stream;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) await stream.stop();
    await this.#twin?.stop();
  }

  /** Every echo of `count` comes back, and none of them passed the router in clear. */
  async ping(
    from: Host = 'ours',
    options: { readonly count?: number; readonly size?: number } = {},
  ): Promise<void> {
    const { count = 3, size = 56 } = options;
    const said = await run(
      this.pinging(from, ['-c', String(count), '-i', '0.1', '-W', '3', '-s', String(size)]),
    );
    ok(said.stdout.includes(` ${count} received`), `ping:\n${said.stdout}${said.stderr}`);
    await this.nothingInClear();
  }

  /** A command that pings between the hosts' inner addresses. */
  pinging(from: Host, options: readonly string[]): string[] {
    const { inner } = this.places;
    const [source, target] = from === 'ours' ? [inner.ours, inner.pluto] : [inner.pluto, inner.ours];
    return inside(from, ['ping', '-n', ...options, '-I', source, target]);
  }

  async nothingInClear(): Promise<void> {
    const leaked = (await echoesInClear(this.places.inner.ours)) - this.#before;
    equal(leaked, 0, `${leaked} echoes passed the router in clear`);
  }
}

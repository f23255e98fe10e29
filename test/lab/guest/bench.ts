/** A case at work: its connection at both ends, its packets, and what both kernels hold of it. */
import { equal, ok } from 'node:assert/strict';
import { run, until } from '../../interop/peers/process.ts';
import type { PlacedCase } from './connections.ts';
import { echoesInClear, type Host, inside, type Places } from './namespaces.ts';
import type { Ours } from './ours.ts';
import type { Pluto } from './pluto.ts';
import { carried, type Holding, holding, sourceOf, spiOf } from './xfrm.ts';

/** Milliseconds anything may take here: five times what it takes on a quiet machine. */
const patience = 20_000;

export class Bench {
  readonly conn: string;
  readonly places: Places;

  /** Echoes in clear before it began. */
  readonly #before: number;

  private constructor(
    { conn, places }: PlacedCase,
    readonly ours: Ours,
    readonly pluto: Pluto,
    before: number,
  ) {
    this.conn = conn;
    this.places = places;
    this.#before = before;
  }

  static async of(one: PlacedCase, ours: Ours, pluto: Pluto): Promise<Bench> {
    return new Bench(one, ours, pluto, await echoesInClear(one.places.inner.ours));
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
      const spis = ({ states }: Holding) => states.map(spiOf).sort().join(' ');
      return ours.states.length === 2 * pairs && spis(ours) === spis(pluto);
    });
  }

  /** One end deletes the IKE SA; returns when neither kernel holds anything of the case. */
  async down(who: Host): Promise<void> {
    if (who === 'ours') await this.ours.tell({ command: 'down', name: this.conn });
    else await this.pluto.down(this.conn);
    await this.isGone();
  }

  /** Nothing of the case is left in a kernel; of both unless said. */
  async isGone(of: readonly Host[] = ['ours', 'pluto']): Promise<void> {
    for (const host of of)
      await this.when(
        host,
        'neither SA nor policy',
        ({ states, policies }) => states.length + policies.length === 0,
      );
  }

  /** Waits for what a kernel holds of the case. */
  async when(host: Host, what: string, is: (held: Holding) => boolean, within = patience): Promise<Holding> {
    let last: Holding | undefined;
    const probe = async () => {
      last = await holding(host, this.places);
      return is(last) ? last : undefined;
    };
    return until(`${host}'s kernel: ${what}`, probe, within, () => JSON.stringify(last, null, 1));
  }

  /** Waits for what both hold. */
  async both(what: string, is: (ours: Holding, pluto: Holding) => boolean): Promise<void> {
    const probe = async () => {
      const [ours, pluto] = [await holding('ours', this.places), await holding('pluto', this.places)];
      return is(ours, pluto) ? true : undefined;
    };
    await until(`both kernels: ${what}`, probe, patience);
  }

  /** SPIs in use, as our kernel has them. */
  async spis(): Promise<string[]> {
    return (await holding('ours', this.places)).states.map(spiOf).sort();
  }

  /** Every echo of `count` comes back, and none of them passed the router in clear. */
  async ping(
    from: Host = 'ours',
    options: { readonly count?: number; readonly size?: number } = {},
  ): Promise<void> {
    const before = await this.#packetsOut(from);
    const { count = 3, size = 56 } = options;
    const said = await run(
      this.pinging(from, ['-c', String(count), '-i', '0.1', '-W', '3', '-s', String(size)]),
    );
    ok(said.stdout.includes(` ${count} received`), `ping:\n${said.stdout}${said.stderr}`);
    const protectedNow = (await this.#packetsOut(from)) - before;
    ok(protectedNow >= count, `${count} echoes, but the SA carried ${protectedNow} packets`);
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
    equal(leaked, 0, `${leaked} echo requests passed the router in clear`);
  }

  async #packetsOut(from: Host): Promise<number> {
    const { states } = await holding(from, this.places);
    const out = states.filter((state) => sourceOf(state) === this.places.outer[from]);
    return out.reduce((sum, state) => sum + carried(state).packets, 0);
  }
}

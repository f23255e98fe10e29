/** A router between that gives one end another address and other ports, and changes its mind. */
import { match, ok } from 'node:assert/strict';
import { until } from '../../../interop/peers/process.ts';
import type { Bench } from '../bench.ts';
import { type Case, labCase } from '../case.ts';
import { type Host, masquerade, other } from '../namespaces.ts';
import { statesOf } from '../xfrm.ts';

const who = { ours: 'we are', pluto: 'pluto is' } as const;

export const nat: readonly Case[] = (['ours', 'pluto'] as const).map((behind) =>
  labCase(
    `a NAT, ${who[behind]} behind it: ESP in UDP, then other ports`,
    { behindNat: behind },
    async (bench) => {
      await masquerade(bench.places, behind, '20000-29999');
      await bench.up(behind);
      await bench.ping('ours');
      await bench.ping('pluto');
      for (const state of await statesOf('ours', bench.places)) match(state, /encap type espinudp/);
      ok((await portsSeen(bench, other(behind))).every((port) => port >= 20_000 && port < 30_000));

      await masquerade(bench.places, behind, '30000-39999');
      await bench.pingUntilAnswered(behind);
      const moved = async () =>
        (await portsSeen(bench, other(behind))).every((port) => port >= 30_000) ? true : undefined;
      await until('the kernel outside has the new port', moved, 20_000);
      await bench.ping('ours');
      await bench.ping('pluto');
      await bench.down('ours');
    },
  ),
);

/** The ports of those behind the NAT, as the other end's SAs have them. */
async function portsSeen({ places }: Bench, outside: Host): Promise<number[]> {
  const states = await statesOf(outside, places);
  const ports = states.flatMap((state) =>
    [...state.matchAll(/[sd]port (\d+)/g)].map(([, port]) => Number(port)),
  );
  return ports.filter((port) => port !== 4500);
}

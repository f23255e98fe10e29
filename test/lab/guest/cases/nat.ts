/** A router between that gives one end another address and other ports, and changes its mind. */
import { match } from 'node:assert/strict';
import { until } from '../../../interop/peers/process.ts';
import type { Bench } from '../bench.ts';
import { type Case, labCase } from '../case.ts';
import { type Host, masquerade } from '../namespaces.ts';
import { statesOf } from '../xfrm.ts';

const first = { least: 20_000, ports: '20000-29999' };
const second = { least: 30_000, ports: '30000-39999' };

export const nat: readonly Case[] = [
  labCase('a NAT, we are behind it: ESP in UDP', { behindNat: 'ours' }, async (bench) => {
    await masquerade(bench.places, 'ours', first.ports);
    await bench.up('ours');
    await encapsulated(bench, 'pluto', first.least);
    await bench.down('ours');
  }),
  // The other way round pluto 4.10 stays with the mapping it saw first.
  labCase(
    'a NAT, pluto is behind it: ESP in UDP, and again by other ports',
    { behindNat: 'pluto' },
    async (bench) => {
      await masquerade(bench.places, 'pluto', first.ports);
      await bench.up('pluto');
      await encapsulated(bench, 'ours', first.least);
      await masquerade(bench.places, 'pluto', second.ports);
      await bench.pingUntilAnswered('pluto');
      await encapsulated(bench, 'ours', second.least);
      await bench.down('ours');
    },
  ),
];

/** Packets flow, in UDP, to the port that the NAT uses now. */
async function encapsulated(bench: Bench, outside: Host, least: number): Promise<void> {
  const isThere = (port: number) => port >= least && port < least + 10_000;
  const moved = async () => ((await portsSeen(bench, outside)).every(isThere) ? true : undefined);
  await until(`the kernel of ${outside} has the port of the NAT`, moved, 20_000);
  for (const state of await statesOf('ours', bench.places)) match(state, /encap type espinudp/);
  await bench.ping('ours');
  await bench.ping('pluto');
}

/** The ports of those behind the NAT, as the other end's SAs have them. */
async function portsSeen({ places }: Bench, outside: Host): Promise<number[]> {
  const states = await statesOf(outside, places);
  const ports = states.flatMap((state) =>
    [...state.matchAll(/[sd]port (\d+)/g)].map(([, port]) => Number(port)),
  );
  return ports.filter((port) => port !== 4500);
}

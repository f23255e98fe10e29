/** Packets through both kernels, and what we install against what pluto installs for the same conn. */
import { deepEqual, equal } from 'node:assert/strict';
import type { Bench } from '../bench.ts';
import { type Case, fromBothEnds, labCase, type Setting } from '../case.ts';
import { type Host, places } from '../namespaces.ts';
import { comparable, type Holding, holding, keyOf, spiOf } from '../xfrm.ts';

const settings: readonly (readonly [name: string, setting: Setting])[] = [
  ['a tunnel, AES-GCM with ESN', {}],
  ['a tunnel, AES-GCM without ESN', { conn: { esn: 'no' } }],
  ['a tunnel, AES-CBC and SHA-256 with ESN', { conn: { esp: 'aes128-sha2_256' } }],
  ['a tunnel, AES-CBC and SHA-256 without ESN', { conn: { esp: 'aes256-sha2_256', esn: 'no' } }],
  ['a tunnel, ChaCha20-Poly1305', { conn: { esp: 'chacha20_poly1305' } }],
  ['transport, AES-GCM', { mode: 'transport' }],
  ['transport, AES-CBC and SHA-256', { mode: 'transport', conn: { esp: 'aes128-sha2_256' } }],
  ['a tunnel, IPv6', { outer: 6 }],
  ['transport, IPv6', { outer: 6, mode: 'transport' }],
  ['a tunnel, IPv4 in IPv6', { outer: 6, inner: 4 }],
  ['a tunnel, IPv6 in IPv4', { outer: 4, inner: 6 }],
];

/**
 * What stands before any connection: the sockets' own policies, and what lets neighbours be found. Pluto 4.10 lets types 135
 * and 136 alone pass, later ones 133 to 137 as we do; it listens to IPv6 unasked; and its sockets' limits are 0.
 */
async function standing(host: Host): Promise<string[]> {
  const { policies } = await holding(host);
  const all = comparable({ states: [], policies }, host, places(0, 4, 4))
    .filter((policy) => /^src (0\.0\.0\.0|::)\/0 dst (0\.0\.0\.0|::)\/0 /.test(policy))
    .filter((policy) => !/ipv6-icmp type 13[347]|^src ::.*\n\tsocket /.test(policy))
    .map((policy) => policy.replace(/soft 0(\((?:bytes|packets)\)), hard 0/g, 'soft (INF)$1, hard (INF)'));
  return [...new Set(all)];
}

export const fields: readonly Case[] = [
  labCase('before any connection our kernel and pluto’s let the same pass', {}, async () => {
    const ours = await standing('ours');
    deepEqual(ours, await standing('pluto'));
    // In and out of a socket, and both types in three directions.
    equal(ours.length, 8);
  }),
  ...settings.flatMap(([name, setting]) =>
    fromBothEnds(name, setting, async (bench, initiator) => {
      await bench.up(initiator);
      await bench.ping();
      await sameInBothKernels(bench);
      await bench.down(initiator);
    }),
  ),
];

/** What both kernels hold of the case is the same, seen from each; SAs of the same SPI have the same keys. */
export async function sameInBothKernels({ places }: Bench): Promise<void> {
  const [ours, pluto] = await Promise.all([holding('ours', places), holding('pluto', places)]);
  deepEqual(comparable(ours, 'ours', places), comparable(pluto, 'pluto', places));
  const keys = ({ states }: Holding) =>
    Object.fromEntries(states.map((state) => [spiOf(state), keyOf(state)]));
  deepEqual(keys(ours), keys(pluto));
  equal(ours.states.length, pluto.states.length);
}

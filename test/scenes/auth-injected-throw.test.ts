/**
 *   initiator                       responder
 *   IKE_AUTH with signatures, NULL or EAP: the n-th call into crypto or randomness throws
 *
 * A proof that cannot be made or checked for a fault of ours leaves nothing behind, and lets nobody in (2024-2357).
 */
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { Faults, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { eapEnds, eapOnly } from './auth-eap-ends.ts';
import { nobodys } from './auth-ends.ts';
import { bearer, east, west } from './auth-pki.ts';
import { expectNothing, expectUp } from './expect-up.ts';

type End = 'initiator' | 'responder';

const kinds: readonly (readonly [string, () => PairOptions])[] = [
  ['signatures', () => ({ initiator: bearer(east), responder: bearer(west) })],
  ['NULL', () => ({ identity: '%null', auth: { local: [nobodys], remote: [nobodys] } })],
  ['MSCHAPv2', () => eapEnds({ initiator: { crypto: nodeCrypto }, responder: { crypto: nodeCrypto } })],
  ['MSCHAPv2 alone', () => eapOnly()],
];

function made(end: End, options: PairOptions): { both: Pair; faults: Faults } {
  const faults = new Faults();
  const broken = {
    crypto: faults.crypto(nodeCrypto),
    random: faults.random.bind(faults),
    tolerateBugs: true,
  };
  const entry = { retransmit: { interval: 500, timeout: 4000 } };
  const one = (which: End) => ({
    ...options[which],
    crypto: nodeCrypto,
    entry: { ...options[which]?.entry, ...entry },
    ...(which === end && broken),
  });
  return {
    both: pair({ ...options, initiator: one('initiator'), responder: one('responder') }),
    faults,
  };
}

function life({ network, initiator, responder }: Pair): void {
  initiator.up('pair');
  network.advance(1000);
  initiator.down('pair');
  network.advance(1000);
  responder.down('pair');
}

describe.each(kinds)('with %s', (_name, options) => {
  it.each(['initiator', 'responder'] as const)('every call at the %s', (end) => {
    const counted = made(end, options());
    // What the host does when it is made is not the engine's.
    const before = counted.faults.calls;
    life(counted.both);
    expectNothing(counted.both);
    expect(counted.both[end].told('ikeEstablished')).toHaveLength(1);
    const calls = counted.faults.calls - before;
    expect(calls).toBeGreaterThan(15);
    for (let n = 1; n <= calls; n++) {
      const { both, faults } = made(end, options());
      faults.arm(n);
      life(both);
      expect(faults.thrown, `call ${n}`).toBeDefined();
      expect(both[end].told('bug').map(({ message }) => message)).toEqual([`injected at ${faults.thrown}`]);
      try {
        expectNothing(both);
        both.up();
        expectUp(both);
      } catch (error) {
        throw new Error(`call ${n}, ${faults.thrown}`, { cause: error });
      }
    }
  });
});

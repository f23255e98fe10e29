/**
 *   initiator                       responder
 *   any step                  <->   any step: the n-th call into crypto or randomness throws
 *
 * A step that throws gives back what it took. For every call of a whole life (up, liveness, down), in each role: one bug is
 * reported, nothing is left behind at either end, and the next negotiation is as good as the first.
 */
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { Faults, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { expectNothing, expectUp } from './expect-up.ts';

type End = 'initiator' | 'responder';

function made(end: End, options: PairOptions): { both: Pair; faults: Faults } {
  const faults = new Faults();
  const broken = {
    crypto: faults.crypto(nodeCrypto),
    random: faults.random.bind(faults),
    tolerateBugs: true,
  };
  const retransmit = { interval: 500, timeout: 4000 };
  const both = pair({
    crypto: nodeCrypto,
    ...options,
    entry: { retransmit, ...options.entry },
    [end]: { ...options[end], ...broken },
  });
  return { both, faults };
}

function life({ network, initiator, responder }: Pair): void {
  initiator.up('pair');
  network.advance(1000);
  for (const host of [initiator, responder]) host.command({ kind: 'liveness', name: 'pair' });
  network.advance(1000);
  for (const host of [initiator, responder])
    for (const { inboundSpi } of host.children) host.command({ kind: 'deleteChild', spi: inboundSpi });
  network.advance(1000);
  initiator.down('pair');
  network.advance(1000);
  // Whoever still believes in the SA lets it go.
  responder.down('pair');
}

const kinds: readonly (readonly [string, PairOptions])[] = [
  ['an AEAD', {}],
  ['a block cipher', { ike: 'aes128-sha2_256-x25519', esp: 'aes128-sha2_256' }],
  [
    'a cookie and another group',
    {
      cookieThreshold: 0,
      initiator: { ike: 'aes128gcm16-prfsha256-x25519-ecp256' },
      responder: { ike: 'aes128gcm16-prfsha256-ecp256' },
    },
  ],
  [
    'fragments',
    { initiator: { identity: `@[${'i'.repeat(2000)}]` }, responder: { identity: `@[${'r'.repeat(2000)}]` } },
  ],
  ['encapsulation', { entry: { encapsulation: 'yes' } }],
];

describe.each(kinds)('with %s', (_name, options) => {
  it.each(['initiator', 'responder'] as const)('every call at the %s', (end) => {
    const counted = made(end, options);
    life(counted.both);
    expectNothing(counted.both);
    const { calls } = counted.faults;
    expect(calls).toBeGreaterThan(20);
    for (let n = 1; n <= calls; n++) {
      const { both, faults } = made(end, options);
      faults.arm(n);
      life(both);
      expect(faults.thrown, `call ${n}`).toBeDefined();
      expect(both[end].told('bug').map(({ message }) => message)).toEqual([`injected at ${faults.thrown}`]);
      try {
        expectNothing(both);
        both.up();
        expectUp(both);
        both.initiator.down('pair');
        expectNothing(both);
      } catch (error) {
        throw new Error(`call ${n}, ${faults.thrown}`, { cause: error });
      }
    }
  });
});

/**
 * What is over is not held on to: neither by the SPIs of children that went from IKE SA to IKE SA, nor by the IKE SA that
 * replaced another by reauthentication. Counted are the objects that live, not what tables say.
 */
import { queryObjects } from 'node:v8';
import { expect, it } from 'vitest';
import { IkeSa } from '../../src/ike/ike-sa.ts';
import { pair } from '../../src/testing/index.ts';
import { expectUp, only } from './expect-up.ts';

/** After a full collection of garbage. */
const living = (): number => queryObjects(IkeSa, { format: 'count' });

it('IKE SAs that were rekeyed are gone, though their child lives on', () => {
  const both = pair().up();
  const { inboundSpi } = only(both.initiator.children);
  const before = living();
  for (let n = 0; n < 6; n++) {
    both[n % 2 === 0 ? 'initiator' : 'responder'].command({ kind: 'rekey', name: both.name, what: 'ike' });
    // A dead one answers retransmissions for half a minute.
    both.network.advance(100_000);
  }
  expect(only(both.initiator.children).inboundSpi).toBe(inboundSpi);
  expectUp(both);
  expect(living()).toBe(before);
});

it('IKE SAs that were authenticated anew are gone', () => {
  const lifetime = {
    ike: 600_000,
    margin: 60_000,
    fuzz: 0,
    rekey: true,
    reauth: 'make-before-break',
  } as const;
  const both = pair({ initiator: { entry: { lifetime } } }).up();
  const before = living();
  const first = only(both.initiator.established).spiI;
  both.network.advance(4 * 540_000 + 120_000);
  expect(both.initiator.told('ikeEstablished')).toHaveLength(5);
  expect(only(both.initiator.established).spiI).not.toBe(first);
  expect(living()).toBe(before);
});

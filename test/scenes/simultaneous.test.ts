/**
 * Both ends begin at once. With `uniqueids` one IKE SA stays, the same at both ends; without it both do.
 *
 *   IKE_SA_INIT --> <-- IKE_SA_INIT, in every order of arrival and with losses
 */
import { describe, expect, test } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { expectMirrored, only } from './expect-up.ts';

describe('both ends begin', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))('uniqueids=yes: one stays (seed %i)', (seed) => {
    const p = pair({ seed });
    const { random } = p.network.seeded.fork('loss');
    const lose = p.network.fate(() => (seed % 2 === 1 && (random(1)[0] ?? 0) < 50 ? [] : undefined));
    p.initiator.up(p.name);
    p.network.advance((seed >> 1) * 2);
    p.responder.up(p.name);
    p.network.advance(9_000);
    lose();
    p.network.advance(120_000);
    const [here, there] = [only(p.initiator.established), only(p.responder.established)];
    expect(here.spiI).toBe(there.spiI);
    only(p.initiator.children);
    expectMirrored(p.initiator, p.responder);
  });

  test('uniqueids=no: both stay', () => {
    const p = pair({ entry: { unique: false } });
    p.initiator.up(p.name);
    p.responder.up(p.name);
    p.network.settle();
    expect(p.initiator.established).toHaveLength(2);
    expect(p.responder.established).toHaveLength(2);
  });

  test.each([0, 1, 2, 3])(
    'uniqueids=yes at one end alone: it deletes the other SA itself (seed %i)',
    (seed) => {
      const p = pair({ seed, responder: { entry: { unique: false } } });
      p.initiator.up(p.name);
      p.responder.up(p.name);
      p.network.advance(60_000);
      expect(only(p.initiator.established).spiI).toBe(only(p.responder.established).spiI);
      only(p.initiator.children);
      expectMirrored(p.initiator, p.responder);
    },
  );

  test('uniqueids=yes: the newer SA of an initiator that lost its state replaces the older', () => {
    const p = pair({ entry: { initialContact: false } }).up();
    p.network.advance(60_000);
    p.initiator.crash();
    p.initiator.up(p.name);
    p.network.settle();
    p.network.advance(120_000);
    expect(only(p.responder.established).spiI).toBe(only(p.initiator.established).spiI);
    only(p.responder.children);
  });
});

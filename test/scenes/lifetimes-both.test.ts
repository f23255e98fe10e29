/**
 * Both ends have lifetimes: who began the IKE SA rekeys first, so that equal lifetimes do not collide; what is drawn at
 * random spreads also where the margin is as long as the lifetime; and a TEMPORARY_FAILURE is waited out within it.
 *
 *   initiator                                  responder
 *     | CREATE_CHILD_SA { ... } -->                  early by its margin; the responder by half of that
 *     |<-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }
 *     | CREATE_CHILD_SA { ... } -->                  again while there is time
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectMirrored, only } from './expect-up.ts';
import { answering, refusal } from './subnets.ts';

const child = (time: number) => ({ lifetime: { time, octets: 0, packets: 0 } });
const life = (ike: number, margin: number) =>
  ({ ike, margin, fuzz: 100, rekey: true, reauth: false }) as const;

/** Addresses of those who asked for a CREATE_CHILD_SA. */
const rekeyedBy = ({ network }: Pair): Set<string> =>
  new Set(
    network.flights
      .filter(({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA && !header.response)
      .map(({ source }) => source.address),
  );

describe('equal lifetimes at both ends', () => {
  it.each([
    ['the margin fits', 9_000],
    ['the margin is longer than the lifetime', 540_000],
  ])('the initiator rekeys, and nothing collides: %s', (_, margin) => {
    for (const seed of [1, 2, 3]) {
      const both = pair({ seed, child: child(60_000), entry: { lifetime: life(150_000, margin) } }).up();
      for (let minute = 0; minute < 30; minute++) {
        both.network.advance(60_000);
        expect(both.initiator.established).toHaveLength(1);
        expect(both.initiator.children.length).toBeGreaterThan(0);
      }
      both.network.advance(500);
      expect([...rekeyedBy(both)]).toEqual(['10.0.0.1']);
      const failed = both.network.flights.filter(
        ({ payloads = [] }) => notifies(payloads, NotifyType.TEMPORARY_FAILURE).length > 0,
      );
      expect(failed).toEqual([]);
    }
  });

  it('the responder does when the initiator does not', () => {
    const both = pair({
      child: child(60_000),
      initiator: { child: child(0), entry: { lifetime: life(0, 0) } },
      responder: { entry: { lifetime: life(150_000, 9_000) } },
    }).up();
    both.network.advance(300_000);
    expect([...rekeyedBy(both)]).toEqual(['10.0.0.2']);
    both.network.advance(6_000);
    only(both.initiator.established);
  });

  it('what is drawn spreads, though the margin is longer than the lifetime', () => {
    const due = Array.from({ length: 30 }, (_, seed) => {
      const both = pair({ seed, child: child(60_000), entry: { lifetime: life(0, 540_000) } }).up();
      return [both.initiator, both.responder].map((host) => only(host.children).rekeyAt ?? 0);
    });
    const [own, theirs] = [0, 1].map((end) => due.map((each) => each[end] ?? 0));
    for (const at of own ?? []) expect(at >= 30_000 && at <= 45_100).toBe(true);
    for (const at of theirs ?? []) expect(at >= 45_000 && at <= 52_600).toBe(true);
    for (const ends of [own, theirs]) expect(new Set(ends).size).toBeGreaterThan(20);
  });
});

describe('a peer that has no time now', () => {
  it.each([
    ['child', child(20_000), life(0, 3_000)],
    ['IKE SA', child(0), life(20_000, 3_000)],
  ] as const)('the %s is rekeyed before its end all the same', (_, mine, lifetime) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const both = pair({ seed, initiator: { child: mine, entry: { lifetime } } }).up();
      const asked = answering(both, (_request, nth) =>
        nth <= 4 ? refusal(NotifyType.TEMPORARY_FAILURE) : undefined,
      );
      both.network.advance(25_000);
      expect(asked.length).toBeGreaterThan(4);
      expect(both.initiator.told('ikeDeleted')).toEqual([]);
      expect(both.initiator.told('childDeleted').map(({ reason }) => reason)).not.toContain('deleted by us');
      expect(only(both.initiator.established).children.length).toBeGreaterThan(0);
      expectMirrored(both.initiator, both.responder);
    }
  });
});

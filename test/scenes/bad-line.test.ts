/**
 *   initiator                       responder
 *   message n                 -X         lost, doubled, or late
 *   message n again           ->
 *
 * Whichever message it happens to, and however often, both ends come up with one IKE SA and one Child SA, and go down
 * with nothing left.
 */
import { describe, expect, it } from 'vitest';
import { copy, delay, drop, lossy, on, type Pair, pair, reorder, seeded } from '../../src/testing/index.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp } from './expect-up.ts';

/** IKE_SA_INIT, IKE_AUTH and the Delete, request and response. */
const messages = [1, 2, 3, 4, 5, 6];

/** Up and down again; each step waits for what it needs. */
function there(both: Pair): void {
  both.initiator.up('pair');
  expect(
    both.network.until(
      () => both.initiator.established.length === 1 && both.responder.established.length === 1,
    ),
  ).toBe(true);
  both.network.settle();
  expectUp(both);
}

function back(both: Pair): void {
  both.initiator.down('pair');
  expectNothing(both);
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it.each(messages)('message %i is lost', (nth) => {
    const both = pair(ends);
    both.network.fate(on({ nth }, drop));
    there(both);
    back(both);
  });
});

describe('message by message', () => {
  it.each(messages)('message %i is lost three times', (nth) => {
    const both = pair();
    let lost = 0;
    // Numbers count what is sent, so the same message is told by its header.
    const [exchange, response] = [[34, 35, 37][Math.floor((nth - 1) / 2)] ?? 0, nth % 2 === 0];
    both.network.fate(on({ exchange, response }, () => (lost++ < 3 ? [] : undefined)));
    there(both);
    back(both);
    expect(lost).toBeGreaterThan(3);
  });

  it.each(messages)('message %i comes twice', (nth) => {
    const both = pair();
    both.network.fate(on({ nth }, copy(1, 0)));
    there(both);
    back(both);
  });

  it.each(messages)('message %i comes five times, each much later', (nth) => {
    const both = pair();
    both.network.fate(on({ nth }, copy(4, 3000)));
    there(both);
    back(both);
  });

  it.each(messages)('message %i comes later than its retransmission', (nth) => {
    const both = pair();
    both.network.fate(on({ nth }, delay(600)));
    there(both);
    back(both);
  });

  it.each(messages)('message %i is overtaken by the next two of its sender', (nth) => {
    const both = pair();
    both.network.fate(on({ nth }, reorder(2)));
    there(both);
    back(both);
  });

  it('every message comes twice', () => {
    const both = pair();
    both.network.fate(copy(1, 5));
    there(both);
    back(both);
  });

  it('every message is lost the first time', () => {
    const both = pair();
    const seen = new Set<string>();
    both.network.fate(({ octets }) => {
      const text = octets.join();
      if (seen.has(text)) return undefined;
      seen.add(text);
      return [];
    });
    there(both);
    back(both);
  });
});

describe('a bad line', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i', (seed) => {
    const both = pair({ seed });
    both.network.fate(lossy(seeded(seed), { drop: 0.2, copy: 0.3, delay: 0.5, latest: 3000 }));
    there(both);
    back(both);
  });
});

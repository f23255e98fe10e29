/**
 * A peer that always has something under way: each TEMPORARY_FAILURE is waited out, longer each time, and after five
 * second tries it is given up; what is up stays up (RFC 7296 §2.25).
 *
 *   initiator                                  responder
 *     | CREATE_CHILD_SA { ... } -->                                                        |
 *     |                                     <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }   |
 *     | ... half a second to sixteen seconds later ...                                     |
 *     | CREATE_CHILD_SA { ... } -->                                                        |
 */
import { describe, expect, test } from 'vitest';
import { type Pair, pair } from '../../../src/testing/index.ts';
import { ExchangeType, NotifyType } from '../../../src/wire/numbers.ts';
import type { Payload } from '../../../src/wire/payloads/index.ts';
import { expectUp } from '../expect-up.ts';
import { command } from './orders.ts';

const refusal = (type: number, data = new Uint8Array(0)): Payload[] => [
  { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type, data },
];

/** Every CREATE_CHILD_SA request is answered like this, whatever it wants. */
function refusing(both: Pair, type: number): { readonly asked: readonly number[] } {
  const asked: number[] = [];
  both.network.fate((flight) => {
    const { header } = flight;
    if (header?.exchange !== ExchangeType.CREATE_CHILD_SA || header.response) return undefined;
    asked.push(both.network.now);
    const fields = { ...header, initiator: !header.initiator, response: true };
    const octets = both.network.keys.seal(fields, refusal(type));
    both.network.send(flight.destination, flight.source, octets);
    return [];
  });
  return { asked };
}

const wants = {
  'a new child': command.create('initiator', 'pair'),
  'a rekey of the child': command.rekeyChildren('initiator'),
  'a rekey of the IKE SA': command.rekeyIke('initiator'),
};

describe.each(Object.entries(wants))('%s', (_, ask) => {
  test('is tried six times, after random waits', () => {
    const waits = new Set<number>();
    for (const seed of [1, 2, 3, 4]) {
      const both = pair({ seed }).up();
      const { asked } = refusing(both, NotifyType.TEMPORARY_FAILURE);
      ask(both);
      both.network.advance(200_000);
      expect(asked).toHaveLength(6);
      asked.slice(1).forEach((at, n) => {
        const wait = at - (asked[n] ?? 0);
        expect(wait).toBeGreaterThanOrEqual(500);
        expect(wait).toBeLessThan(600 + (256 << (n + 2)));
        waits.add(wait);
      });
      expectUp(both);
      expect(both.initiator.held.timers).toBe(0);
    }
    expect(waits.size).toBeGreaterThan(10);
  });

  test('is not tried again after NO_ADDITIONAL_SAS', () => {
    const both = pair().up();
    const { asked } = refusing(both, NotifyType.NO_ADDITIONAL_SAS);
    ask(both);
    both.network.advance(200_000);
    expect(asked).toHaveLength(1);
    expectUp(both);
  });
});

test('a child unknown to the peer is dropped here and asked for anew, once', () => {
  const both = pair().up();
  const { asked } = refusing(both, NotifyType.CHILD_SA_NOT_FOUND);
  command.rekeyChildren('initiator')(both);
  both.network.advance(10_000);
  expect(asked).toHaveLength(2);
  expect(both.initiator.children).toEqual([]);
  expect(both.initiator.memory.sas).toEqual([]);
  expect(both.initiator.told('childFailed')).toHaveLength(1);
  expect(both.initiator.established).toHaveLength(1);
});

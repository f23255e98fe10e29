/**
 * Notifies in an INFORMATIONAL: the answer is empty, errors are told of in one line however many there are, a status nobody
 * knows is ignored (RFC 7296 §1.4, §3.10.1).
 *
 *   initiator                                                   responder
 *     | INFORMATIONAL { N(INVALID_SPI) N(9999) N(40000) ... } -->       |
 *     |                                           <-- INFORMATIONAL { } |
 */
import { describe, expect, test } from 'vitest';
import { misbehave, on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectUp } from './expect-up.ts';
import { refusal } from './subnets.ts';

/** The initiator's next INFORMATIONAL request carries notifies of these types. */
function telling(types: readonly number[]): Pair {
  const both = pair().up();
  both.network.fate(
    on(
      { from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL, nth: 1 },
      tampered(both.network.keys, () => types.flatMap((type) => refusal(type))),
    ),
  );
  both.initiator.command({ kind: 'liveness', name: 'pair' });
  both.network.settle();
  expect(both.network.flights.at(-1)).toMatchObject({ header: { response: true }, payloads: [] });
  expectUp(both);
  return both;
}

const told = (both: Pair): string[] => both.responder.told('progress').map(({ detail }) => detail);

describe('notifies of an INFORMATIONAL', () => {
  test('an error, known or not, is told of', () => {
    expect(told(telling([NotifyType.INVALID_SPI, 9999]))).toEqual(['the peer tells INVALID_SPI, 9999']);
  });

  test('a status nobody knows is ignored, a known one told of', () => {
    expect(told(telling([40_000, 65_535]))).toEqual([]);
    expect(told(telling([40_000, NotifyType.HTTP_CERT_LOOKUP_SUPPORTED]))).toEqual([
      'the peer tells HTTP_CERT_LOOKUP_SUPPORTED',
    ]);
  });

  test('a message full of them is one line', () => {
    const types = Array.from({ length: 250 }, (_, at) => 9000 + at);
    const lines = told(telling([...types, ...types.slice(0, 5)]));
    expect(lines).toEqual([`the peer tells ${types.slice(0, 8).join(', ')} and 242 others`]);
  });

  test.each(['CHILD_SA_NOT_FOUND', 'TEMPORARY_FAILURE', 'NO_ADDITIONAL_SAS', 'TS_UNACCEPTABLE'])(
    '%s that answers nothing changes nothing, in a response neither',
    (name) => {
      const both = pair().up();
      misbehave(both.network, both.responder, {
        rules: [
          {
            on: { direction: 'out', exchange: 'INFORMATIONAL' },
            do: { action: 'add', payload: { payload: `N(${name})` } },
          },
        ],
      });
      both.initiator.command({ kind: 'liveness', name: 'pair' });
      both.network.settle();
      both.responder.command({ kind: 'liveness', name: 'pair' });
      both.network.settle();
      expect(both.initiator.told('progress').map(({ detail }) => detail)).toContain(`the peer tells ${name}`);
      expectUp(both);
    },
  );
});

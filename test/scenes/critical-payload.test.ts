/**
 *   initiator                                          responder
 *   { ..., payload 200 with the critical bit }    ->
 *                                                 <-   { N(UNSUPPORTED_CRITICAL_PAYLOAD) 200 }
 *
 * RFC 7296 §2.5: the request is refused with the type of the payload. An established SA lives on.
 */
import { describe, expect, it } from 'vitest';
import { on, pair, tampered } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const unknown = (critical: boolean): Payload => ({
  kind: 'unknown',
  type: 200,
  critical,
  data: Uint8Array.of(1, 2),
});

/** IKE_SA_INIT is signed as it is on the wire: what is put into it on the way is found out. */
const sealed = [ExchangeType.IKE_AUTH, ExchangeType.INFORMATIONAL];

describe.each(cryptos)('with %s', (_name, ends) => {
  it('in INFORMATIONAL: refused by its type, and the SA lives', () => {
    const both = pair(ends).up();
    both.network.fate(
      on(
        { exchange: ExchangeType.INFORMATIONAL, response: false, nth: 1 },
        tampered(both.network.keys, ({ payloads }) => [...payloads, unknown(true)]),
      ),
    );
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    const [refusal] = notifies(
      both.network.flights.at(-1)?.payloads ?? [],
      NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD,
    );
    expect(refusal?.data).toEqual(Uint8Array.of(200));
    expectUp(both);
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(both.network.flights.at(-1)?.payloads).toEqual([]);
    expectUp(both);
  });
});

describe('an unknown payload', () => {
  it.each([ExchangeType.IKE_SA_INIT, ExchangeType.IKE_AUTH])(
    'critical, in exchange %i: refused by its type, and all ends',
    (exchange) => {
      const both = pair();
      both.network.fate(
        on(
          { exchange, response: false },
          tampered(both.network.keys, ({ payloads }) => [unknown(true), ...payloads]),
        ),
      );
      both.initiator.up('pair');
      both.network.settle();
      const [refusal] = notifies(
        both.network.flights.at(-1)?.payloads ?? [],
        NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD,
      );
      expect(refusal?.data).toEqual(Uint8Array.of(200));
      expectNothing(both);
      expect(only(both.initiator.failures).notify).toBe(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD);
    },
  );

  it.each(sealed)('not critical, in exchange %i, both ways: ignored', (exchange) => {
    const both = pair();
    both.network.fate(
      on(
        { exchange },
        tampered(both.network.keys, ({ payloads }) => [unknown(false), ...payloads]),
      ),
    );
    both.up();
    expectUp(both);
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('critical, in a response: a bad message, never answered', () => {
    const both = pair();
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) => [...payloads, unknown(true)]),
      ),
    );
    both.up();
    expect(only(both.initiator.failures).code).toBe('BAD_MESSAGE');
    expect(both.initiator.idle).toBe(true);
  });
});

describe('what breaks the grammar inside SK', () => {
  it('in a request: INVALID_SYNTAX, and the SA dies (§2.21)', () => {
    const both = pair().up();
    const request = both.network.flights[2];
    if (!request?.header) throw new Error('no IKE_AUTH');
    const fields = { ...request.header, exchange: ExchangeType.INFORMATIONAL, messageId: 2 };
    const sealed = both.network.keys.sealOctets(fields, 42, Uint8Array.of(0, 0, 0, 9, 1));
    both.network.send(request.source, request.destination, sealed);
    both.network.settle();
    expect(notifies(both.network.flights.at(-1)?.payloads ?? [], NotifyType.INVALID_SYNTAX)).toHaveLength(1);
    expect(both.responder.idle).toBe(true);
    both.network.run();
    expect(both.responder.leftovers).toEqual([]);
  });
});

/**
 *   initiator                                  responder
 *   IKE_SA_INIT                           <->  IKE_SA_INIT
 *   INFORMATIONAL 1 { D(IKE) }             ->  dropped: nobody has proven anything yet
 *   CREATE_CHILD_SA 1 { SA Ni TSi TSr }    ->  dropped
 *   IKE_AUTH 1 { ... }                     ->  answered as ever
 *
 * What comes before its time does nothing, though it is sealed with the true keys (CVE-2014-2338, CVE-2019-12312).
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { cryptos } from './cryptos.ts';
import { expectUp, only } from './expect-up.ts';

const sa: Payload = {
  kind: 'sa',
  proposals: [
    {
      number: 1,
      protocol: ProtocolId.ESP,
      spi: Uint8Array.of(0, 0, 9, 9),
      transforms: [{ type: 1, id: 20, keyLength: 128 }],
    },
  ],
};

const early: readonly (readonly [name: string, exchange: number, payloads: readonly Payload[]])[] = [
  ['INFORMATIONAL, empty', ExchangeType.INFORMATIONAL, []],
  [
    'Delete of the IKE SA',
    ExchangeType.INFORMATIONAL,
    [{ kind: 'delete', protocol: ProtocolId.IKE, spis: [] }],
  ],
  [
    'AUTHENTICATION_FAILED',
    ExchangeType.INFORMATIONAL,
    [
      {
        kind: 'notify',
        protocol: 0,
        spi: new Uint8Array(0),
        type: NotifyType.AUTHENTICATION_FAILED,
        data: new Uint8Array(0),
      },
    ],
  ],
  ['CREATE_CHILD_SA', ExchangeType.CREATE_CHILD_SA, [sa, { kind: 'nonce', data: new Uint8Array(32) }]],
  ['IKE_AUTH without IDi', ExchangeType.IKE_AUTH, [{ kind: 'auth', method: 2, data: new Uint8Array(32) }]],
  ['IKE_INTERMEDIATE', ExchangeType.IKE_INTERMEDIATE, []],
];

/** The responder gets this, sealed, from the initiator's address; what it sends because of it. */
function say(both: Pair, exchange: number, payloads: readonly Payload[], messageId: number) {
  const response = both.network.flights[1]?.header;
  if (response === undefined) throw new Error('no IKE_SA_INIT response');
  const fields = { ...response, initiator: true, response: false, exchange, messageId };
  const before = both.network.flights.length;
  both.network.send(
    { address: '10.0.0.1', port: 500 },
    { address: '10.0.0.2', port: 500 },
    both.network.keys.seal(fields, payloads),
  );
  both.network.settle();
  return both.network.flights.slice(before + 1).filter(({ source }) => source.address === '10.0.0.2');
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it.each(early)('%s before IKE_AUTH', (_what, exchange, payloads) => {
    const both = pair(ends);
    const hold = both.network.fate(({ number }) => (number === 3 ? [] : undefined));
    both.up();
    hold();
    expect(say(both, exchange, payloads, 1)).toEqual([]);
    expect(only(both.responder.ikeSas).phase).toBe('authenticating');
    expect(only(both.responder.told('drop')).reason).toBe('unexpected');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
  });
});

describe('once established', () => {
  it('a CREATE_CHILD_SA without traffic selectors fits nothing: INVALID_SYNTAX', () => {
    const both = pair().up();
    const payloads: Payload[] = [sa, { kind: 'nonce', data: new Uint8Array(32) }];
    const [answer] = say(both, ExchangeType.CREATE_CHILD_SA, payloads, 2);
    expect(notifies(answer?.payloads ?? [], NotifyType.INVALID_SYNTAX)).toHaveLength(1);
    expect(both.responder.established).toEqual([]);
    expect(both.responder.memory.sas).toEqual([]);
  });

  it('a second IKE_AUTH proves nothing: INVALID_SYNTAX', () => {
    const both = pair().up();
    const [answer] = say(both, ExchangeType.IKE_AUTH, both.network.flights[2]?.payloads ?? [], 2);
    expect(notifies(answer?.payloads ?? [], NotifyType.INVALID_SYNTAX)).toHaveLength(1);
    expect(both.responder.established).toEqual([]);
    expect(both.responder.memory.sas).toEqual([]);
  });

  it('an IKE_SA_INIT inside the SA, or in clear with both SPIs, is dropped', () => {
    const both = pair().up();
    expect(say(both, ExchangeType.IKE_SA_INIT, both.network.flights[0]?.payloads ?? [], 2)).toEqual([]);
    expectUp(both);
  });
});

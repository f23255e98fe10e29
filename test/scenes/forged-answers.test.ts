/**
 *   initiator                       attacker        responder
 *   IKE_SA_INIT 0 { SA KE Ni }                 ->
 *                              <-   { N(error) }                  in clear, as the responder's
 *                                              <-   IKE_SA_INIT 0 { SA KE Nr }
 *
 * Before authentication nothing in clear ends a negotiation: an error is remembered, and is the reason only when nothing
 * better comes (RFC 7296 §2.21.1); a second IKE_SA_INIT response is tried beside the first (§2.4).
 */
import { describe, expect, it } from 'vitest';
import { type Flight, on, type Pair, pair } from '../../src/testing/index.ts';
import { encodeMessage, type Message } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, PayloadType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const notify = (type: number, data = new Uint8Array(0)): Payload => ({
  kind: 'notify',
  protocol: 0,
  spi: new Uint8Array(0),
  type,
  data,
});

/** The attacker sees each request of that exchange and answers first, from the responder's address. */
function forge(
  both: Pair,
  exchange: number,
  payloads: (request: Message) => Payload[],
  responderSpi?: bigint,
): void {
  both.network.fate(
    on({ from: '10.0.0.1', exchange, nth: 1 }, ({ header, payloads: asked = [], source, destination }) => {
      if (header === undefined) return undefined;
      const fields = {
        ...header,
        initiator: false,
        response: true,
        responderSpi: responderSpi ?? header.responderSpi,
      };
      const octets = encodeMessage(fields, payloads({ header, payloads: asked }));
      both.network.send(destination, source, octets);
      return [{ after: 5 }];
    }),
  );
}

const errors = [
  NotifyType.NO_PROPOSAL_CHOSEN,
  NotifyType.AUTHENTICATION_FAILED,
  NotifyType.INVALID_SYNTAX,
  NotifyType.INVALID_MAJOR_VERSION,
  NotifyType.INVALID_IKE_SPI,
];

describe.each(cryptos)('with %s', (_name, ends) => {
  it.each(errors)('error %i in clear, before the true answer', (type) => {
    const both = pair(ends);
    forge(both, ExchangeType.IKE_SA_INIT, () => [notify(type)]);
    both.up();
    expectUp(both);
  });
});

describe('forged answers', () => {
  it.each(errors)('error %i is the reason when nothing better comes', (type) => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 5000 } } });
    both.network.fate(on({ to: '10.0.0.1', nth: [2, 3, 4, 5, 6] }, () => []));
    forge(both, ExchangeType.IKE_SA_INIT, () => [notify(type)]);
    both.initiator.up('pair');
    both.network.advance(1000);
    expect(both.initiator.failures).toEqual([]);
    expectNothing(both);
    expect(only(both.initiator.failures)).toMatchObject({ code: 'PEER_REFUSED', notify: type });
  });

  it('an error in clear in answer to IKE_AUTH is nothing', () => {
    const both = pair();
    forge(both, ExchangeType.IKE_AUTH, () => [notify(NotifyType.AUTHENTICATION_FAILED)]);
    both.up();
    expectUp(both);
    expect(only(both.initiator.told('drop')).reason).toBe('unexpected');
  });

  it('a forged COOKIE costs one round trip', () => {
    const both = pair();
    forge(both, ExchangeType.IKE_SA_INIT, () => [notify(NotifyType.COOKIE, Uint8Array.of(1, 2, 3))]);
    both.up();
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
  });

  it('a forged INVALID_KE_PAYLOAD costs one round trip', () => {
    const both = pair({ ike: 'aes128gcm16-prfsha256-x25519-ecp256' });
    forge(both, ExchangeType.IKE_SA_INIT, () => [
      notify(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(0, 19)),
    ]);
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
  });

  it('an answer from another address than asked is dropped', () => {
    const both = pair();
    both.network.fate(
      on({ from: '10.0.0.2', exchange: ExchangeType.IKE_SA_INIT, nth: 1 }, () => [
        { source: { address: '10.0.0.66', port: 500 } },
      ]),
    );
    both.initiator.up('pair');
    both.network.advance(100);
    expect(only(both.initiator.told('drop')).reason).toBe('address');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
  });

  it('a response with an unknown critical payload is not believed', () => {
    const both = pair();
    forge(both, ExchangeType.IKE_SA_INIT, () => [
      { kind: 'unknown', type: 200, critical: true, data: new Uint8Array(4) },
    ]);
    both.up();
    expectUp(both);
  });

  it.each([
    ['nothing', []],
    ['only a nonce', ['nonce']],
    ['no KE', ['sa', 'nonce']],
    ['no SA', ['ke', 'nonce']],
    ['no nonce', ['sa', 'ke']],
  ] as const)('a response with %s is not believed', (_name, kinds: readonly string[]) => {
    const both = pair();
    forge(
      both,
      ExchangeType.IKE_SA_INIT,
      ({ payloads }) => payloads.filter(({ kind }) => kinds.includes(kind)),
      99n,
    );
    both.up();
    expectUp(both);
  });
});

describe('a second IKE_SA_INIT response (§2.4)', () => {
  /** Answers as a responder would that knows no key: the initiator cannot tell yet. */
  const plausible = ({ payloads }: Message): Payload[] =>
    payloads
      .filter(({ kind }) => kind === 'sa' || kind === 'ke' || kind === 'nonce')
      .map((each) => (each.kind === 'nonce' ? { ...each, data: new Uint8Array(32).fill(7) } : each));

  it('the attacker is first: the true one is tried beside it, and stays', () => {
    const both = pair();
    forge(both, ExchangeType.IKE_SA_INIT, plausible, 0x6666n);
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
    expect(only(both.initiator.ikeSas).spiR).not.toBe('0000000000006666');
    expect(both.initiator.told('ikeFailed')).toEqual([]);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('the attacker is first and speaks of a NAT: the true one finds none', () => {
    const both = pair();
    const hashes = [NotifyType.NAT_DETECTION_SOURCE_IP, NotifyType.NAT_DETECTION_DESTINATION_IP].map((type) =>
      notify(type, new Uint8Array(20)),
    );
    forge(both, ExchangeType.IKE_SA_INIT, (request) => [...plausible(request), ...hashes], 0x6666n);
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
    for (const { established } of [both.initiator, both.responder]) {
      expect(only(established).nat).toEqual({ here: false, peer: false });
      expect(only(established).path.socket).toBe('ike');
    }
  });

  it('the attacker is second: nothing changes', () => {
    const both = pair();
    both.network.fate(
      on({ from: '10.0.0.1', exchange: ExchangeType.IKE_AUTH, nth: 1 }, ({ header, source, destination }) => {
        const first = both.network.flights[0];
        if (!header || !first?.header) return undefined;
        const fields = { ...first.header, initiator: false, response: true, responderSpi: 0x6666n };
        const forged = plausible({ header: first.header, payloads: first.payloads ?? [] });
        both.network.send(destination, source, encodeMessage(fields, forged));
        return [{ after: 50 }];
      }),
    );
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('many of them: only a few are tried', () => {
    const both = pair();
    both.network.fate(
      on(
        { from: '10.0.0.1', exchange: ExchangeType.IKE_SA_INIT, nth: 1 },
        ({ header, payloads, source, destination }) => {
          if (!header || !payloads) return undefined;
          for (let spi = 1n; spi <= 50n; spi++) {
            const fields = { ...header, initiator: false, response: true, responderSpi: spi };
            both.network.send(destination, source, encodeMessage(fields, plausible({ header, payloads })));
          }
          return [];
        },
      ),
    );
    both.initiator.up('pair');
    both.network.advance(100);
    expect(both.initiator.held.ikeSas).toBeLessThan(10);
    expectNothing(both);
    expect(both.initiator.told('ikeFailed')).toHaveLength(1);
  });
});

describe('a bad ICV changes nothing', () => {
  it.each([1, 2, 3])('every octet of sealed message %i', (nth) => {
    // Message 1 is the IKE_AUTH request, 2 its response, 3 the Delete.
    const both = pair();
    let broken = 0;
    both.network.fate((flight: Flight) => {
      if (flight.header?.nextPayload !== PayloadType.encrypted || broken > 0) return undefined;
      if (sealed(both).length !== nth) return undefined;
      broken = flight.octets.length;
      return [...flight.octets.keys()].map((at) => ({
        octets: flight.octets.map((octet, place) => (place === at ? octet ^ 0x01 : octet)),
      }));
    });
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0 && both.responder.established.length > 0);
    both.network.settle();
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
    expect(broken).toBeGreaterThan(50);
  });

  const sealed = ({ network }: Pair) =>
    network.flights.filter(({ header }) => header?.nextPayload === PayloadType.encrypted);
});

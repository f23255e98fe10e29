/**
 *   initiator (x25519, then ecp256)               responder (ecp256 only)
 *   IKE_SA_INIT 0 { SA KE(31) Ni }           ->
 *                                            <-   IKE_SA_INIT 0 { N(INVALID_KE_PAYLOAD) 19 }
 *   IKE_SA_INIT 0 { SA KE(19) Ni }           ->
 *                                            <-   IKE_SA_INIT 0 { SA KE(19) Nr }
 *   IKE_AUTH as ever
 */
import { describe, expect, it } from 'vitest';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { encodeMessage, find } from '../../src/wire/message.ts';
import { ExchangeType, KeyExchangeMethod, NotifyType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const both = 'aes128gcm16-prfsha256-x25519-ecp256';
const one = 'aes128gcm16-prfsha256-ecp256';

const groups = ({ network }: Pair): (number | undefined)[] =>
  network.flights
    .filter(
      ({ header, source }) => header?.exchange === ExchangeType.IKE_SA_INIT && source.address === '10.0.0.1',
    )
    .map(({ payloads = [] }) => find(payloads, 'ke')?.group);

/** Every IKE_SA_INIT request is answered with the group this function names. */
function wanting(pairOf: Pair, group: () => number): void {
  pairOf.network.fate(
    on({ from: '10.0.0.2', exchange: ExchangeType.IKE_SA_INIT }, (flight) => {
      const { header } = flight;
      if (header === undefined) return undefined;
      const wanted = group();
      const data = Uint8Array.of(wanted >> 8, wanted & 0xff);
      const octets = encodeMessage({ ...header, responderSpi: 0n }, [
        { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: NotifyType.INVALID_KE_PAYLOAD, data },
      ]);
      return [{ octets }];
    }),
  );
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it('the initiator tries again with the group asked for', () => {
    const made = pair({
      initiator: { ...ends.initiator, ike: both },
      responder: { ...ends.responder, ike: one },
    }).up();
    expectUp(made);
    expect(groups(made)).toEqual([KeyExchangeMethod.CURVE25519, KeyExchangeMethod.ECP_256]);
    expect(only(made.initiator.established).suite).toContain('ECP_256');
    made.initiator.down('pair');
    expectNothing(made);
  });

  it('with a cookie before it', () => {
    const made = pair({
      initiator: { ...ends.initiator, ike: both },
      responder: { ...ends.responder, ike: one },
      cookieThreshold: 0,
    }).up();
    expectUp(made);
    // COOKIE, then the group, then the cookie for the other request: it is bound to Ni, which stays.
    expect(made.network.flights.length).toBeLessThanOrEqual(10);
  });
});

describe('INVALID_KE_PAYLOAD', () => {
  it('a group we did not offer is not followed; it is the reason at the end', () => {
    const made = pair({ ike: both });
    wanting(made, () => KeyExchangeMethod.MODP_1024);
    made.initiator.up('pair');
    expectNothing(made);
    expect(new Set(groups(made))).toEqual(new Set([KeyExchangeMethod.CURVE25519]));
    expect(only(made.initiator.failures)).toMatchObject({
      code: 'PEER_REFUSED',
      notify: NotifyType.INVALID_KE_PAYLOAD,
    });
  });

  it('a group that was tried is not tried again: the two do not loop', () => {
    const made = pair({ ike: both });
    let turn = 0;
    wanting(made, () => (turn++ % 2 === 0 ? KeyExchangeMethod.ECP_256 : KeyExchangeMethod.CURVE25519));
    made.initiator.up('pair');
    expectNothing(made);
    expect(new Set(groups(made)).size).toBe(2);
    expect(made.network.flights.length).toBeLessThan(40);
  });

  it('cookies and groups together are bounded', () => {
    const made = pair({ ike: both });
    let turn = 0;
    made.network.fate(
      on({ from: '10.0.0.2', exchange: ExchangeType.IKE_SA_INIT }, ({ header }) => {
        if (header === undefined) return undefined;
        const cookie = Uint8Array.of(++turn);
        const octets = encodeMessage({ ...header, responderSpi: 0n }, [
          { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: NotifyType.COOKIE, data: cookie },
        ]);
        return [{ octets }];
      }),
    );
    made.initiator.up('pair');
    expectNothing(made);
    expect(made.network.flights.length).toBeLessThan(40);
    expect(only(made.initiator.failures).text).toMatch(/without end/);
  });

  it('data of no, one or three octets is survived', () => {
    for (const length of [0, 1, 3]) {
      const made = pair({ initiator: { ike: both }, responder: { ike: one } });
      made.network.fate(
        on(
          { from: '10.0.0.2' },
          tampered(made.network.keys, ({ payloads }) =>
            payloads.map((each) =>
              each.kind === 'notify' ? { ...each, data: new Uint8Array(length) } : each,
            ),
          ),
        ),
      );
      made.initiator.up('pair');
      expectNothing(made);
      expect(only(made.initiator.failures).notify).toBe(NotifyType.INVALID_KE_PAYLOAD);
    }
  });

  it('a KE of the right group and the wrong length is refused', () => {
    const made = pair();
    made.network.fate(
      on(
        { from: '10.0.0.1' },
        tampered(made.network.keys, ({ payloads }) =>
          payloads.map((each) => (each.kind === 'ke' ? { ...each, data: each.data.subarray(1) } : each)),
        ),
      ),
    );
    made.initiator.up('pair');
    expectNothing(made);
    expect(only(made.initiator.failures)).toMatchObject({ notify: NotifyType.INVALID_SYNTAX });
  });

  it.each([0, 1])('a KE of small order (%i) is refused', (value) => {
    const made = pair();
    made.network.fate(
      on(
        { from: '10.0.0.2' },
        tampered(made.network.keys, ({ payloads }) =>
          payloads.map((each) =>
            each.kind === 'ke' ? { ...each, data: Uint8Array.of(value, ...new Uint8Array(31)) } : each,
          ),
        ),
      ),
    );
    made.initiator.up('pair');
    expectNothing(made);
    expect(only(made.initiator.failures)).toMatchObject({ code: 'BAD_MESSAGE' });
  });
});

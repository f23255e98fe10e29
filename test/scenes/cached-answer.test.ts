/**
 *   initiator                       responder
 *   request n                 ->
 *                             <-    response n
 *   request n, same octets    ->
 *                             <-    response n, same octets: nothing is done again
 *   request n, other octets   ->    dropped (RFC 7296 §2.1)
 */
import { describe, expect, it } from 'vitest';
import { drop, type Flight, on, type Pair, pair, tamper } from '../../src/testing/index.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectUp, only } from './expect-up.ts';

const request = ({ network }: Pair, nth: number): Flight =>
  network.flights.filter(({ source }) => source.address === '10.0.0.1')[nth] as Flight;

/** Sends it again; what the responder sends because of it. */
function again(both: Pair, flight: Flight, octets = flight.octets): Flight[] {
  const before = both.network.flights.length;
  both.network.send(flight.source, flight.destination, octets);
  both.network.settle();
  return both.network.flights.slice(before + 1);
}

describe('cached answers', () => {
  it.each([
    ['IKE_SA_INIT', 0],
    ['IKE_AUTH', 1],
  ])('an equal %s request gets the equal response', (_name, nth) => {
    const both = pair();
    // The exchange after this one does not come to pass.
    both.network.fate(on({ messageId: nth + 1 }, drop));
    both.initiator.up('pair');
    both.network.settle();
    const first = both.network.flights[2 * nth + 1];
    const [answer, ...more] = again(both, request(both, nth));
    expect(more).toEqual([]);
    expect(answer?.octets).toEqual(first?.octets);
  });

  it('an equal IKE_SA_INIT request after IKE_AUTH is stale, and no other negotiation', () => {
    const both = pair().up();
    expect(again(both, request(both, 0))).toEqual([]);
    expect(only(both.responder.told('drop')).reason).toBe('stale-message-id');
    expectUp(both);
    expect(both.responder.held.ikeSas).toBe(1);
  });

  it('an IKE_SA_INIT request with the same SPI and other octets is another negotiation', () => {
    const both = pair().up();
    const flight = request(both, 0);
    const nonce = tamper(both.network.keys, flight.octets, ({ payloads }) =>
      payloads.map((payload) =>
        payload.kind === 'nonce' ? { ...payload, data: payload.data.map((octet) => octet ^ 1) } : payload,
      ),
    );
    const [answer] = again(both, flight, nonce);
    expect(answer?.header).toMatchObject({ exchange: ExchangeType.IKE_SA_INIT, response: true });
    expect(answer?.header?.responderSpi).not.toBe(both.network.flights[1]?.header?.responderSpi);
    expect(both.responder.established).toHaveLength(1);
    expect(both.responder.held.halfOpen).toBe(1);
  });

  it('an IKE_AUTH request with other octets that also decrypts is not answered', () => {
    const both = pair().up();
    const flight = request(both, 1);
    const other = tamper(both.network.keys, flight.octets, ({ payloads }) => [
      ...payloads,
      { kind: 'vendorId', data: Uint8Array.of(1) },
    ]);
    expect(again(both, flight, other)).toEqual([]);
    expect(only(both.responder.told('drop'))).toMatchObject({ reason: 'stale-message-id' });
    expectUp(both);
  });

  it('an old request is stale once the next is answered; one from the future is not answered', () => {
    const both = pair().up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(again(both, request(both, 1))).toEqual([]);
    const future = tamper(both.network.keys, request(both, 2).octets, ({ payloads }) => ({
      payloads,
      messageId: 7,
    }));
    expect(again(both, request(both, 2), future)).toEqual([]);
    expect(both.responder.told('drop').map(({ reason }) => reason)).toEqual([
      'stale-message-id',
      'future-message-id',
    ]);
    expectUp(both);
  });

  it('the answer to a Delete comes again from the tombstone, for a while', () => {
    const both = pair().up();
    both.initiator.down('pair');
    both.network.settle();
    const deletion = request(both, 2);
    expect(again(both, deletion)).toHaveLength(1);
    both.network.run();
    const [late] = again(both, deletion);
    expect(late?.payloads).toMatchObject([{ kind: 'notify', type: NotifyType.INVALID_IKE_SPI }]);
    expect(both.responder.leftovers).toEqual([]);
  });
});

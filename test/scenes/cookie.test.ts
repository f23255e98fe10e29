/**
 *   initiator                                   responder (under load: threshold 0)
 *   IKE_SA_INIT 0 { SA KE Ni }             ->
 *                                          <-   IKE_SA_INIT 0 { N(COOKIE) }            keeps nothing
 *   IKE_SA_INIT 0 { N(COOKIE) SA KE Ni }   ->
 *                                          <-   IKE_SA_INIT 0 { SA KE Nr }
 *   IKE_AUTH as ever
 */
import { describe, expect, it } from 'vitest';
import { on, pair, rewrite, tampered } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

describe.each(cryptos)('with %s', (_name, ends) => {
  it('the cookie comes first, all else stays the same', () => {
    const both = pair({ ...ends, cookieThreshold: 0 }).up();
    expectUp(both);
    expect(both.network.flights).toHaveLength(6);
    const [first, asked, second] = both.network.flights.map(({ payloads = [] }) => payloads);
    expect(asked?.map(({ kind }) => kind)).toEqual(['notify']);
    expect(second?.[0]).toEqual(asked?.[0]);
    expect(second?.slice(1)).toEqual(first);
  });
});

describe('COOKIE', () => {
  it('the responder keeps nothing for a stranger without one', () => {
    const both = pair({ cookieThreshold: 0 });
    both.network.fate(on({ from: '10.0.0.2' }, () => []));
    both.initiator.up('pair');
    both.network.advance(200);
    expect(both.responder.leftovers).toEqual([]);
  });

  it('only above the threshold', () => {
    const both = pair({ cookieThreshold: 1 }).up();
    expect(both.network.flights).toHaveLength(4);
  });

  it('a cookie for another address is not taken: another is asked for', () => {
    const both = pair({ cookieThreshold: 0 }).up();
    const request = both.network.flights[2];
    expect(request).toBeDefined();
    if (!request) return;
    both.network.send({ address: '10.0.0.9', port: 500 }, request.destination, request.octets);
    both.network.settle();
    const answer = both.network.flights.at(-1)?.payloads ?? [];
    expect(answer.map(({ kind }) => kind)).toEqual(['notify']);
    expect(both.responder.held.ikeSas).toBe(1);
  });

  it('the secret changes; a cookie of the one before still holds, an older one does not', () => {
    const both = pair({ cookieThreshold: 0 });
    both.initiator.up('pair');
    both.network.settle();
    const request = both.network.flights[2];
    if (!request) throw new Error('no request with a cookie');
    const isAdmitted = (): boolean => {
      both.network.send(request.source, request.destination, request.octets);
      both.network.settle();
      return notifies(both.network.flights.at(-1)?.payloads ?? [], NotifyType.COOKIE).length === 0;
    };
    both.network.advance(61_000);
    expect(isAdmitted()).toBe(true);
    both.network.advance(61_000);
    expect(isAdmitted()).toBe(false);
  });

  it('a responder that never accepts is not followed for ever', () => {
    const both = pair({ cookieThreshold: 0 });
    // Every cookie is spoiled on its way back, so each answer is another COOKIE.
    both.network.fate(
      on(
        { from: '10.0.0.1' },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((each) =>
            each.kind === 'notify' && each.type === NotifyType.COOKIE
              ? { ...each, data: each.data.map((octet) => octet ^ 0xff) }
              : each.kind === 'nonce'
                ? { ...each, data: both.network.seeded.random(32) }
                : each,
          ),
        ),
      ),
    );
    both.initiator.up('pair');
    expectNothing(both);
    expect(both.network.flights.length).toBeLessThan(40);
    expect(only(both.initiator.failures).text).toMatch(/COOKIE/);
  });

  it('a cookie of no octets or of more than 64 is no cookie', () => {
    for (const length of [0, 65]) {
      const both = pair({ cookieThreshold: 0 });
      both.network.fate(
        on(
          { from: '10.0.0.2' },
          tampered(both.network.keys, ({ payloads }) =>
            payloads.map((each) =>
              each.kind === 'notify' ? { ...each, data: new Uint8Array(length) } : each,
            ),
          ),
        ),
      );
      both.initiator.up('pair');
      expectNothing(both);
      expect(only(both.initiator.failures)).toMatchObject({
        code: 'BAD_MESSAGE',
        text: `COOKIE of ${length} octets`,
      });
    }
  });

  it('a request whose nonce is gone gets no cookie', () => {
    const both = pair({ cookieThreshold: 0 });
    both.network.fate(
      tampered(both.network.keys, ({ payloads }) => payloads.filter(({ kind }) => kind !== 'nonce')),
    );
    both.initiator.up('pair');
    both.network.advance(100);
    expect(both.network.flights).toHaveLength(1);
    expect(only(both.responder.told('drop'))).toMatchObject({ reason: 'unexpected', detail: 'no nonce' });
  });

  it('works on the NAT socket too, marker and all', () => {
    const both = pair({
      cookieThreshold: 0,
      initiator: { peerPort: 4500 },
    });
    both.network.fate(rewrite((octets) => octets));
    both.up();
    expectUp(both);
    for (const { octets } of both.network.flights) expect([...octets.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });
});

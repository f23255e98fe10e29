/**
 *   initiator                       responder
 *   request 0                 -X
 *   request 0 (after 0.5 s)   -X
 *   request 0 (after 1 s)     -X
 *   ...                             each pause twice the one before, the same octets every time
 *   gives up, and says why
 */
import { describe, expect, it } from 'vitest';
import { drop, on, pair } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

describe('retransmission', () => {
  it('backs off, sends the same octets, and gives up', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 10_000 } } });
    both.network.fate(drop);
    both.initiator.up('pair');
    expect(both.network.run()).toBe(true);
    expect(both.network.flights.map(({ at }) => at)).toEqual([0, 500, 1500, 3500, 7500]);
    for (const { octets } of both.network.flights) expect(octets).toEqual(both.network.flights[0]?.octets);
    expect(both.initiator.failures).toEqual([
      { code: 'TIMEOUT', text: 'IKE_SA_INIT: no answer from 10.0.0.2 to 5 tries' },
    ]);
    const out = both.initiator.told('message').map(({ retransmission }) => retransmission);
    expect(out).toEqual([false, true, true, true, true]);
    expect(both.responder.events).toEqual([]);
    expectNothing(both);
  });

  it('gives up in IKE_AUTH; the responder forgets the half-open SA', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 4000 } } });
    both.network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false }, drop));
    both.initiator.up('pair');
    expectNothing(both);
    expect(only(both.initiator.failures)).toMatchObject({ code: 'TIMEOUT' });
    expect(only(both.initiator.failures).text).toContain('IKE_AUTH: no answer from 10.0.0.2 to 4 tries');
    expect(only(both.responder.failures)).toMatchObject({ code: 'TIMEOUT' });
  });

  it('gives up on an established SA: the children go with it', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 4000 } } }).up();
    both.network.fate(drop);
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.run();
    expect(both.initiator.leftovers).toEqual([]);
    expect(only(both.initiator.told('ikeDeleted')).reason.code).toBe('TIMEOUT');
    expect(only(both.initiator.told('childDeleted')).child.child).toBe('pair');
    expect(both.responder.established).toHaveLength(1);
  });

  it('stops with the answer', () => {
    const both = pair();
    both.network.fate(on({ nth: [1, 2] }, drop));
    both.initiator.up('pair');
    both.network.run();
    expectUp(both);
    expect(both.network.flights.map(({ at }) => at)).toEqual([0, 500, 1500, 1510, 1520, 1530]);
  });
});

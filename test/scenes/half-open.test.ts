/**
 *   strangers                     responder
 *   IKE_SA_INIT 0             ->
 *                             <-  IKE_SA_INIT 0
 *   and no more                   forgotten after half a minute; above the limit strangers are dropped unread
 */
import { describe, expect, it } from 'vitest';
import { drop, on, type Pair, pair } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { expectUp, only } from './expect-up.ts';

/** `count` strangers send the initiator's IKE_SA_INIT request from ports of their own. */
function flood(both: Pair, count: number): void {
  const request = both.network.flights[0];
  if (!request) throw new Error('nothing sent');
  for (let port = 1; port <= count; port++) {
    both.network.send({ address: '10.0.0.1', port: 10_000 + port }, request.destination, request.octets);
  }
  both.network.settle();
}

function started(options: Parameters<typeof pair>[0] = {}): Pair {
  const both = pair({ history: 100_000, ...options });
  both.network.fate(on({ exchange: ExchangeType.IKE_AUTH }, drop));
  both.initiator.up('pair');
  both.network.settle();
  return both;
}

describe('half-open SAs', () => {
  it('expire', () => {
    const both = started();
    flood(both, 20);
    expect(both.responder.held).toMatchObject({ ikeSas: 21, halfOpen: 21, strangers: 21 });
    both.network.advance(31_000);
    expect(both.responder.ikeSas).toEqual([]);
    both.network.advance(61_000);
    expect(both.responder.leftovers).toEqual([]);
    expect(both.responder.told('ikeFailed').every(({ reason }) => reason.code === 'TIMEOUT')).toBe(true);
  });

  it('are limited: strangers above it are dropped', () => {
    const both = started({ halfOpenLimit: 5 });
    flood(both, 100);
    expect(both.responder.held.halfOpen).toBe(5);
    expect(both.responder.told('drop')[0]).toMatchObject({ reason: 'half-open-limit', detail: '5' });
    // One event a second, however many there are.
    expect(both.responder.told('drop').length).toBeLessThan(3);
    both.network.advance(120_000);
    expect(both.responder.leftovers).toEqual([]);
  });

  it('above the threshold ask for a COOKIE instead of memory', () => {
    const both = started({ cookieThreshold: 3 });
    flood(both, 100);
    expect(both.responder.held.halfOpen).toBe(3);
  });

  it('a flood does not harm an SA that is up', () => {
    const both = pair({ halfOpenLimit: 5, history: 100_000 }).up();
    flood(both, 200);
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expectUp(both);
    expect(only(both.responder.established).children).toHaveLength(1);
  });

  it('drops say how many there were', () => {
    const both = started({ halfOpenLimit: 1 });
    flood(both, 50);
    both.network.advance(2000);
    flood(both, 1);
    expect(both.responder.told('drop').map(({ count }) => count)).toEqual([1, 50]);
  });
});

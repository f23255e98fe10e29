/**
 *   one                                             other
 *   CREATE_CHILD_SA { SA Ni KE }                  ->
 *                                                 <-  CREATE_CHILD_SA { SA Nr }           no KE
 *   INFORMATIONAL { N(INVALID_SYNTAX) D(IKE) }    ->                                      the heir is gone there, too
 *                                                 <-  INFORMATIONAL { }
 *
 * An answer that breaks the protocol ends the IKE SA at both ends: the peer, who believes in what it answered, is sent a
 * Delete at once. The answer was authentic: nothing better comes of asking again.
 */
import { describe, expect, it } from 'vitest';
import { type FaultAction, misbehave, type Pair, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { bothEnds, command } from './collisions/orders.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const exchange = ['CREATE_CHILD_SA', 'INFORMATIONAL'];
const critical: FaultAction = { action: 'add', payload: { payload: 200, critical: true, body: '01' } };
const shortNonce: FaultAction = { action: 'octets', payload: 'Nr', truncate: 8 };

describe.each(bothEnds)('%s asks, %s answers', (one, other) => {
  it.each<[string, (end: typeof one) => (both: Pair) => void, FaultAction]>([
    ['a rekey of the IKE SA without KE', command.rekeyIke, { action: 'remove', payload: 'KE' }],
    ['a rekey of the IKE SA without SA', command.rekeyIke, { action: 'remove', payload: 'SA' }],
    ['a rekey of the IKE SA with a nonce of 8 octets', command.rekeyIke, shortNonce],
    ['a rekey of the child with a nonce of 8 octets', command.rekeyChildren, shortNonce],
    ['a rekey of the child with a critical payload', command.rekeyChildren, critical],
    ['a liveness check with a critical payload', command.liveness, critical],
  ])('%s: the end, at both', (_what, begin, act) => {
    const both = pair().up();
    const { network } = both;
    misbehave(network, both[other], {
      rules: [{ on: { direction: 'out', exchange, message: 'response', nth: 1 }, do: act }],
    });
    begin(one)(both);
    network.settle();
    expect(only(both[one].told('ikeDeleted')).reason.code).toBe('BAD_MESSAGE');
    const ends = both[other].told('ikeDeleted').map(({ reason }) => reason.code);
    expect(ends).toEqual(['DELETED_BY_PEER']);
    for (const host of [both.initiator, both.responder]) {
      expect(host.ikeSas).toEqual([]);
      expect(host.memory.sas).toEqual([]);
    }
    expectNothing(both);
    both.up();
    expectUp(both);
  });
});

describe('a simultaneous rekey of the IKE SA', () => {
  it.each(['initiator', 'responder'] as const)('the %s cannot read the answer to its own', (one) => {
    const other = one === 'initiator' ? 'responder' : 'initiator';
    const both = pair().up();
    misbehave(both.network, both[other], {
      rules: [
        {
          on: { direction: 'out', exchange: 'CREATE_CHILD_SA', message: 'response' },
          do: { action: 'remove', payload: 'KE' },
        },
      ],
    });
    command.rekeyIke(one)(both);
    command.rekeyIke(other)(both);
    both.network.advance(100_000);
    for (const host of [both.initiator, both.responder]) {
      expect(host.ikeSas).toEqual([]);
      expect(host.memory.sas).toEqual([]);
      expect(host.told('ikeDeleted')).toHaveLength(1);
    }
    expectNothing(both);
  });
});

describe('the answer to IKE_AUTH', () => {
  it.each<[string, FaultAction]>([
    ['has a critical payload that nobody knows', critical],
    ['lacks AUTH', { action: 'remove', payload: 'AUTH' }],
    ['breaks the grammar', { action: 'length', payload: 'TSr', to: { add: 3 } }],
  ])('%s: a Delete tells the responder, who believes in it', (_what, act) => {
    const both = pair();
    misbehave(both.network, both.responder, {
      rules: [{ on: { direction: 'out', exchange: 'IKE_AUTH', message: 'response' }, do: act }],
    });
    both.initiator.up(both.name);
    both.network.settle();
    expect(only(both.initiator.failures).code).toBe('BAD_MESSAGE');
    expect(only(both.responder.told('ikeDeleted')).reason.code).toBe('DELETED_BY_PEER');
    expectNothing(both);
  });

  it('is an error alone: nothing is there to be deleted', () => {
    const both = pair({ psk: 'one', responder: { psk: 'other' } });
    both.initiator.up(both.name);
    both.network.settle();
    expect(both.network.flights).toHaveLength(4);
    const last = both.network.flights.at(-1)?.payloads ?? [];
    expect(notifies(last, NotifyType.AUTHENTICATION_FAILED)).toHaveLength(1);
    expectNothing(both);
  });
});

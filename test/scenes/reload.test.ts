/**
 *   initiator                              responder
 *   (a new policy)
 *   INFORMATIONAL n { D(IKE) }        ->            only for connections that changed or are gone
 *                                     <-   INFORMATIONAL n { }
 */
import { describe, expect, it } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

describe('a policy read again', () => {
  it('that is the same keeps every SA', () => {
    const both = pair().up();
    const before = both.initiator.ikeSas;
    both.initiator.setPolicy(both.change('initiator', {}));
    both.responder.setPolicy(both.change('responder', {}));
    both.network.settle();
    expect(both.initiator.ikeSas).toEqual(before);
    expect(both.network.flights).toHaveLength(4);
    expectUp(both);
  });

  it.each([
    ['another proposal', { esp: 'aes256gcm16' }],
    ['another subnet', { subnet: '10.7.0.0/16' }],
    ['another identity', { identity: '@new' }],
  ])('with %s deletes the SAs', (_name, change) => {
    const both = pair().up();
    both.initiator.setPolicy(both.change('initiator', change));
    both.network.settle();
    expect(only(both.initiator.told('ikeDeleted')).reason.code).toBe('POLICY_CHANGED');
    expect(only(both.responder.told('ikeDeleted')).reason.code).toBe('DELETED_BY_PEER');
    expectNothing(both);
  });

  it('without the connection deletes its SAs, at the responder too', () => {
    const both = pair().up();
    both.responder.setPolicy({ ...both.policies.responder, pad: [] });
    both.network.settle();
    expect(only(both.responder.told('ikeDeleted')).reason.text).toBe('pair is gone');
    expectNothing(both);
  });

  it('with another connection beside it changes nothing for this one', () => {
    const both = pair().up();
    const [entry] = both.policies.initiator.pad;
    if (!entry) throw new Error('no connection');
    const more = [...both.policies.initiator.pad, { ...entry, name: 'another' }];
    both.initiator.setPolicy({ ...both.policies.initiator, pad: more });
    both.network.settle();
    expectUp(both);
  });

  it('during a negotiation', () => {
    for (const at of [0, 15, 25, 35]) {
      const both = pair();
      both.initiator.up('pair');
      both.network.advance(at);
      both.initiator.setPolicy({ ...both.policies.initiator, pad: [] });
      expectNothing(both);
    }
  });

  it('at the responder, between IKE_SA_INIT and IKE_AUTH: the connection it was for is gone', () => {
    const both = pair();
    both.initiator.up('pair');
    both.network.advance(25);
    both.responder.setPolicy({ ...both.policies.responder, pad: [] });
    both.network.settle();
    expect(both.responder.established).toEqual([]);
    expectNothing(both);
  });

  it('a new key is used from the next negotiation on', () => {
    const both = pair().up();
    both.initiator.setPolicy(both.change('initiator', { psk: 'new' }));
    both.responder.setPolicy(both.change('responder', { psk: 'new' }));
    both.network.settle();
    expectUp(both);
    both.initiator.down('pair');
    both.network.settle();
    both.up();
    expectUp(both);
  });
});

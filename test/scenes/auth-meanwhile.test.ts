/**
 * What must not slip through while a peer proves itself, or because another did.
 *
 *   initiator                                 responder
 *   IKE_AUTH { IDi .. } (EAP) -->
 *                                             (its policy is read again without the connection)
 *   IKE_AUTH { AUTH } -->
 *                                         <-- IKE_AUTH { N(AUTHENTICATION_FAILED) }
 */
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { connection, pair, VirtualNetwork } from '../../src/testing/index.ts';
import { eapEnds } from './auth-eap-ends.ts';
import { signing } from './auth-ends.ts';

describe('a policy read again while EAP runs', () => {
  it.each([25, 35, 45, 55, 65, 75, 85])(
    'after %i ms: the connection that is gone lets nobody in',
    (after) => {
      const both = pair(eapEnds());
      both.initiator.up('pair');
      both.network.advance(after);
      const established = both.responder.established.length;
      both.responder.setPolicy({ ...both.policies.responder, pad: [] });
      both.network.settle();
      expect(both.responder.told('ikeEstablished')).toHaveLength(established);
      expect(both.responder.children).toEqual([]);
    },
  );
});

describe('INITIAL_CONTACT of a connection with a shared key', () => {
  it('leaves what a signature proved on another', () => {
    const network = new VirtualNetwork();
    const boss = signing('east');
    const gateway = signing('west');
    const peer = { address: '10.0.0.1', ...boss };
    const local = { address: '10.0.0.2', ...gateway };
    const byKey = { address: '10.0.0.2', identity: '@west.test' };
    const group = { address: '10.0.0.3', identity: '@east.test', psk: 'a key of the group' };
    const certified: Policy = connection({ name: 'boss', ...local, peer });
    const shared = connection({ name: 'group', ...byKey, psk: group.psk, peer: group });
    const policy: Policy = {
      ...certified,
      pad: [...certified.pad, ...shared.pad],
      preSharedKeys: shared.preSharedKeys,
    };
    const host = network.host({
      ...gateway,
      name: 'gateway',
      addresses: ['10.0.0.2'],
      policy,
      crypto: defaultCrypto,
    });
    const first = network.host({
      ...boss,
      name: 'boss',
      addresses: ['10.0.0.1'],
      policy: connection({ name: 'boss', ...peer, peer: local }),
      crypto: defaultCrypto,
    });
    const second = network.host({
      name: 'one of the group',
      addresses: ['10.0.0.3'],
      policy: connection({ name: 'group', ...group, peer: byKey }),
      crypto: defaultCrypto,
    });
    first.up('boss');
    network.settle();
    second.up('group');
    network.settle();
    expect(host.established.map(({ connection: name }) => name).sort()).toEqual(['boss', 'group']);
  });
});

/**
 *   initiator (started anew)                        responder (still holds the SA of before)
 *   IKE_AUTH 1 { ... N(INITIAL_CONTACT) ... }  ->   the old SA and its children go, silently
 *
 * RFC 7296 §2.4.
 */
import { describe, expect, it } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

describe('INITIAL_CONTACT', () => {
  it('after a crash the responder keeps only the new SA', () => {
    const both = pair().up();
    const before = only(both.responder.established);
    both.initiator.crash();
    both.up();
    expectUp(both);
    expect(only(both.responder.established).spiI).not.toBe(before.spiI);
    expect(only(both.responder.told('ikeDeleted')).reason.code).toBe('REPLACED');
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('is not sent when told not to: the old SA stays until it is found dead', () => {
    const both = pair({ entry: { initialContact: false, unique: false } }).up();
    both.initiator.crash();
    both.up();
    expect(notifies(both.network.flights.at(-2)?.payloads ?? [], NotifyType.INITIAL_CONTACT)).toEqual([]);
    expect(both.responder.established).toHaveLength(2);
  });

  it('of another identity replaces nothing', () => {
    const network = pair({ responder: { peerAddress: '%any', peerIdentity: '%any' } });
    network.up();
    const stranger = pair({
      network: network.network,
      initiator: {
        address: '10.0.0.3',
        identity: '@third',
        peerAddress: '10.0.0.2',
        peerIdentity: '10.0.0.2',
      },
      responder: { address: '10.0.0.99' },
    });
    stranger.up();
    expect(network.responder.established).toHaveLength(2);
  });
});

/**
 *   initiator                                      responder
 *   IKE_SA_INIT 0 { SA KE Ni ... }            ->
 *                                             <-   IKE_SA_INIT 0 { SA KE Nr ... }
 *   IKE_AUTH 1 { IDi IDr AUTH SA TSi TSr }    ->
 *                                             <-   IKE_AUTH 1 { IDr AUTH SA TSi TSr }
 *
 * Four messages, and both ends hold one IKE SA and one Child SA with the same keys.
 */
import { describe, expect, it } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const suites = [
  ['aes128gcm16-prfsha256-x25519', 'aes128gcm16'],
  ['aes256-sha2_512-modp2048', 'aes256-sha2_512'],
  ['aes256gcm16-prfsha384-ecp384', 'aes256gcm16-noesn'],
  ['chacha20poly1305-prfsha256-x25519', 'chacha20poly1305'],
  ['aes128-aesxcbc-prfaesxcbc-ecp256', 'aes128-aesxcbc'],
  ['aes128-sha1-modp1536', 'aes128-sha1-noesn'],
] as const;

describe.each(cryptos)('with %s', (_name, ends) => {
  it.each(suites)('%s and %s', (ike, esp) => {
    const both = pair({ ...ends, ike, esp }).up();
    expectUp(both);
    expect(both.network.flights).toHaveLength(4);
    expect(both.network.now).toBe(40);
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('first contact', () => {
  it('tunnel mode makes policies for in, fwd and out', () => {
    const both = pair({
      initiator: { subnet: '192.168.1.0/24' },
      responder: { subnet: '192.168.2.0/24' },
    }).up();
    expectUp(both);
    const child = only(both.initiator.children);
    expect([child.mode, child.local, child.remote]).toEqual(['tunnel', '192.168.1.0/24', '192.168.2.0/24']);
    expect(both.initiator.memory.policies.map(({ direction }) => direction)).toEqual(['in', 'fwd', 'out']);
    expect(both.responder.memory.policies.map(({ direction }) => direction)).toEqual(['in', 'fwd', 'out']);
  });

  it('transport mode makes policies for in and out', () => {
    const both = pair({ mode: 'transport' }).up();
    expectUp(both);
    expect(only(both.responder.children)).toMatchObject({
      mode: 'transport',
      local: '10.0.0.2/32',
      remote: '10.0.0.1/32',
    });
    expect(both.initiator.memory.policies.map(({ direction }) => direction)).toEqual(['in', 'out']);
  });

  it('over IPv6', () => {
    const both = pair({ initiator: { address: '2001:db8::1' }, responder: { address: '2001:db8::2' } }).up();
    expectUp(both);
    expect(only(both.initiator.children).remote).toBe('2001:db8::2/128');
  });

  it.each([
    ['@east.example', '@west.example'],
    ['road@example.org', '@[gateway 7]'],
    ['@#00ff10', '192.0.2.9'],
  ])('identities %s and %s', (mine, theirs) => {
    const both = pair({ initiator: { identity: mine }, responder: { identity: theirs } }).up();
    expectUp(both);
  });

  it('a responder for anyone takes any address and any identity', () => {
    const both = pair({ responder: { peerAddress: '%any', peerIdentity: '%any' } }).up();
    expectUp(both);
    expect(only(both.responder.established).remoteId).toBe('10.0.0.1');
  });

  it('a second `up` is told that it is already up', () => {
    const both = pair().up();
    both.up();
    expectUp(both);
    expect(both.initiator.told('progress').at(-1)?.detail).toBe('already established');
  });
});

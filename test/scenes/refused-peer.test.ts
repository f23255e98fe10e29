/**
 *   initiator                                 responder
 *   IKE_SA_INIT                          <->  IKE_SA_INIT
 *   IKE_AUTH 1 { IDi AUTH SA TSi TSr }   ->
 *                                        <-   IKE_AUTH 1 { N(AUTHENTICATION_FAILED) }
 *
 * A peer that does not prove who it is, or that nobody here knows, gets one error, and neither end keeps anything. When it is
 * the responder that does not prove itself, the initiator tells it so (RFC 7296 §2.21.2).
 */
import { describe, expect, it } from 'vitest';
import { on, pair, tampered } from '../../src/testing/index.ts';
import { AuthMethod, ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, only } from './expect-up.ts';

const failed = NotifyType.AUTHENTICATION_FAILED;

describe.each(cryptos)('with %s', (_name, ends) => {
  it('another shared key: AUTHENTICATION_FAILED at both ends', () => {
    const both = pair({
      initiator: { ...ends.initiator, psk: 'a' },
      responder: { ...ends.responder, psk: 'b' },
    });
    both.up();
    expect(only(both.initiator.failures)).toMatchObject({ code: 'PEER_REFUSED', notify: failed });
    expect(only(both.responder.failures)).toMatchObject({ code: 'AUTHENTICATION_FAILED', notify: failed });
    expect(both.initiator.memory.applied).toEqual([]);
    expect(both.responder.memory.applied).toEqual([]);
    expectNothing(both);
  });
});

describe('refused', () => {
  it('an identity the responder does not know', () => {
    const both = pair({ initiator: { identity: '@stranger' }, responder: { peerIdentity: '@friend' } }).up();
    expect(only(both.responder.failures).text).toContain('@stranger');
    expect(only(both.initiator.failures)).toMatchObject({ code: 'PEER_REFUSED', notify: failed });
    expectNothing(both);
  });

  it('a responder asked for another identity than its own', () => {
    const both = pair({ initiator: { peerIdentity: '@other' }, responder: { identity: '@me' } }).up();
    expect(only(both.responder.failures).text).toContain('@other');
    expect(only(both.initiator.failures)).toMatchObject({ notify: failed });
    expectNothing(both);
  });

  it('no shared key for these two: before anything is sent about it', () => {
    const both = pair();
    both.initiator.setPolicy({ ...both.policies.initiator, preSharedKeys: [] });
    both.up();
    expect(only(both.initiator.failures).code).toBe('LOCAL');
    expect(both.network.flights).toEqual([]);
    expectNothing(both);
  });

  it('no shared key at the responder (CVE-2024-2357): the SA ends', () => {
    const both = pair();
    both.responder.setPolicy({ ...both.policies.responder, preSharedKeys: [] });
    both.up();
    expect(only(both.responder.failures).text).toContain('no shared key');
    expect(only(both.initiator.failures)).toMatchObject({ notify: failed });
    expectNothing(both);
  });

  it('no connection for the addresses', () => {
    const both = pair({ responder: { peerAddress: '10.0.0.77' } });
    both.up();
    expect(both.responder.failures.at(0)?.text).toContain('no connection for 10.0.0.2 and 10.0.0.1');
    expectNothing(both);
    expect(only(both.initiator.failures)).toMatchObject({ notify: NotifyType.NO_PROPOSAL_CHOSEN });
  });

  it('no common IKE proposal', () => {
    const both = pair({
      initiator: { ike: 'aes128-sha1-modp1536' },
      responder: { ike: 'aes256-sha2_512-modp2048' },
    });
    both.up();
    expectNothing(both);
    expect(only(both.initiator.failures)).toMatchObject({
      code: 'PEER_REFUSED',
      notify: NotifyType.NO_PROPOSAL_CHOSEN,
    });
    expect(only(both.initiator.failures).text).toContain('modp1536');
    expect(both.responder.failures.at(0)?.text).toContain('modp2048');
  });

  it.each([
    ['of another length', 31],
    ['empty', 0],
  ])('an AUTH %s', (_name, length) => {
    const both = pair();
    const change = tampered(both.network.keys, ({ payloads }) =>
      payloads.map((each) =>
        each.kind === 'auth' ? { ...each, data: each.data.subarray(0, length) } : each,
      ),
    );
    both.network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false }, change));
    both.up();
    expect(only(both.initiator.failures).notify).toBe(failed);
    expectNothing(both);
  });

  it.each([AuthMethod.NULL, AuthMethod.RSA_DIGITAL_SIGNATURE, 201, 0])('AUTH by method %i', (method) => {
    const both = pair();
    const change = tampered(both.network.keys, ({ payloads }) =>
      payloads.map((each) => (each.kind === 'auth' ? { ...each, method } : each)),
    );
    both.network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false }, change));
    both.up();
    expect(only(both.initiator.failures).notify).toBe(failed);
    expectNothing(both);
  });

  it('no AUTH at all: the peer wants EAP, which we have not', () => {
    const both = pair();
    const change = tampered(both.network.keys, ({ payloads }) =>
      payloads.filter(({ kind }) => kind !== 'auth'),
    );
    both.network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false }, change));
    both.up();
    expect(only(both.initiator.failures).notify).toBe(failed);
    expectNothing(both);
  });
});

describe('a responder that does not prove itself', () => {
  it.each([
    [
      'AUTH changed',
      (kind: string, data: Uint8Array) => (kind === 'auth' ? data.map((octet) => octet ^ 1) : data),
    ],
    [
      'IDr changed',
      (kind: string, data: Uint8Array) => (kind === 'idr' ? data.map((octet) => octet ^ 1) : data),
    ],
  ])('%s: the initiator says AUTHENTICATION_FAILED, and both end', (_name, change) => {
    const both = pair();
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((each) =>
            each.kind === 'auth' || each.kind === 'idr'
              ? { ...each, data: change(each.kind, each.data) }
              : each,
          ),
        ),
      ),
    );
    both.up();
    expect(only(both.initiator.failures)).toMatchObject({ code: 'AUTHENTICATION_FAILED', notify: failed });
    expect(only(both.responder.told('ikeDeleted')).reason).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(both.initiator.memory.applied).toEqual([]);
    expectNothing(both);
  });

  it('no AUTH and no error: a bad message', () => {
    const both = pair();
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, () => []),
      ),
    );
    both.up();
    expect(only(both.initiator.failures).code).toBe('BAD_MESSAGE');
    expect(both.initiator.leftovers.filter((left) => !left.includes('held'))).toEqual([]);
  });
});

/**
 * What an end signs with goes by its policy, its key, and what the other end said to verify: hashes in IKE_SA_INIT (RFC 7427
 * §4), methods by the responder in IKE_SA_INIT and by the initiator in IKE_AUTH (RFC 9593 §3).
 *
 *   initiator                                                    responder
 *   IKE_SA_INIT 0 { SA KE Ni N(SIGNATURE_HASH_ALGORITHMS) }       ->
 *       <-  { SA KE Nr CERTREQ N(SIGNATURE_HASH_ALGORITHMS) N(SUPPORTED_AUTH_METHODS) }
 *   IKE_AUTH 1 { IDi CERT CERTREQ AUTH N(SUPPORTED_AUTH_METHODS) } ->
 *                                                                <-  { IDr CERT AUTH SA TSi TSr }
 */
import { describe, expect, it } from 'vitest';
import type { SignatureAlgorithm } from '../../src/crypto/index.ts';
import { readSignature } from '../../src/ike/auth/signature.ts';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { type Pair, pair } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectRefused, late, psk, reasonAt, signing } from './auth-ends.ts';
import { signature } from './certificates.ts';
import { expectNothing, expectUp } from './expect-up.ts';

const pss: SignatureAlgorithm = { kind: 'rsa-pss', hash: 'sha512', saltLength: 64 };
const pkcs1: SignatureAlgorithm = { kind: 'rsa-pkcs1', hash: 'sha256' };
const ecdsa384: SignatureAlgorithm = { kind: 'ecdsa', hash: 'sha384' };
const by = (...algorithms: SignatureAlgorithm[]): AuthPolicy => ({ kind: 'signature', algorithms });

/** What each end signed by, the initiator first. */
const signed = ({ network }: Pair): unknown[] =>
  network.flights.flatMap(({ payloads = [] }) => {
    const auth = find(payloads, 'auth');
    const read = auth && readSignature(auth);
    return typeof read === 'object' ? [read.algorithm] : [];
  });

describe('what is signed with', () => {
  it('is the first of the policy that the other end takes, each end by itself', () => {
    const both = pair({
      initiator: signing('east', { auth: { local: [by(pkcs1, pss)], remote: [by(ecdsa384)] } }),
      responder: signing('west', { auth: { remote: [by(pss)] } }),
    }).up();
    expectUp(both);
    expect(signed(both)).toEqual([pss, ecdsa384]);
  });

  it('is by our order, not the peer’s', () => {
    const both = pair({
      initiator: signing('east', { auth: { local: [by(pkcs1, pss)] } }),
      responder: signing('west', { auth: { remote: [by(pss, pkcs1)] } }),
    }).up();
    expectUp(both);
    expect(signed(both)[0]).toEqual(pkcs1);
  });

  it('is said by the initiator only to a responder that says it too', () => {
    const announces = (message: number, ends: Parameters<typeof pair>[0]) =>
      notifies(pair(ends).up().network.flights[message]?.payloads ?? [], NotifyType.SUPPORTED_AUTH_METHODS)
        .length;
    const ends = { initiator: signing('east'), responder: signing('west') };
    expect([0, 1, 2, 3].map((at) => announces(at, ends))).toEqual([0, 1, 1, 0]);
    const keyed = {
      initiator: signing('east', { auth: { remote: [signature], local: [psk] } }),
      responder: signing('west', { auth: { remote: [psk], local: [signature] } }),
    };
    expect([0, 1, 2, 3].map((at) => announces(at, keyed))).toEqual([0, 0, 0, 0]);
  });
});

describe('nothing in common', () => {
  it('of the initiator’s signature: it ends before anything is proven, and says so', () => {
    const both = pair({
      initiator: signing('east', { auth: { local: [by(pkcs1)] } }),
      responder: signing('west', { auth: { remote: [by(pss)] } }),
    }).up();
    expect(reasonAt(both.initiator)).toMatchObject({ code: 'LOCAL' });
    expect(reasonAt(both.initiator).text).toMatch(/^pair: nothing that our key can make/);
    expectNothing(both);
  });

  it('of the responder’s signature: AUTHENTICATION_FAILED', () => {
    const both = pair({
      initiator: signing('east', { auth: { remote: [by(ecdsa384)] } }),
      responder: signing('west', { auth: { local: [by({ kind: 'ecdsa', hash: 'sha256' })] } }),
    }).up();
    expectRefused(both, 'responder', /pair: nothing that our key can make, our policy allows/);
  });

  it('an end that has no key at all', () => {
    const { auth, ...rest } = signing('west');
    const { credential: _, ...keyless } = auth ?? { local: [], remote: [] };
    const both = pair({ initiator: signing('east'), responder: { ...rest, auth: keyless } }).up();
    expectRefused(both, 'responder', /pair has no key of ours to sign with/);
  });

  it('a private key that is not there any more', () => {
    const both = pair({ initiator: signing('east'), responder: signing('west', { privateKeys: [] }) }).up();
    expectRefused(both, 'responder', /pair: our private key [0-9a-f]{40} did not sign: ENOENT/);
  });

  it('nor at the initiator: it ends here, and the peer is told nothing', () => {
    const both = pair({ initiator: signing('east', { privateKeys: [] }), responder: signing('west') }).up();
    expect(reasonAt(both.initiator)).toMatchObject({ code: 'LOCAL' });
    expect(both.network.flights).toHaveLength(2);
    expectNothing(both);
  });
});

describe('a signature that takes its time', () => {
  it('both ends wait; a retransmission of the request meanwhile is passed over', () => {
    const slow = (name: string) => {
      const end = signing(name);
      return signing(name, { answer: late(end, 3000) });
    };
    const both = pair({ initiator: slow('east'), responder: slow('west') }).up();
    expectUp(both);
    expect(both.responder.told('drop').every(({ reason }) => reason === 'waiting')).toBe(true);
    expect(both.responder.told('drop').length).toBeGreaterThan(0);
  });

  it('never: it is given up, and nothing is left', () => {
    const end = signing('west');
    const both = pair({
      initiator: signing('east'),
      responder: signing('west', { answer: late(end, 'never') }),
    });
    both.initiator.up('pair');
    both.network.advance(15_000);
    expectRefused(both, 'responder', /did not sign: ETIMEDOUT/);
  });

  it('the SA dies meanwhile: the answer is to nobody', () => {
    const end = signing('west');
    const both = pair({
      initiator: signing('east'),
      responder: signing('west', { answer: late(end, 5000) }),
    });
    both.initiator.up('pair');
    both.network.advance(1000);
    both.responder.command({ kind: 'shutdown' });
    both.network.advance(10_000);
    expect(both.responder.established).toEqual([]);
    expectNothing(both);
  });
});

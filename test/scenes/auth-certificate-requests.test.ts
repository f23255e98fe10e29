/**
 * Who asks for a certificate, and who sends one (`sendcert=`). RFC 7296 §3.7, RFC 4806.
 *
 *   initiator                                                  responder
 *   IKE_SA_INIT 0 { SA KE Ni }                                  ->
 *                                                              <-  { SA KE Nr CERTREQ(4: hashes) CERTREQ(14) }
 *   IKE_AUTH 1 { IDi CERT CERTREQ(4: hashes) CERTREQ(14) AUTH .. } ->
 *                                                              <-  { IDr CERT AUTH .. }
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { toHex } from '../../src/wire/hex.ts';
import { findAll } from '../../src/wire/message.ts';
import { CertEncoding } from '../../src/wire/numbers.ts';
import { raw } from './auth-ends.ts';
import {
  authority,
  type BearerOptions,
  bearer,
  certificateFor,
  east,
  middle,
  root,
  stranger,
  west,
} from './auth-pki.ts';
import { expectUp } from './expect-up.ts';

const asked = ({ network }: Pair, at: number) => findAll(network.flights[at]?.payloads ?? [], 'certreq');
const sent = ({ network }: Pair, at: number) => findAll(network.flights[at]?.payloads ?? [], 'cert');

const west0: BearerOptions = { pki: { certificates: [east.certificate.der] } };
const run = (ours: BearerOptions, theirs: BearerOptions = west0) =>
  pair({ initiator: bearer(east, ours), responder: bearer(west, theirs) }).up();

describe('CERTREQ', () => {
  it('names the authorities by the SHA-1 of their keys', () => {
    const anchors = [root.certificate.der, stranger.certificate.der];
    const both = run({ pki: { anchors } });
    const hashes = toHex(root.certificate.keyHash) + toHex(stranger.certificate.keyHash);
    expect(asked(both, 2).map(({ encoding, data }) => [encoding, toHex(data)])).toEqual([
      [CertEncoding.X509_CERTIFICATE_SIGNATURE, hashes],
    ]);
    expect(asked(both, 1).map(({ data }) => toHex(data))).toEqual([toHex(root.certificate.keyHash)]);
    expect(toHex(root.certificate.keyHash)).toHaveLength(40);
  });

  it('is bounded, however many are trusted', () => {
    const anchors = Array.from({ length: 70 }, (_, at) => authority(`Root ${at}`, 100 + at).certificate.der);
    const both = run({ pki: { anchors: [root.certificate.der, ...anchors] } });
    expect(asked(both, 2)[0]?.data).toHaveLength(50 * 20);
    expectUp(both);
  });

  it('asks for OCSP where it is used, naming no responder', () => {
    const revocation = { crlStrict: false, crlTimeout: 0, ocspTimeout: 1000, ocspMethod: 'post' } as const;
    const of = (ocsp: 'off' | 'on' | 'strict') => ({ revocation: { ...revocation, ocsp } });
    const both = run({ pki: of('on') }, { pki: { ...west0.pki, ...of('off') } });
    expect(asked(both, 2).map(({ encoding }) => encoding)).toEqual([4, 14]);
    expect(asked(both, 2)[1]?.data).toHaveLength(0);
    expect(asked(both, 1).map(({ encoding }) => encoding)).toEqual([4]);
    expectUp(both);
  });

  it('is not sent where nobody is trusted, nor where no signature is taken', () => {
    const psk = [{ kind: 'psk' }] as const;
    expect(asked(pair().up(), 1)).toEqual([]);
    const both = run({ auth: { remote: psk } }, { auth: { local: psk }, ...west0 });
    expect(asked(both, 2)).toEqual([]);
    expect(asked(both, 1)).toHaveLength(1);
    expectUp(both);
  });
});

describe('sendcert=', () => {
  it.each([
    ['always', 1],
    ['ifasked', 1],
    ['never', 0],
  ] as const)('%s, when asked', (send, count) => {
    const both = run({ credential: { send } });
    expect(sent(both, 2)).toHaveLength(count);
    expectUp(both);
  });

  it.each([
    ['always', 1],
    ['ifasked', 0],
    ['never', 0],
  ] as const)('%s, when not asked', (send, count) => {
    // A peer that knows the bare key asks for nothing.
    const { auth } = raw('p384', []);
    const keys = { raw: [east.key.spki], identityInCertificate: false };
    const both = run({ credential: { send } }, { auth: { ...(auth && {}), keys } });
    expect(asked(both, 1)).toEqual([]);
    expect(sent(both, 2)).toHaveLength(count);
    expectUp(both);
  });

  it.each([
    ['always', 1],
    ['ifasked', 1],
    ['never', 0],
  ] as const)('%s, of a responder', (send, count) => {
    const both = run({ pki: { certificates: [west.certificate.der] } }, { ...west0, credential: { send } });
    expect(sent(both, 3)).toHaveLength(count);
    expectUp(both);
  });

  it('ours first, then those that lead to its root, as X.509', () => {
    const deep = certificateFor('deep', 13, { issuer: middle });
    const certificates = [deep.certificate.der, middle.certificate.der];
    const both = pair({
      initiator: bearer(deep, { credential: { certificates } }),
      responder: bearer(west),
    }).up();
    expect(sent(both, 2).map(({ encoding, data }) => [encoding, toHex(data)])).toEqual(
      certificates.map((der) => [4, toHex(der)]),
    );
    expectUp(both);
  });
});

/**
 * Each algorithm an end may sign with, as Digital Signature (14) and, to a peer that announces no hashes, by the old methods.
 * RFC 7427, RFC 4754, RFC 8420.
 *
 *   initiator                                        responder
 *   IKE_SA_INIT 0 { SA KE Ni N(SIGNATURE_HASH) }      ->
 *                                                    <-  { SA KE Nr CERTREQ N(SIGNATURE_HASH) }
 *   IKE_AUTH 1 { IDi CERT CERTREQ IDr AUTH(14) .. }   ->
 *                                                    <-  { IDr CERT AUTH(14) SA TSi TSr }
 *
 *   IKE_SA_INIT 0 { SA KE Ni }                        ->  a peer from before RFC 7427
 *                                                    <-  { SA KE Nr CERTREQ }
 *   IKE_AUTH 1 { IDi CERT CERTREQ IDr AUTH(1, 9 .. 11) .. } ->
 *                                                    <-  { IDr CERT AUTH(1, 9 .. 11) SA TSi TSr }
 */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier, type SignatureAlgorithm } from '../../src/crypto/index.ts';
import type { Question } from '../../src/ike/actions.ts';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { on, type Pair, type PairEnd, pair, rewrite } from '../../src/testing/index.ts';
import { encodeMessage, find, parseMessage } from '../../src/wire/message.ts';
import { AuthMethod, ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import type { Authentication } from '../../src/wire/payloads/auth.ts';
import { expectRefused, raw, reasonAt, signing } from './auth-ends.ts';
import { privateKey } from './certificates.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp } from './expect-up.ts';

const salts = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
const hashes = ['sha256', 'sha384', 'sha512'] as const;
type Hash = keyof typeof salts;

const pkcs1 = (hash: Hash): SignatureAlgorithm => ({ kind: 'rsa-pkcs1', hash });
const pss = (hash: Hash): SignatureAlgorithm => ({ kind: 'rsa-pss', hash, saltLength: salts[hash] });
const ecdsa = (hash: Hash): SignatureAlgorithm => ({ kind: 'ecdsa', hash });
const edwards = (kind: 'ed25519' | 'ed448'): SignatureAlgorithm => ({ kind });

const only1 = (...algorithms: SignatureAlgorithm[]): AuthPolicy => ({ kind: 'signature', algorithms });

type Row = readonly [key: string, text: string, algorithm: SignatureAlgorithm];
const named = (key: string, algorithm: SignatureAlgorithm): Row => [
  key,
  'hash' in algorithm ? `${algorithm.kind} ${algorithm.hash}` : algorithm.kind,
  algorithm,
];

const rsa: readonly Row[] = ['east', 'rsa3072'].flatMap((key) =>
  hashes.flatMap((hash) => [named(key, pkcs1(hash)), named(key, pss(hash))]),
);
const others: readonly Row[] = [
  ...['west', 'p384', 'p521', 'brainpool'].flatMap((key) => hashes.map((hash) => named(key, ecdsa(hash)))),
  named('ed25519', edwards('ed25519')),
  named('ed448', edwards('ed448')),
];

/** Both ends with the same key and no other algorithm. */
const both = (key: string, policy: AuthPolicy, more: Partial<PairEnd> = {}): PairEnd => ({
  ...signing(key),
  auth: { ...signing(key).auth, local: [policy], remote: [policy] },
  ...more,
});

/** The AUTH payloads of a run, the initiator's first. */
const proofs = ({ network }: Pair): readonly Authentication[] =>
  network.flights.flatMap(({ payloads = [] }) => find(payloads, 'auth') ?? []);

function expectSigned(made: Pair, algorithm: SignatureAlgorithm): void {
  expectUp(made);
  expect(proofs(made).map(({ method }) => method)).toEqual([14, 14]);
  const identifier = algorithmIdentifier(algorithm);
  for (const { data } of proofs(made)) {
    expect([...data.subarray(0, 1 + identifier.length)]).toEqual([identifier.length, ...identifier]);
  }
}

describe('Digital Signature (14)', () => {
  it.each(rsa)('%s: %s', (key, _text, algorithm) => {
    const end = both(key, only1(algorithm));
    expectSigned(pair({ initiator: end, responder: end }).up(), algorithm);
  });

  describe.each(cryptos)('with %s', (_name, ends) => {
    it.each(others)('%s: %s', (key, _text, algorithm) => {
      // Raw keys: the authority of the certificates has an RSA key.
      const { auth, ...end } = raw(key, [key]);
      const ways = [only1(algorithm)];
      const keyed = { ...end, ...(auth && { auth: { ...auth, local: ways, remote: ways } }) };
      const made = pair({
        initiator: { ...keyed, ...ends.initiator },
        responder: { ...keyed, ...ends.responder },
      });
      expectSigned(made.up(), algorithm);
    });
  });
});

/**
 * Both are from before RFC 7427: neither hears of the other's hashes, and each AUTH covers the message without them. The keys are
 * the initiator's and the responder's.
 */
function before7427(initiator: PairEnd, responder: PairEnd, key: string, other = key): Pair {
  const older = (name: string) => {
    const ours = privateKey(name);
    const seen = { sent: 0, arrived: new Uint8Array(0) };
    const answer = (question: Question) => {
      if (question.kind !== 'sign') return undefined;
      const octets = Uint8Array.from([...seen.arrived, ...question.octets.subarray(seen.sent)]);
      const random = (length: number) => new Uint8Array(length).fill(5);
      return { ok: true, signature: ours.sign(random, question.algorithm, octets) } as const;
    };
    const strip = rewrite((octets) => {
      const { header, payloads } = parseMessage(octets);
      const rest = payloads.filter(
        (each) => each.kind !== 'notify' || each.type !== NotifyType.SIGNATURE_HASH_ALGORITHMS,
      );
      Object.assign(seen, { sent: octets.length, arrived: encodeMessage(header, rest) });
      return seen.arrived;
    });
    return { answer, strip };
  };
  const [first, second] = [older(key), older(other)];
  const made = pair({
    initiator: { ...initiator, answer: first.answer },
    responder: { ...responder, answer: second.answer },
  });
  made.network.fate(on({ exchange: ExchangeType.IKE_SA_INIT, response: false }, first.strip));
  made.network.fate(on({ exchange: ExchangeType.IKE_SA_INIT, response: true }, second.strip));
  return made;
}

const old: readonly (readonly [key: string, method: number, algorithm: SignatureAlgorithm])[] = [
  ['east', AuthMethod.RSA_DIGITAL_SIGNATURE, pkcs1('sha1')],
  ['rsa3072', AuthMethod.RSA_DIGITAL_SIGNATURE, pkcs1('sha1')],
  ['west', AuthMethod.ECDSA_SHA_256_P_256, ecdsa('sha256')],
  ['p384', AuthMethod.ECDSA_SHA_384_P_384, ecdsa('sha384')],
  ['p521', AuthMethod.ECDSA_SHA_512_P_521, ecdsa('sha512')],
];

describe('the old methods, to a peer that announces no hashes', () => {
  it.each(old)('%s by method %i', (key, method, algorithm) => {
    const end = both(key, only1(algorithm));
    const made = before7427(end, end, key).up();
    expect(made.initiator.failures).toEqual([]);
    expect(made.responder.failures).toEqual([]);
    expectUp(made);
    expect(proofs(made).map((each) => each.method)).toEqual([method, method]);
  });

  it('ECDSA travels as r and s of equal length, without DER', () => {
    const end = both('west', only1(ecdsa('sha256')));
    const made = before7427(end, end, 'west').up();
    expect(proofs(made).map(({ data }) => data.length)).toEqual([64, 64]);
  });

  it('P-521 with zeros before short numbers', () => {
    const end = both('p521', only1(ecdsa('sha512')));
    expect(proofs(before7427(end, end, 'p521').up()).map(({ data }) => data.length)).toEqual([132, 132]);
  });

  it.each([
    ['east', 'RSA with SHA-256', pkcs1('sha256')],
    ['east', 'RSASSA-PSS', pss('sha256')],
    ['west', 'P-256 with SHA-384', ecdsa('sha384')],
    ['brainpool', 'Brainpool', ecdsa('sha256')],
    ['ed25519', 'Ed25519', edwards('ed25519')],
  ] as const)('%s: %s has none: said here, and refused there', (key, _text, algorithm) => {
    const ways = { initiator: only1(ecdsa('sha256')), responder: only1(algorithm) };
    const made = before7427(
      signing('west', { auth: { local: [ways.initiator], remote: [ways.responder] } }),
      signing(key, { auth: { local: [ways.responder], remote: [ways.initiator] } }),
      'west',
      key,
    ).up();
    expectRefused(
      made,
      'responder',
      /pair: nothing that our key can make, our policy allows and the peer announced to verify/,
    );
  });
});

describe('RSA with SHA-1', () => {
  it('goes by method 1 when it is asked for, whatever hashes the peer announces', () => {
    const end = both('east', only1(pkcs1('sha1')));
    const made = pair({ initiator: end, responder: end }).up();
    expectUp(made);
    expect(proofs(made).map(({ method }) => method)).toEqual([1, 1]);
  });

  it('is not taken unless asked for', () => {
    const asked = both('east', only1(pkcs1('sha1')));
    const made = pair({ initiator: asked, responder: both('east', only1(pkcs1('sha256'))) }).up();
    // RFC 9593: the responder said what it takes, and that is not it.
    expect(reasonAt(made.initiator).text).toMatch(/nothing that our key can make/);
    expect(made.responder.established).toEqual([]);
    expectNothing(made);
  });
});

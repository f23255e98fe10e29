/** Signatures over @noble/curves, which has no RSA: not claimed. Its arithmetic is not made to run in constant time on every machine. */
import { type ECDSA, ecdsa } from '@noble/curves/abstract/weierstrass.js';
import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { ecdsaFromRaw, ecdsaToRaw } from '../ecdsa-value.ts';
import { parsePkcs8, secretOf, spkiOf } from '../private-key.ts';
import type { HashName, PrivateKey, PublicKey } from '../provider.ts';
import { privateKeyOf, publicKeyOf } from '../signature.ts';
import { type EcKey, type EdwardsKey, parseSpki } from '../signature-key.ts';
import { hash } from './hash.ts';

const hashes = { sha1, sha256, sha384, sha512 };

/** An ECDSA of each curve and hash: the hash also makes the nonce (RFC 6979 §3.2). */
const schemes = new Map(
  Object.entries({
    ...{ 'P-256': p256, 'P-384': p384, 'P-521': p521 },
    ...{ brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 },
  }).map(([name, { Point }]) => {
    const of = (hashName: HashName): ECDSA => ecdsa(Point, hashes[hashName], { lowS: false });
    return [name, { sha1: of('sha1'), sha256: of('sha256'), sha384: of('sha384'), sha512: of('sha512') }];
  }),
);

function schemeOf(curve: string, hashName: HashName): ECDSA {
  const scheme = schemes.get(curve)?.[hashName];
  if (scheme === undefined) throw new RangeError(`no ECDSA on ${curve} with ${hashName}`);
  return scheme;
}

/** EC on the NIST and Brainpool curves, Ed25519, Ed448. */
export function publicKey(spki: Uint8Array): PublicKey | undefined {
  const key = parseSpki(spki);
  if (key === undefined || key.kind === 'rsa') return undefined;
  return key.kind === 'ec' ? ecKey(key) : edwardsKey(key);
}

function ecKey(key: EcKey): PublicKey | undefined {
  const { name, length } = key.curve;
  if (!schemeOf(name, 'sha256').utils.isValidPublicKey(key.point)) return undefined;
  return publicKeyOf(key, (algorithm, message, signature) => {
    const raw = ecdsaToRaw(signature, length);
    if (algorithm.kind !== 'ecdsa' || raw === undefined) return false;
    return schemeOf(name, algorithm.hash).verify(raw, message, key.point);
  });
}

function edwardsKey(key: EdwardsKey): PublicKey {
  return publicKeyOf(key, (_, message, signature) =>
    key.kind === 'ed25519'
      ? holdsEd25519(key.point, message, signature)
      : ed448.verify(signature, message, key.point, { zip215: false }),
  );
}

/**
 * The equation without the cofactor, R compared as octets: the one of the two checks of RFC 8032 §5.1.7 that OpenSSL makes.
 * @noble/curves makes the other, which takes more.
 */
function holdsEd25519(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const [r, s] = [signature.subarray(0, 32), bytesToNumberLE(signature.subarray(32))];
  const k = Point.Fn.create(bytesToNumberLE(hash('sha512', r, point, message)));
  const expected = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(point).multiplyUnsafe(k)).toBytes();
  return expected.every((octet, i) => octet === r[i]);
}

/**
 * A private key of an unencrypted PKCS #8 file, DER: EC, Ed25519, Ed448. Every signature is a function of key and message (ECDSA
 * by RFC 6979): nothing is drawn. Throws RangeError on what is no such key, RSA, or out of range.
 */
export function noblePrivateKey(pkcs8: Uint8Array): PrivateKey {
  const parsed = parsePkcs8(pkcs8);
  const { kind } = parsed;
  if (kind.kind === 'rsa') throw new RangeError('no RSA in this provider');
  const secret = secretOf(parsed);
  if (kind.kind !== 'ec') {
    const scheme = kind.kind === 'ed25519' ? ed25519 : ed448;
    const spki = spkiOf(parsed, scheme.getPublicKey(secret));
    return privateKeyOf(spki, publicKey, (_random, _algorithm, message) => scheme.sign(message, secret));
  }
  const { name } = kind.curve;
  const { getPublicKey } = schemeOf(name, 'sha256');
  return privateKeyOf(
    spkiOf(parsed, getPublicKey(secret, false)),
    publicKey,
    (_random, algorithm, message) => {
      const raw = algorithm.kind === 'ecdsa' && schemeOf(name, algorithm.hash).sign(message, secret);
      const value = raw && ecdsaFromRaw(raw);
      if (!value) throw new RangeError(`no ${algorithm.kind} signature with this ec key`);
      return value;
    },
  );
}

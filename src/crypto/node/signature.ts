/** Signatures over node:crypto. Forms and ranges are checked before (signature.ts): OpenSSL is laxer in some of them. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  privateEncrypt,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto';
import { emsaPss } from '../emsa-pss.ts';
import { parsePkcs8, plainPkcs8, secretOf, spkiOf } from '../private-key.ts';
import type { PrivateKey, PublicKey, Random, SignatureAlgorithm } from '../provider.ts';
import { privateKeyOf, publicKeyOf } from '../signature.ts';
import { parseSpki, type SignatureKey, spkiBits } from '../signature-key.ts';
import { hash } from './hash.ts';
import { plain } from './octets.ts';

/** RSA, EC on the NIST and Brainpool curves, Ed25519, Ed448. */
export function publicKey(spki: Uint8Array): PublicKey | undefined {
  const parsed = parseSpki(spki);
  const key = parsed && importPublic(parsed, spki);
  return (
    key && publicKeyOf(parsed, (algorithm, message, signature) => holds(key, algorithm, message, signature))
  );
}

function importPublic(parsed: SignatureKey, spki: Uint8Array): KeyObject | undefined {
  const key = jwkOf(parsed);
  try {
    return key === undefined
      ? createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      : createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined; // a point off its curve
  }
}

/** A JWK is read ten times as fast as DER. Of RSA it also leaves out a restriction to PSS, which is ours to see to. */
function jwkOf(key: SignatureKey): JsonWebKey | undefined {
  switch (key.kind) {
    case 'rsa':
      return { kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent) };
    case 'ec': {
      // Of the larger ones OpenSSL multiplies the point by the order: over a millisecond, for curves of cofactor 1.
      const { name, length } = key.curve;
      if (name !== 'P-256' || key.point[0] !== 4) return undefined;
      const [x, y] = [key.point.subarray(1, 1 + length), key.point.subarray(1 + length)];
      return { kty: 'EC', crv: name, x: base64url(x), y: base64url(y) };
    }
    default:
      return { kty: 'OKP', crv: key.kind === 'ed25519' ? 'Ed25519' : 'Ed448', x: base64url(key.point) };
  }
}

const base64url = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');

function holds(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return verifyWith(algorithm.hash, message, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'rsa-pss': {
      const { saltLength } = algorithm;
      return verifyWith(
        algorithm.hash,
        message,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
        signature,
      );
    }
    case 'ecdsa':
      return verifyWith(algorithm.hash, message, { key, dsaEncoding: 'der' }, signature);
    default:
      return verifyWith(null, message, key, signature);
  }
}

/**
 * A private key of an unencrypted PKCS #8 file, DER. A PSS salt comes from `random`, and RSA and EdDSA give the same signature
 * again. **ECDSA does not**: OpenSSL draws its nonce itself and takes none from us, the one exception to "randomness is an
 * argument". Signing happens outside the engine, which gets the signature as the answer to a question; who has to repeat it
 * takes `noblePrivateKey`, 25 times slower. Throws RangeError on what is no such key, out of bounds, or not one key.
 */
export function nodePrivateKey(pkcs8: Uint8Array): PrivateKey {
  const parsed = parsePkcs8(pkcs8);
  // OpenSSL takes scalars that are none.
  if (parsed.kind.kind !== 'rsa') secretOf(parsed).fill(0);
  const key = importPkcs8(plainPkcs8(parsed));
  const spki = spkiOf(parsed, spkiBits(createPublicKey(key).export({ format: 'der', type: 'spki' })));
  return privateKeyOf(spki, publicKey, (random, algorithm, message) =>
    signUnder(key, random, algorithm, message),
  );
}

/** `pkcs8` is zeroed. */
function importPkcs8(pkcs8: Uint8Array): KeyObject {
  const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw new RangeError('a private key OpenSSL does not take');
  } finally {
    key.fill(0);
  }
}

function signUnder(
  key: KeyObject,
  random: Random,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
): Uint8Array {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return plain(signWith(algorithm.hash, message, { key, padding: constants.RSA_PKCS1_PADDING }));
    case 'rsa-pss': {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      const encoded = emsaPss(hash, algorithm.hash, message, random, algorithm.saltLength, bits);
      return plain(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded));
    }
    case 'ecdsa':
      return plain(signWith(algorithm.hash, message, { key, dsaEncoding: 'der' }));
    default:
      return plain(signWith(null, message, key));
  }
}

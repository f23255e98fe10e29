/** What every signature check and every signing has in common, whichever provider does its arithmetic. */
import { ecdsaToRaw } from './ecdsa-value.ts';
import { isBelow, isZero } from './magnitude.ts';
import type { Crypto, PrivateKey, PublicKey, SignatureAlgorithm } from './provider.ts';
import { parseSpki, type SignatureKey } from './signature-key.ts';

/** A signature that has the form of its algorithm: what is left is arithmetic. */
export type Holds = (algorithm: SignatureAlgorithm, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * A public key of a parsed one. `holds` is asked only about algorithms of this key and signatures of the right form and range;
 * where it throws, the signature does not hold.
 */
export function publicKeyOf(key: SignatureKey, holds: Holds): PublicKey {
  return {
    ...shapeOf(key),
    verify(algorithm, message, signature) {
      if (!fits(key, algorithm) || !hasForm(key, signature)) return false;
      try {
        return holds(algorithm, message, signature);
      } catch {
        return false;
      }
    },
  };
}

/**
 * A private key; `sign` is asked only for algorithms of this key. Signs once and checks it with `publicKey`: throws RangeError
 * when the two halves are not one key, so that a damaged file is found when it is read.
 */
export function privateKeyOf(
  spki: Uint8Array,
  publicKey: Crypto['publicKey'],
  sign: PrivateKey['sign'],
): PrivateKey {
  const key = parseSpki(spki);
  const other = publicKey(spki);
  if (key === undefined || other === undefined) throw new RangeError('a private key out of bounds');
  prove(key, other, sign);
  return {
    ...shapeOf(key),
    spki,
    sign(random, wanted, data) {
      if (!fits(key, wanted)) throw new RangeError(`no ${wanted.kind} signature with this ${key.kind} key`);
      return sign(random, wanted, data);
    },
  };
}

function prove(key: SignatureKey, other: PublicKey, sign: PrivateKey['sign']): void {
  const algorithm = proofOf(key);
  const message = new Uint8Array();
  let signature: Uint8Array;
  try {
    signature = sign((length) => new Uint8Array(length), algorithm, message);
  } catch (cause) {
    throw new RangeError('a private key that cannot sign', { cause });
  }
  if (!other.verify(algorithm, message, signature))
    throw new RangeError('a private key that does not fit its public half');
}

function proofOf(key: SignatureKey): SignatureAlgorithm {
  if (key.kind === 'ec') return { kind: 'ecdsa', hash: 'sha256' };
  if (key.kind !== 'rsa') return { kind: key.kind };
  if (key.pss === undefined) return { kind: 'rsa-pkcs1', hash: 'sha256' };
  return { kind: 'rsa-pss', ...(key.pss === 'any' ? { hash: 'sha256', saltLength: 32 } : key.pss) };
}

const shapeOf = (key: SignatureKey): Pick<PublicKey, 'kind' | 'bits' | 'curve'> => ({
  ...{ kind: key.kind, bits: key.bits },
  ...(key.kind === 'ec' && { curve: key.curve.name }),
});

/** Whether a key makes signatures of this algorithm. A key for PSS alone may ask for a hash and a least salt (RFC 4055 §3.3). */
function fits(key: SignatureKey, algorithm: SignatureAlgorithm): boolean {
  if (key.kind !== 'rsa') return algorithm.kind === (key.kind === 'ec' ? 'ecdsa' : key.kind);
  if (algorithm.kind === 'rsa-pkcs1') return key.pss === undefined;
  if (algorithm.kind !== 'rsa-pss') return false;
  // OpenSSL reads negative salt lengths as "whatever it is".
  if (!Number.isInteger(algorithm.saltLength) || algorithm.saltLength < 0) return false;
  if (key.pss === undefined || key.pss === 'any') return true;
  return key.pss.hash === algorithm.hash && algorithm.saltLength >= key.pss.saltLength;
}

/** Length and range of every number in the signature. RFC 8017 §8.1.2, §8.2.2; X9.62 §7.4.1; RFC 8032 §5.1.7, §5.2.7. */
function hasForm(key: SignatureKey, signature: Uint8Array): boolean {
  switch (key.kind) {
    case 'rsa':
      return signature.length === key.modulus.length && isBelow(signature, key.modulus) && !isZero(signature);
    case 'ec': {
      const { length, order } = key.curve;
      const raw = ecdsaToRaw(signature, length);
      return (
        raw !== undefined &&
        [raw.subarray(0, length), raw.subarray(length)].every((half) => isBelow(half, order))
      );
    }
    default: {
      const { length } = key.point;
      // Little-endian.
      return signature.length === 2 * length && isBelow(signature.slice(length).reverse(), orders[key.kind]);
    }
  }
}

const octetsOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));

/** L of RFC 8032 §5.1 and §5.2, big-endian, as long as a scalar of a signature. */
const orders = {
  ed25519: octetsOf('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed'),
  ed448: octetsOf(
    `00${'3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3'}`,
  ),
} as const;

/** SubjectPublicKeyInfo of every kind of key that signs, strict. RFC 5280 §4.1.2.7, RFC 3279 §2.3.1, RFC 4055 §1.2, RFC 5480, RFC 8410. */
import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { DerReader, DerTag, der, derBits, derNatural, derNull, derOid, readDer } from './der.ts';
import { type NamedCurve, namedCurves } from './named-curves.ts';
import { sameOctets } from './octets.ts';
import type { Crypto } from './provider.ts';
import { edwardsOids, type PssParameters, pssOid, readPssParameters } from './signature-algorithm.ts';

export interface RsaKey {
  readonly kind: 'rsa';
  readonly bits: number;
  /** Big-endian, without leading zeros. */
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
  /** What an id-RSASSA-PSS key is for: PSS only, and with these parameters if it has any. */
  readonly pss?: 'any' | PssParameters;
}

export interface EcKey {
  readonly kind: 'ec';
  readonly bits: number;
  readonly curve: NamedCurve;
  /** Uncompressed (4 | x | y) or compressed (2 or 3 | x); whether it is on the curve the provider finds out. */
  readonly point: Uint8Array;
}

export interface EdwardsKey {
  readonly kind: 'ed25519' | 'ed448';
  readonly bits: number;
  readonly point: Uint8Array;
}

export type SignatureKey = RsaKey | EcKey | EdwardsKey;

/**
 * What holds at the least of any RSA key; policy asks for more. OpenSSL takes no modulus over 16384 bits and, over 3072 bits, no
 * exponent over 64: here for all. The cost of a check is theirs to choose within these.
 */
export const rsaBounds = { minBits: 1024, maxBits: 16_384, maxExponentBits: 64 } as const;

const rsaOid = derOid('1.2.840.113549.1.1.1');
const ecOid = derOid('1.2.840.10045.2.1');

/** The key in a SubjectPublicKeyInfo; undefined when it is not strict DER, of another kind, or out of bounds. */
export function parseSpki(spki: Uint8Array): SignatureKey | undefined {
  const parts = readDer(spki, (outer) => {
    const info = outer.inside(DerTag.SEQUENCE);
    const key = [readKind(info.inside(DerTag.SEQUENCE)), info.bits()] as const;
    info.finish();
    return key;
  });
  if (parts?.[0] === undefined) return undefined;
  const [kind, bits] = parts;
  if (kind.kind === 'rsa') return readRsa(bits, kind.pss);
  return kind.kind === 'ec' ? readEc(bits, kind.curve) : readEdwards(bits, kind.kind);
}

export type KeyKind =
  | { readonly kind: 'rsa'; readonly pss?: 'any' | PssParameters }
  | { readonly kind: 'ec'; readonly curve: NamedCurve }
  | { readonly kind: EdwardsKey['kind'] };

/** The inside of a key's AlgorithmIdentifier, to its end. Throws DerError. */
export function readKind(identifier: DerReader): KeyKind | undefined {
  const kind = kindOf(identifier.whole(DerTag.OBJECT_IDENTIFIER), identifier);
  if (kind !== undefined) identifier.finish();
  return kind;
}

function kindOf(oid: Uint8Array, parameters: DerReader): KeyKind | undefined {
  if (sameOctets(oid, rsaOid)) return parameters.read(DerTag.NULL).length === 0 ? { kind: 'rsa' } : undefined;
  if (sameOctets(oid, edwardsOids.ed25519)) return { kind: 'ed25519' };
  if (sameOctets(oid, edwardsOids.ed448)) return { kind: 'ed448' };
  if (sameOctets(oid, pssOid)) {
    if (parameters.tag === undefined) return { kind: 'rsa', pss: 'any' };
    const pss = readPssParameters(parameters);
    return pss && { kind: 'rsa', pss };
  }
  if (!sameOctets(oid, ecOid) || parameters.tag !== DerTag.OBJECT_IDENTIFIER) return undefined;
  const name = parameters.whole(DerTag.OBJECT_IDENTIFIER);
  const curve = namedCurves.find((known) => sameOctets(known.oid, name));
  return curve && { kind: 'ec', curve };
}

function readRsa(octets: Uint8Array, pss: RsaKey['pss']): RsaKey | undefined {
  const numbers = readDer(octets, (outer) => {
    const key = outer.inside(DerTag.SEQUENCE);
    const both = { modulus: key.natural(), exponent: key.natural() };
    key.finish();
    return both;
  });
  if (numbers === undefined) return undefined;
  const { modulus, exponent } = numbers;
  const bits = bitsOf(modulus);
  if (bits < rsaBounds.minBits || bits > rsaBounds.maxBits || isEven(modulus)) return undefined;
  if (bitsOf(exponent) < 2 || bitsOf(exponent) > rsaBounds.maxExponentBits || isEven(exponent))
    return undefined;
  const key = { kind: 'rsa', bits, modulus: modulus.slice(), exponent: exponent.slice() } as const;
  return pss === undefined ? key : { ...key, pss };
}

function readEc(point: Uint8Array, curve: NamedCurve): EcKey | undefined {
  const [form] = point;
  const length = form === 4 ? 1 + 2 * curve.length : 1 + curve.length;
  if ((form !== 4 && form !== 2 && form !== 3) || point.length !== length) return undefined;
  return { kind: 'ec', bits: curve.bits, curve, point: point.slice() };
}

/**
 * Only the one encoding RFC 8032 §5.1.3 gives a point, and no point of small order: under such a key one signature holds for
 * many messages. OpenSSL looks at neither.
 */
function readEdwards(point: Uint8Array, kind: EdwardsKey['kind']): EdwardsKey | undefined {
  const { Point } = kind === 'ed25519' ? ed25519 : ed448;
  try {
    if (Point.fromBytes(point, false).isSmallOrder()) return undefined;
  } catch {
    return undefined;
  }
  return { kind, bits: kind === 'ed25519' ? 255 : 448, point: point.slice() };
}

/** The AlgorithmIdentifier of an RSA key without restrictions. */
export const rsaIdentifier: Uint8Array = der(DerTag.SEQUENCE, rsaOid, derNull);

/** SubjectPublicKeyInfo of an RSA key without restrictions. */
export const rsaSpki = ({ modulus, exponent }: Pick<RsaKey, 'modulus' | 'exponent'>): Uint8Array =>
  der(
    DerTag.SEQUENCE,
    rsaIdentifier,
    derBits(der(DerTag.SEQUENCE, derNatural(modulus), derNatural(exponent))),
  );

/** The key octets of a SubjectPublicKeyInfo made by ourselves. Throws DerError. */
export const spkiBits = (spki: Uint8Array): Uint8Array => {
  const info = new DerReader(spki).inside(DerTag.SEQUENCE);
  info.read(DerTag.SEQUENCE);
  return info.bits();
};

/**
 * The CKA_ID that NSS gives a key and Libreswan calls CKAID: SHA-1 of an RSA key's modulus, of another key's point as it
 * stands in the SubjectPublicKeyInfo. Throws RangeError for a key `Crypto.publicKey` would not take either.
 */
export function ckaid(spki: Uint8Array, crypto: Pick<Crypto, 'hash'>): Uint8Array {
  const key = parseSpki(spki);
  if (key === undefined) throw new RangeError('no public key that signs');
  return crypto.hash('sha1', key.kind === 'rsa' ? key.modulus : key.point);
}

function bitsOf(number: Uint8Array): number {
  const [first] = number;
  return first === undefined ? 0 : 8 * number.length - Math.clz32(first) + 24;
}

const isEven = (number: Uint8Array): boolean => ((number[number.length - 1] ?? 0) & 1) === 0;

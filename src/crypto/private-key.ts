/** PKCS #8 private keys of the kinds that sign. RFC 5208, RFC 5958, RFC 5915, RFC 8410 §7. */
import { type DerReader, DerTag, der, derBits, derNatural, explicitTag, readDer } from './der.ts';
import { isBelow, isZero } from './magnitude.ts';
import { leftPadded } from './modp.ts';
import { type KeyKind, readKind, rsaIdentifier } from './signature-key.ts';

export interface Pkcs8 {
  readonly kind: KeyKind;
  /** The AlgorithmIdentifier, DER. */
  readonly identifier: Uint8Array;
  /** RSAPrivateKey, ECPrivateKey or CurvePrivateKey, DER. */
  readonly inner: Uint8Array;
}

/** Throws RangeError when `octets` are not an unencrypted PKCS #8 key, in DER, of a kind that signs. */
export function parsePkcs8(octets: Uint8Array): Pkcs8 {
  const parsed = readDer(octets, (outer) => {
    const info = outer.inside(DerTag.SEQUENCE);
    info.natural();
    const identifier = info.whole(DerTag.SEQUENCE);
    const inner = info.read(DerTag.OCTET_STRING);
    // Attributes, and of version 2 the public key: it is computed.
    while (info.tag !== undefined) info.read(info.tag);
    const kind = readDer(identifier, (reader) => readKind(reader.inside(DerTag.SEQUENCE)));
    return kind && { kind, identifier, inner };
  });
  if (parsed === undefined) throw new RangeError('not a PKCS #8 private key of a kind that signs');
  return parsed;
}

/** The same key without attributes; of an RSA key, without its restriction to PSS. */
export const plainPkcs8 = ({ kind, identifier, inner }: Pkcs8): Uint8Array =>
  der(
    DerTag.SEQUENCE,
    derNatural(Uint8Array.of(0)),
    kind.kind === 'rsa' ? rsaIdentifier : identifier,
    der(DerTag.OCTET_STRING, inner),
  );

/** SubjectPublicKeyInfo: the private key's AlgorithmIdentifier and these key octets. */
export const spkiOf = ({ identifier }: Pkcs8, key: Uint8Array): Uint8Array =>
  der(DerTag.SEQUENCE, identifier, derBits(key));

/**
 * The private scalar of an EC key, big-endian, as long as a coordinate and in range; the seed of an Edwards key. A copy, the
 * caller's to zero. Throws RangeError.
 */
export function secretOf({ kind, inner }: Pkcs8): Uint8Array {
  const curve = kind.kind === 'ec' ? kind.curve : undefined;
  const length = curve?.length ?? (kind.kind === 'ed25519' ? 32 : 57);
  const read = readDer(inner, curve ? readEcPrivateKey : (reader) => reader.read(DerTag.OCTET_STRING));
  // Old software leaves out a scalar's leading zeros.
  const fits = read && (curve ? read.length <= length : read.length === length);
  if (!fits) throw new RangeError(`not a private key of kind ${kind.kind}`);
  const secret = leftPadded(read, length);
  if (curve && (isZero(secret) || !isBelow(secret, curve.order))) {
    secret.fill(0);
    throw new RangeError(`not a private scalar of ${curve.name}`);
  }
  return secret;
}

function readEcPrivateKey(outer: DerReader): Uint8Array {
  const key = outer.inside(DerTag.SEQUENCE);
  key.natural();
  const scalar = key.read(DerTag.OCTET_STRING);
  for (const n of [0, 1]) if (key.tag === explicitTag(n)) key.read(explicitTag(n));
  key.finish();
  return scalar;
}

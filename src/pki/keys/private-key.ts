/** Private keys: PKCS#1 (RFC 8017 §A.1.2), SEC1 (RFC 5915) and PKCS#8 (RFC 5958), each made PKCS#8. */

import { der, derNatural, derNull, derOid } from '../../crypto/der.ts';
import type { KeyFileCrypto } from '../../crypto/key-file.ts';
import { Secret } from '../../crypto/secret.ts';
import { type Element, Tag } from '../der.ts';
import { element, explicit, Fields, oidText } from './ber.ts';
import { decrypted } from './encryption.ts';
import { malformed, unsupported } from './key-file-error.ts';
import type { Opening } from './opening.ts';

export interface PrivateKeyData {
  /** PKCS#8, DER. */
  readonly pkcs8: Secret;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

export const KeyKind = {
  RSA: '1.2.840.113549.1.1.1',
  RSA_PSS: '1.2.840.113549.1.1.10',
  EC: '1.2.840.10045.2.1',
  ED25519: '1.3.101.112',
  ED448: '1.3.101.113',
} as const;

const kinds: ReadonlySet<string> = new Set(Object.values(KeyKind));
const otherKinds: Readonly<Record<string, string>> = {
  '1.2.840.10040.4.1': 'a DSA key',
  '1.3.101.110': 'an X25519 key, which signs nothing',
  '1.3.101.111': 'an X448 key, which signs nothing',
};

/** RSAPrivateKey. */
export function fromPkcs1(octets: Uint8Array, crypto: KeyFileCrypto): PrivateKeyData {
  const fields = Fields.of('RSA private key', element('RSA private key', octets, Tag.SEQUENCE));
  if (fields.number('version') !== 0) throw unsupported('an RSA key of more than two primes');
  for (const field of ['n', 'e', 'd', 'p', 'q', 'd mod p-1', 'd mod q-1', 'q^-1 mod p'])
    fields.next(field, Tag.INTEGER);
  fields.end();
  return checked(sequence(zero, sequence(derOid(KeyKind.RSA), derNull), octetString(octets)), crypto);
}

/** ECPrivateKey. */
export function fromSec1(octets: Uint8Array, crypto: KeyFileCrypto): PrivateKeyData {
  const fields = Fields.of('EC private key', element('EC private key', octets, Tag.SEQUENCE));
  if (fields.number('version') !== 1) throw malformed('EC private key: version');
  const scalar = fields.octetString('key');
  const parameters = fields.optional('parameters', explicit(0));
  const publicKey = fields.optional('public key', explicit(1));
  fields.end();
  if (!parameters) throw unsupported('an EC key that does not say its curve');
  const curve = element('curve', parameters.body);
  const point = publicKey ? [publicKey.raw] : [];
  const inner = sequence(derNatural(Uint8Array.of(1)), octetString(scalar), ...point);
  return checked(sequence(zero, sequence(derOid(KeyKind.EC), namedCurve(curve)), octetString(inner)), crypto);
}

/** PrivateKeyInfo and OneAsymmetricKey; attributes are left out. */
export function fromPkcs8(octets: Uint8Array, crypto: KeyFileCrypto): PrivateKeyData {
  const fields = Fields.of('private key', element('private key', octets, Tag.SEQUENCE));
  if (fields.number('version') > 1) throw malformed('private key: version');
  const algorithm = fields.next('algorithm', Tag.SEQUENCE);
  const key = fields.octetString('key');
  fields.optional('attributes', explicit(0));
  if (fields.tag !== undefined) fields.next('public key', 0x81);
  fields.end();
  const inside = Fields.of('algorithm', algorithm);
  const kind = inside.oid('kind');
  if (!kinds.has(kind)) throw unsupported(otherKinds[kind] ?? `a private key of kind ${kind}`);
  if (kind === KeyKind.EC) namedCurve(inside.any('curve'));
  return checked(sequence(zero, algorithm.raw, octetString(key)), crypto);
}

/** EncryptedPrivateKeyInfo. RFC 5958 §3. */
export function fromEncryptedPkcs8(octets: Uint8Array, opening: Opening): PrivateKeyData {
  const fields = Fields.of('encrypted key', element('encrypted key', octets, Tag.SEQUENCE));
  const algorithm = fields.sequence('algorithm');
  const ciphertext = fields.octetString('ciphertext');
  fields.end();
  const plaintext = decrypted(algorithm, ciphertext, opening);
  try {
    return fromPkcs8(plaintext, opening.crypto);
  } finally {
    plaintext.fill(0);
  }
}

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(Tag.SEQUENCE, ...parts);
const octetString = (octets: Uint8Array): Uint8Array => der(Tag.OCTET_STRING, octets);
const zero = derNatural(Uint8Array.of(0));

function namedCurve(curve: Element): Uint8Array {
  if (curve.tag !== Tag.OID) throw unsupported('an EC key of a curve without a name');
  oidText('curve', curve);
  return curve.raw;
}

/** With its public half. Throws KeyFileError when there is none. */
export function checked(pkcs8: Uint8Array, crypto: KeyFileCrypto): PrivateKeyData {
  const spki = crypto.spkiOf(pkcs8);
  if (spki) return { pkcs8: new Secret(pkcs8), spki };
  pkcs8.fill(0);
  throw malformed('a private key that is damaged, or of a curve or a size that is not used here');
}

/** Certificates, CRLs and OCSP responses made to order, by keys made of a number: what is wrong in one is wrong on purpose. */
import {
  algorithmIdentifier,
  der,
  derBits,
  derNatural,
  derOid,
  nodeCrypto,
  nodePrivateKey,
  type PrivateKey,
  type SignatureAlgorithm,
} from '../../src/crypto/index.ts';
import { type Certificate, parseCertificate, parseDn } from '../../src/pki/index.ts';

const SEQUENCE = 0x30;
const random = (length: number) => new Uint8Array(length).fill(7);

/** Ed25519, from a number. */
export const keyFrom = (seed: number): PrivateKey =>
  nodePrivateKey(
    der(
      SEQUENCE,
      derNatural(Uint8Array.of(0)),
      der(SEQUENCE, derOid('1.3.101.112')),
      der(4, der(4, new Uint8Array(32).fill(seed))),
    ),
  );

export interface Issued {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
}

export interface Order {
  readonly subject: string;
  readonly key: PrivateKey;
  /** Itself when there is none. */
  readonly issuer?: Issued;
  readonly serial?: number;
  readonly from?: string;
  readonly to?: string;
  readonly version?: 1 | 2 | 3;
  readonly extensions?: readonly Uint8Array[];
  /** Of the signature made, and the two names of it. */
  readonly algorithm?: SignatureAlgorithm;
  readonly inner?: Uint8Array;
  readonly outer?: Uint8Array;
  readonly signature?: (made: Uint8Array) => Uint8Array;
  readonly issuerName?: Uint8Array;
}

/** The time all of it is judged at: 2025-06-15. */
export const now = Date.UTC(2025, 5, 15) / 1000;

export const utcTime = (text: string): Uint8Array => der(0x17, new TextEncoder().encode(text));

/** The certificate in DER, whatever it may be worth. */
export function certificateDer(order: Order): Uint8Array {
  const algorithm = order.algorithm ?? { kind: 'ed25519' };
  const identifier = algorithmIdentifier(algorithm);
  const name = parseDn(order.subject);
  const { version = 3, extensions = [] } = order;
  const tbs = der(
    SEQUENCE,
    ...(version > 1 ? [der(0xa0, derNatural(Uint8Array.of(version - 1)))] : []),
    derNatural(Uint8Array.of(order.serial ?? 1)),
    order.inner ?? identifier,
    order.issuerName ?? order.issuer?.certificate.subject ?? name,
    der(SEQUENCE, utcTime(order.from ?? '250101000000Z'), utcTime(order.to ?? '260101000000Z')),
    name,
    order.key.spki,
    ...(extensions.length > 0 ? [der(0xa3, der(SEQUENCE, ...extensions))] : []),
  );
  const made = (order.issuer?.key ?? order.key).sign(random, algorithm, tbs);
  return der(SEQUENCE, tbs, order.outer ?? identifier, derBits(order.signature?.(made) ?? made));
}

export const issue = (order: Order): Issued => ({
  certificate: parseCertificate(certificateDer(order)),
  key: order.key,
});

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return der(SEQUENCE, derOid(id), ...(critical ? [der(1, Uint8Array.of(0xff))] : []), der(4, value));
}

const text = (tag: number, value: string) => der(tag, new TextEncoder().encode(value));
export const dns = (name: string) => text(0x82, name);
export const email = (name: string) => text(0x81, name);
export const uri = (name: string) => text(0x86, name);
export const ip = (...octets: number[]) => der(0x87, Uint8Array.from(octets));
export const directory = (name: string) => der(0xa4, parseDn(name));

export const basicConstraints = (ca: boolean, pathLength?: number): Uint8Array =>
  extension(
    '2.5.29.19',
    true,
    der(
      SEQUENCE,
      ...(ca ? [der(1, Uint8Array.of(0xff))] : []),
      ...(pathLength === undefined ? [] : [derNatural(Uint8Array.of(pathLength))]),
    ),
  );

/** Bits by number: 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
export function keyUsage(...bits: number[]): Uint8Array {
  const octet = bits.reduce((value, bit) => value | (0x80 >> bit), 0);
  return extension('2.5.29.15', true, der(3, Uint8Array.of(7 - Math.max(...bits), octet)));
}

export const purposes = (...ids: string[]): Uint8Array =>
  extension('2.5.29.37', false, der(SEQUENCE, ...ids.map(derOid)));

export const altNames = (...names: Uint8Array[]): Uint8Array =>
  extension('2.5.29.17', false, der(SEQUENCE, ...names));

export function constraints(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
): Uint8Array {
  const subtrees = (tag: number, bases: readonly Uint8Array[]) =>
    bases.length === 0 ? [] : [der(tag, ...bases.map((base) => der(SEQUENCE, base)))];
  return extension(
    '2.5.29.30',
    true,
    der(SEQUENCE, ...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)),
  );
}

export const policies = (...ids: string[]): Uint8Array =>
  extension('2.5.29.32', false, der(SEQUENCE, ...ids.map((id) => der(SEQUENCE, derOid(id)))));

export const policyMappings = (...pairs: [string, string][]): Uint8Array =>
  extension('2.5.29.33', true, der(SEQUENCE, ...pairs.map(([a, b]) => der(SEQUENCE, derOid(a), derOid(b)))));

export const policyConstraints = (explicit?: number, mapping?: number): Uint8Array =>
  extension(
    '2.5.29.36',
    true,
    der(
      SEQUENCE,
      ...(explicit === undefined ? [] : [der(0x80, Uint8Array.of(explicit))]),
      ...(mapping === undefined ? [] : [der(0x81, Uint8Array.of(mapping))]),
    ),
  );

export const inhibitAnyPolicy = (skip: number): Uint8Array =>
  extension('2.5.29.54', true, derNatural(Uint8Array.of(skip)));

export const crlPoint = (location: string): Uint8Array =>
  extension('2.5.29.31', false, der(SEQUENCE, der(SEQUENCE, der(0xa0, der(0xa0, uri(location))))));

export const ocspAt = (location: string): Uint8Array =>
  extension(
    '1.3.6.1.5.5.7.1.1',
    false,
    der(SEQUENCE, der(SEQUENCE, derOid('1.3.6.1.5.5.7.48.1'), uri(location))),
  );

export const subjectKeyId = (...octets: number[]): Uint8Array =>
  extension('2.5.29.14', false, der(4, Uint8Array.from(octets)));

export const authorityKeyId = (...octets: number[]): Uint8Array =>
  extension('2.5.29.35', false, der(SEQUENCE, der(0x80, Uint8Array.from(octets))));

export interface CrlOrder {
  readonly issuer: Issued;
  readonly revoked?: readonly Uint8Array[];
  readonly from?: string;
  readonly to?: string;
  readonly extensions?: readonly Uint8Array[];
  readonly signer?: PrivateKey;
  /** Ed25519 unless given. */
  readonly algorithm?: SignatureAlgorithm;
  readonly outer?: Uint8Array;
}

export const revoked = (serial: number, ...extensions: Uint8Array[]): Uint8Array =>
  der(
    SEQUENCE,
    derNatural(Uint8Array.of(serial)),
    utcTime('250601000000Z'),
    ...(extensions.length > 0 ? [der(SEQUENCE, ...extensions)] : []),
  );

export const reason = (code: number): Uint8Array =>
  extension('2.5.29.21', false, der(0x0a, Uint8Array.of(code)));

export function crlDer(order: CrlOrder): Uint8Array {
  const { revoked: entries = [], extensions = [], algorithm = { kind: 'ed25519' } } = order;
  const identifier = algorithmIdentifier(algorithm);
  const tbs = der(
    SEQUENCE,
    derNatural(Uint8Array.of(1)),
    identifier,
    order.issuer.certificate.subject,
    utcTime(order.from ?? '250610000000Z'),
    utcTime(order.to ?? '250710000000Z'),
    ...(entries.length > 0 ? [der(SEQUENCE, ...entries)] : []),
    ...(extensions.length > 0 ? [der(0xa0, der(SEQUENCE, ...extensions))] : []),
  );
  const signature = (order.signer ?? order.issuer.key).sign(random, algorithm, tbs);
  return der(SEQUENCE, tbs, order.outer ?? identifier, derBits(signature));
}

export const crlNumber = (number: number): Uint8Array =>
  extension('2.5.29.20', false, derNatural(Uint8Array.of(number)));
export const deltaOf = (number: number): Uint8Array =>
  extension('2.5.29.27', true, derNatural(Uint8Array.of(number)));
/** IssuingDistributionPoint, of its fields in DER. */
export const issuingPoint = (...fields: Uint8Array[]): Uint8Array =>
  extension('2.5.29.28', true, der(SEQUENCE, ...fields));

export interface OcspOrder {
  readonly certificate: Certificate;
  readonly issuer: Issued;
  /** Who signs: the issuer itself unless given. */
  readonly responder?: Issued;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly hash?: 'sha1' | 'sha256';
  readonly from?: string;
  readonly to?: string;
  readonly serial?: number;
  readonly byKey?: boolean;
  /** Whom the response says it is from, when not from whom it is. */
  readonly namedAs?: Issued;
  /** Whose name and whose key certID has, instead of the issuer's. */
  readonly idName?: Issued;
  readonly idKey?: Issued;
  readonly signer?: PrivateKey;
  readonly extensions?: readonly Uint8Array[];
}

const hashIds = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' } as const;
const generalized = (value: string): Uint8Array => text(0x18, `20${value}`);

export function ocspDer(order: OcspOrder): Uint8Array {
  const { hash = 'sha1', issuer, responder = issuer, status } = order;
  const keyBits = (one: Issued) => one.certificate.spki.slice(-32);
  const id = der(
    SEQUENCE,
    der(SEQUENCE, derOid(hashIds[hash])),
    der(4, nodeCrypto.hash(hash, (order.idName ?? issuer).certificate.subject)),
    der(4, nodeCrypto.hash(hash, keyBits(order.idKey ?? issuer))),
    order.serial === undefined ? der(2, order.certificate.serial) : derNatural(Uint8Array.of(order.serial)),
  );
  const said = {
    good: der(0x80),
    revoked: der(0xa1, generalized('250601000000Z')),
    unknown: der(0x82),
  }[status];
  const single = der(
    SEQUENCE,
    id,
    said,
    generalized(order.from ?? '250614000000Z'),
    der(0xa0, generalized(order.to ?? '250620000000Z')),
  );
  const tbs = der(
    SEQUENCE,
    order.byKey
      ? der(0xa2, der(4, nodeCrypto.hash('sha1', keyBits(order.namedAs ?? responder))))
      : der(0xa1, (order.namedAs ?? responder).certificate.subject),
    generalized('250614000000Z'),
    der(SEQUENCE, single),
    ...(order.extensions ? [der(0xa1, der(SEQUENCE, ...order.extensions))] : []),
  );
  const signature = (order.signer ?? responder.key).sign(random, { kind: 'ed25519' }, tbs);
  const basic = der(
    SEQUENCE,
    tbs,
    algorithmIdentifier({ kind: 'ed25519' }),
    derBits(signature),
    ...(responder === issuer ? [] : [der(0xa0, der(SEQUENCE, responder.certificate.der))]),
  );
  return der(
    SEQUENCE,
    der(0x0a, Uint8Array.of(0)),
    der(0xa0, der(SEQUENCE, derOid('1.3.6.1.5.5.7.48.1.1'), der(4, basic))),
  );
}

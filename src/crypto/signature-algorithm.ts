/** AlgorithmIdentifiers of signatures, as method 14 and certificates carry them. RFC 7427 Appendix A, RFC 4055, RFC 5758, RFC 8410. */
import {
  DerError,
  type DerReader,
  DerTag,
  der,
  derNatural,
  derNull,
  derOid,
  explicitTag,
  readDer,
} from './der.ts';
import { sameOctets } from './octets.ts';
import type { HashName, SignatureAlgorithm } from './provider.ts';

export const hashLengths: Readonly<Record<HashName, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

interface HashOids {
  readonly name: HashName;
  readonly oid: Uint8Array;
  readonly rsa: Uint8Array;
  readonly ecdsa: Uint8Array;
}

const hashOids = (name: HashName, oid: string, rsa: string, ecdsa: string): HashOids => ({
  ...{ name, oid: derOid(oid), rsa: derOid(rsa), ecdsa: derOid(ecdsa) },
});

const hashes: readonly HashOids[] = [
  hashOids('sha1', '1.3.14.3.2.26', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1'),
  hashOids('sha256', '2.16.840.1.101.3.4.2.1', '1.2.840.113549.1.1.11', '1.2.840.10045.4.3.2'),
  hashOids('sha384', '2.16.840.1.101.3.4.2.2', '1.2.840.113549.1.1.12', '1.2.840.10045.4.3.3'),
  hashOids('sha512', '2.16.840.1.101.3.4.2.3', '1.2.840.113549.1.1.13', '1.2.840.10045.4.3.4'),
];

export const pssOid: Uint8Array = derOid('1.2.840.113549.1.1.10');
const mgf1Oid = derOid('1.2.840.113549.1.1.8');
export const edwardsOids = { ed25519: derOid('1.3.101.112'), ed448: derOid('1.3.101.113') } as const;

/** RSASSA-PSS-params with one hash for message and mask. RFC 4055 §3.1. */
export interface PssParameters {
  readonly hash: HashName;
  readonly saltLength: number;
}

/**
 * The AlgorithmIdentifier in DER: octet for octet that of RFC 7427 Appendix A, but for the trailer of A.4.3. It is a default,
 * which DER leaves out; Libreswan compares octets and takes no other.
 */
export function algorithmIdentifier(algorithm: SignatureAlgorithm): Uint8Array {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return der(DerTag.SEQUENCE, oidsOf(algorithm.hash).rsa, derNull);
    case 'ecdsa':
      return der(DerTag.SEQUENCE, oidsOf(algorithm.hash).ecdsa);
    case 'rsa-pss':
      return der(DerTag.SEQUENCE, pssOid, pssParameters(algorithm));
    default:
      return der(DerTag.SEQUENCE, edwardsOids[algorithm.kind]);
  }
}

function pssParameters({ hash, saltLength }: PssParameters): Uint8Array {
  if (hash === 'sha1' && saltLength === 20) return der(DerTag.SEQUENCE);
  const identifier = der(DerTag.SEQUENCE, oidsOf(hash).oid, derNull);
  return der(
    DerTag.SEQUENCE,
    der(explicitTag(0), identifier),
    der(explicitTag(1), der(DerTag.SEQUENCE, mgf1Oid, identifier)),
    der(explicitTag(2), derNatural(Uint8Array.of(saltLength >> 8, saltLength))),
  );
}

/**
 * The algorithm an AlgorithmIdentifier names; undefined when it is not strict DER, names another one, or has parameters we do
 * not take: of PSS a mask with another hash, a salt not of the hash's length, a trailer other than 1. NULL may stand or be
 * missing where RFC 4055 §5 wants both read (RSA with PKCS#1 v1.5, hashes); ECDSA and EdDSA have no parameters.
 */
export function parseAlgorithmIdentifier(octets: Uint8Array): SignatureAlgorithm | undefined {
  return readDer(octets, (outer) => {
    const reader = outer.inside(DerTag.SEQUENCE);
    const algorithm = named(reader.whole(DerTag.OBJECT_IDENTIFIER), reader);
    if (algorithm !== undefined) reader.finish();
    return algorithm;
  });
}

function named(oid: Uint8Array, parameters: DerReader): SignatureAlgorithm | undefined {
  if (sameOctets(oid, edwardsOids.ed25519)) return { kind: 'ed25519' };
  if (sameOctets(oid, edwardsOids.ed448)) return { kind: 'ed448' };
  if (sameOctets(oid, pssOid)) {
    const read = readPssParameters(parameters);
    if (read === undefined || read.saltLength !== hashLengths[read.hash]) return undefined;
    return { kind: 'rsa-pss', ...read };
  }
  for (const { name: hash, rsa, ecdsa } of hashes) {
    if (sameOctets(oid, ecdsa)) return { kind: 'ecdsa', hash };
    if (!sameOctets(oid, rsa)) continue;
    skipNull(parameters);
    return { kind: 'rsa-pkcs1', hash };
  }
  return undefined;
}

/**
 * RSASSA-PSS-params, the next element; undefined when we do not take them. Throws DerError. A default that is spelt out is
 * taken, which RFC 7427 A.4.2 does; any salt length up to 65535.
 */
export function readPssParameters(reader: DerReader): PssParameters | undefined {
  const parameters = reader.inside(DerTag.SEQUENCE);
  const hash = optional(parameters, 0, readHash, 'sha1');
  const mask = optional(parameters, 1, readMask, 'sha1');
  const saltLength = optional(parameters, 2, readNumber, 20);
  const trailer = optional(parameters, 3, readNumber, 1);
  parameters.finish();
  if (hash === undefined || mask !== hash || saltLength === undefined || trailer !== 1) return undefined;
  return { hash, saltLength };
}

function optional<T>(parameters: DerReader, n: number, read: (reader: DerReader) => T, absent: T): T {
  if (parameters.tag !== explicitTag(n)) return absent;
  const field = parameters.inside(explicitTag(n));
  const value = read(field);
  field.finish();
  return value;
}

function readHash(reader: DerReader): HashName | undefined {
  const identifier = reader.inside(DerTag.SEQUENCE);
  const oid = identifier.whole(DerTag.OBJECT_IDENTIFIER);
  skipNull(identifier);
  identifier.finish();
  return hashes.find((hash) => sameOctets(hash.oid, oid))?.name;
}

function readMask(reader: DerReader): HashName | undefined {
  const identifier = reader.inside(DerTag.SEQUENCE);
  const oid = identifier.whole(DerTag.OBJECT_IDENTIFIER);
  if (!sameOctets(oid, mgf1Oid)) {
    while (identifier.tag !== undefined) identifier.read(identifier.tag);
    return undefined;
  }
  const hash = readHash(identifier);
  identifier.finish();
  return hash;
}

function readNumber(reader: DerReader): number | undefined {
  const octets = reader.natural();
  return octets.length > 2 ? undefined : octets.reduce((number, octet) => number * 256 + octet, 0);
}

function skipNull(reader: DerReader): void {
  if (reader.tag === DerTag.NULL && reader.read(DerTag.NULL).length > 0) throw new DerError('NULL is empty');
}

function oidsOf(hash: HashName): HashOids {
  const found = hashes.find(({ name }) => name === hash);
  if (found === undefined) throw new RangeError(`no such hash: ${hash}`);
  return found;
}

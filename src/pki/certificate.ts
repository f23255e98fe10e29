/** An X.509 certificate, read. RFC 5280 §4.1. */
import { hash } from '../crypto/noble/hash.ts';
import type { SignatureAlgorithm } from '../crypto/provider.ts';
import { parseAlgorithmIdentifier } from '../crypto/signature-algorithm.ts';
import { contentsOf, context, type Element, elementOf, explicit, octetsOf, Tag } from './der.ts';
import { checkDer } from './der-check.ts';
import { bitString, smallInteger, time } from './der-values.ts';
import { PkiError } from './error.ts';
import { certificateExtensions, type Extensions } from './extensions.ts';
import { nameKey } from './name.ts';

/** Octets are views into `der`, which nobody may change. */
export interface Certificate {
  readonly der: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** The INTEGER's contents. */
  readonly serial: Uint8Array;
  /** Raw Name elements. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  /** Equal for Names that RFC 5280 §7.1 calls the same; empty for the empty Name. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo element. */
  readonly spki: Uint8Array;
  /** SHA-1 of `spki`: what a CERTREQ names an authority by. RFC 7296 §3.7. */
  readonly keyHash: Uint8Array;
  readonly subjectKeyId?: Uint8Array;
  readonly extensions: Extensions;
  readonly altNames: AltNames;
  /** Where its CRLs and its OCSP responder are: `http` and others, as written. */
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
  readonly tbs: Uint8Array;
  /** Of the signature on it; undefined for one we do not know. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  /** Whether the algorithm within the signed part is octet for octet the one beside the signature. RFC 5280 §4.1.1.2. */
  readonly algorithmsAgree: boolean;
  readonly signature: Uint8Array;
}

/** SubjectAltName by kind; addresses are 4 or 16 octets, DNs raw. */
export interface AltNames {
  readonly dns: readonly string[];
  readonly email: readonly string[];
  readonly ip: readonly Uint8Array[];
  readonly uri: readonly string[];
  readonly dn: readonly Uint8Array[];
}

export const mostCertificateOctets = 65_536;

/** Reads one certificate in strict DER, of at most 64 KiB. Throws PkiError. */
export function parseCertificate(octets: Uint8Array): Certificate {
  const der = octetsOf(octets);
  checkDer(der, mostCertificateOctets, 'certificate');
  const contents = contentsOf(elementOf(der), 'certificate');
  const tbs = contents.next('tbsCertificate', Tag.SEQUENCE);
  const algorithm = contents.next('signatureAlgorithm', Tag.SEQUENCE);
  const signature = bitString(contents.next('signatureValue'), 'signatureValue');
  contents.end('certificate');
  const signed = tbsCertificate(tbs);
  const { extensions, inner, ...fields } = signed;
  return {
    der,
    ...fields,
    extensions,
    keyHash: hash('sha1', fields.spki),
    ...(extensions.subjectKeyId && { subjectKeyId: extensions.subjectKeyId }),
    altNames: altNamesOf(extensions),
    crlUris: crlUrisOf(extensions),
    ocspUris: extensions.ocspUris ?? [],
    tbs: tbs.raw,
    signatureAlgorithm: parseAlgorithmIdentifier(algorithm.raw),
    algorithmsAgree:
      inner.length === algorithm.raw.length && inner.every((octet, at) => octet === algorithm.raw[at]),
    signature,
  };
}

function tbsCertificate(element: Element) {
  const contents = contentsOf(element, 'tbsCertificate');
  const version = versionOf(contents.optional(context(0)));
  const serial = contents.next('serialNumber', Tag.INTEGER).body;
  const inner = contents.next('signature', Tag.SEQUENCE).raw;
  const issuer = contents.next('issuer', Tag.SEQUENCE).raw;
  const validity = contentsOf(contents.next('validity'), 'validity');
  const notBefore = time(validity.next('notBefore'), 'notBefore');
  const notAfter = time(validity.next('notAfter'), 'notAfter');
  validity.end('validity');
  const subject = contents.next('subject', Tag.SEQUENCE).raw;
  const spki = contents.next('subjectPublicKeyInfo', Tag.SEQUENCE).raw;
  const uniqueIds = [contents.optional(context(1, 'primitive')), contents.optional(context(2, 'primitive'))];
  const extensions = contents.optional(context(3));
  contents.end('tbsCertificate');
  if (version < 2 && uniqueIds.some((id) => id !== undefined)) {
    throw new PkiError('certificate', 'unique identifiers in a version 1 certificate');
  }
  if (version < 3 && extensions !== undefined) {
    throw new PkiError('certificate', `extensions in a version ${version} certificate`);
  }
  return {
    version,
    serial,
    inner,
    issuer,
    issuerKey: nameKey(issuer),
    notBefore,
    notAfter,
    subject,
    subjectKey: nameKey(subject),
    spki,
    extensions: certificateExtensions(extensions && explicit(extensions, 'extensions')),
  };
}

function versionOf(field: Element | undefined): number {
  if (field === undefined) return 1;
  const version = smallInteger(explicit(field, 'version', Tag.INTEGER).body, 'version') + 1;
  if (version !== 2 && version !== 3) throw new PkiError('certificate', `certificate of version ${version}`);
  return version;
}

function altNamesOf({ altNames = [] }: Extensions): AltNames {
  const texts = (kind: 'dns' | 'email' | 'uri') =>
    altNames.flatMap((name) => (name.kind === kind ? [name.text] : []));
  return {
    dns: texts('dns'),
    email: texts('email'),
    uri: texts('uri'),
    ip: altNames.flatMap((name) => (name.kind === 'ip' ? [name.octets] : [])),
    dn: altNames.flatMap((name) => (name.kind === 'dn' ? [name.name] : [])),
  };
}

const crlUrisOf = ({ distributionPoints = [] }: Extensions): string[] =>
  distributionPoints.flatMap(({ name }) =>
    name !== undefined && 'full' in name
      ? name.full.flatMap((one) => (one.kind === 'uri' ? [one.text] : []))
      : [],
  );

/** Whether subject and issuer are the same Name. RFC 5280 §6.1. */
export const isSelfIssued = (certificate: Certificate): boolean =>
  certificate.subjectKey === certificate.issuerKey;

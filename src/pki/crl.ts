/** A certificate revocation list, read. RFC 5280 §5. */

import { sameOctets } from '../crypto/octets.ts';
import type { SignatureAlgorithm } from '../crypto/provider.ts';
import { parseAlgorithmIdentifier } from '../crypto/signature-algorithm.ts';
import { contentsOf, context, type Element, elementOf, explicit, octetsOf, Tag } from './der.ts';
import { checkDer } from './der-check.ts';
import { bitString, boolean, namedBits, smallInteger, time } from './der-values.ts';
import { allReasons, type DistributionPointName, distributionPointName } from './distribution-point.ts';
import { PkiError } from './error.ts';
import { type AuthorityKeyId, authorityKeyId, rawExtensions } from './extensions.ts';
import { nameKey } from './name.ts';
import { Extension } from './object-ids.ts';

/** Octets are views into `der`, which nobody may change. */
export interface Crl {
  readonly der: Uint8Array;
  readonly version: number;
  readonly issuer: Uint8Array;
  readonly issuerKey: string;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  /** The contents of revokedCertificates, its entries one after another. */
  readonly entries: Uint8Array;
  readonly authorityKeyId?: AuthorityKeyId;
  /** The INTEGER's contents. */
  readonly number?: Uint8Array;
  /** BaseCRLNumber: this is a delta. */
  readonly deltaBase?: Uint8Array;
  readonly scope?: IssuingDistributionPoint;
  /** Critical extensions, of the list or of an entry, that nobody here processes. */
  readonly unknownCritical: readonly string[];
  /** Extension by OID, and whether it is critical. */
  readonly extensions: ReadonlyMap<string, boolean>;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly algorithmsAgree: boolean;
  readonly signature: Uint8Array;
}

/** RFC 5280 §5.2.5. */
export interface IssuingDistributionPoint {
  readonly name?: DistributionPointName;
  readonly onlyUserCertificates: boolean;
  readonly onlyAuthorities: boolean;
  readonly onlyAttributes: boolean;
  readonly indirect: boolean;
  /** ReasonFlags, bit 0 lowest; undefined: all. */
  readonly reasons?: number;
}

export const mostCrlOctets = 64 << 20;

/** Reads one CRL in strict DER, of at most 64 MiB. The entries are walked, not kept apart. Throws PkiError. */
export function parseCrl(octets: Uint8Array): Crl {
  const der = octetsOf(octets);
  checkDer(der, mostCrlOctets, 'CRL');
  const contents = contentsOf(elementOf(der), 'CRL');
  const tbs = contents.next('tbsCertList', Tag.SEQUENCE);
  const algorithm = contents.next('signatureAlgorithm', Tag.SEQUENCE).raw;
  const signature = bitString(contents.next('signatureValue'), 'signatureValue');
  contents.end('CRL');
  const { inner, ...fields } = tbsCertList(tbs);
  return {
    der,
    ...fields,
    tbs: tbs.raw,
    signatureAlgorithm: parseAlgorithmIdentifier(algorithm),
    algorithmsAgree: sameOctets(inner, algorithm),
    signature,
  };
}

function tbsCertList(element: Element) {
  const contents = contentsOf(element, 'tbsCertList');
  const versionField = contents.optional(Tag.INTEGER);
  const version = versionField === undefined ? 1 : smallInteger(versionField.body, 'version') + 1;
  if (version > 2) throw new PkiError('crl', `CRL of version ${version}`);
  const inner = contents.next('signature', Tag.SEQUENCE).raw;
  const issuer = contents.next('issuer', Tag.SEQUENCE).raw;
  const thisUpdate = time(contents.next('thisUpdate'), 'thisUpdate');
  const nextField = contents.optional(Tag.UTC_TIME) ?? contents.optional(Tag.GENERALIZED_TIME);
  const entries = contents.optional(Tag.SEQUENCE)?.body ?? new Uint8Array();
  const extensions = contents.optional(context(0));
  contents.end('tbsCertList');
  if (version < 2 && extensions !== undefined) throw new PkiError('crl', 'extensions in a version 1 CRL');
  const { unknownCritical, ...read } = crlExtensions(extensions && explicit(extensions, 'crlExtensions'));
  return {
    version,
    inner,
    issuer,
    issuerKey: nameKey(issuer),
    thisUpdate,
    ...(nextField && { nextUpdate: time(nextField, 'nextUpdate') }),
    entries,
    ...read,
    unknownCritical,
  };
}

function crlExtensions(element: Element | undefined) {
  const extensions = new Map<string, boolean>();
  const unknownCritical: string[] = [];
  let read: Pick<Crl, 'authorityKeyId' | 'number' | 'deltaBase' | 'scope'> = {};
  for (const { id, critical, value } of element === undefined ? [] : rawExtensions(element)) {
    extensions.set(id, critical);
    const parse = readers[id];
    if (parse !== undefined) {
      checkDer(value, value.length, `CRL extension ${id}`);
      read = { ...read, ...parse(value) };
    } else if (critical) {
      unknownCritical.push(id);
    }
  }
  return { ...read, extensions, unknownCritical };
}

const readers: Readonly<
  Record<string, (value: Uint8Array) => Pick<Crl, 'authorityKeyId' | 'number' | 'deltaBase' | 'scope'>>
> = {
  [Extension.AUTHORITY_KEY_IDENTIFIER]: (value) => ({ authorityKeyId: authorityKeyId(value) }),
  [Extension.CRL_NUMBER]: (value) => ({ number: crlNumber(value) }),
  [Extension.DELTA_CRL_INDICATOR]: (value) => ({ deltaBase: crlNumber(value) }),
  [Extension.ISSUING_DISTRIBUTION_POINT]: (value) => ({ scope: issuingDistributionPoint(value) }),
};

function crlNumber(value: Uint8Array): Uint8Array {
  const element = elementOf(value);
  if (element.tag !== Tag.INTEGER || (element.body[0] ?? 0x80) >= 0x80 || element.body.length > 21) {
    throw new PkiError('crl', 'CRL number that is none');
  }
  return element.body;
}

function issuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  const contents = contentsOf(elementOf(value), 'IssuingDistributionPoint');
  const name = contents.optional(context(0));
  const flag = (number: number) => {
    const field = contents.optional(context(number, 'primitive'));
    if (field === undefined) return false;
    if (field.body.length !== 1 || !boolean(field.body)) {
      throw new PkiError('der', 'IssuingDistributionPoint with its default written out');
    }
    return true;
  };
  const onlyUserCertificates = flag(1);
  const onlyAuthorities = flag(2);
  const reasons = contents.optional(context(3, 'primitive'));
  const indirect = flag(4);
  const onlyAttributes = flag(5);
  contents.end('IssuingDistributionPoint');
  return {
    ...(name && { name: distributionPointName(name) }),
    onlyUserCertificates,
    onlyAuthorities,
    onlyAttributes,
    indirect,
    ...(reasons && { reasons: namedBits(reasons.body, 'ReasonFlags') & allReasons }),
  };
}

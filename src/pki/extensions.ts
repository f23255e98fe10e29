/** Certificate extensions. RFC 5280 §4.2. */
import { type Contents, contentsOf, context, type Element, elementOf, listOf, Tag } from './der.ts';
import { checkDer } from './der-check.ts';
import { boolean, namedBits, oid, smallInteger } from './der-values.ts';
import { type DistributionPoint, distributionPoints } from './distribution-point.ts';
import { PkiError } from './error.ts';
import { type GeneralName, generalName, generalNames, generalNamesOf } from './general-name.ts';
import { type NameConstraints, nameConstraints } from './name-constraints.ts';
import { AccessMethod, Extension } from './object-ids.ts';
import {
  type CertificatePolicies,
  certificatePolicies,
  type PolicyConstraints,
  type PolicyMapping,
  policyConstraints,
  policyMappings,
} from './policy-extensions.ts';

export interface Extensions {
  /** Each by its OID, and whether it is critical. */
  readonly all: ReadonlyMap<string, boolean>;
  /** The critical ones nobody here processes. */
  readonly unknownCritical: readonly string[];
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  /** Bits as `KeyUsage`. */
  readonly keyUsage?: number;
  readonly extendedKeyUsage?: readonly string[];
  readonly altNames?: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints;
  readonly policies?: CertificatePolicies;
  readonly policyMappings?: readonly PolicyMapping[];
  readonly policyConstraints?: PolicyConstraints;
  readonly inhibitAnyPolicy?: number;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: AuthorityKeyId;
  readonly distributionPoints?: readonly DistributionPoint[];
  readonly freshestCrl?: readonly DistributionPoint[];
  readonly ocspUris?: readonly string[];
}

export interface AuthorityKeyId {
  readonly keyId?: Uint8Array;
  readonly issuer?: readonly GeneralName[];
  readonly serial?: Uint8Array;
}

/** One Extension, its value not read yet but strict DER when it is one of ours. */
export interface RawExtension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** The members of an Extensions SEQUENCE. Throws PkiError, also when one comes twice. */
export function rawExtensions(element: Element): RawExtension[] {
  const seen = new Set<string>();
  return listOf(element, 'Extensions', Tag.SEQUENCE, 128).map((member) => {
    const contents = contentsOf(member, 'Extension');
    const id = oid(contents.next('extnID', Tag.OID).body);
    const critical = contents.optional(Tag.BOOLEAN);
    const value = contents.next('extnValue', Tag.OCTET_STRING).body;
    contents.end('Extension');
    if (critical && !boolean(critical.body))
      throw new PkiError('der', 'Extension with its default written out');
    if (seen.has(id)) throw new PkiError('extension', `extension ${id} comes twice`);
    seen.add(id);
    return { id, critical: critical !== undefined, value };
  });
}

type Parsed = { -readonly [Key in keyof Extensions]?: Extensions[Key] };

/** What each extension adds. SHALL NOT be critical: AuthorityInfoAccess, so a critical one is refused as unknown. */
const readers: Readonly<Record<string, (value: Uint8Array, critical: boolean) => Parsed>> = {
  [Extension.BASIC_CONSTRAINTS]: (value) => ({ basicConstraints: basicConstraints(value) }),
  [Extension.KEY_USAGE]: (value) => ({ keyUsage: keyUsage(value) }),
  [Extension.EXTENDED_KEY_USAGE]: (value) => ({ extendedKeyUsage: extendedKeyUsage(value) }),
  [Extension.SUBJECT_ALT_NAME]: (value) => ({ altNames: generalNamesOf(value, 'SubjectAltName') }),
  [Extension.ISSUER_ALT_NAME]: (value) => {
    generalNamesOf(value, 'IssuerAltName');
    return {};
  },
  [Extension.NAME_CONSTRAINTS]: (value) => ({ nameConstraints: nameConstraints(value) }),
  [Extension.CERTIFICATE_POLICIES]: (value) => ({ policies: certificatePolicies(value) }),
  [Extension.POLICY_MAPPINGS]: (value) => ({ policyMappings: policyMappings(value) }),
  [Extension.POLICY_CONSTRAINTS]: (value) => ({ policyConstraints: policyConstraints(value) }),
  [Extension.INHIBIT_ANY_POLICY]: (value) => ({ inhibitAnyPolicy: integerOf(value, 'InhibitAnyPolicy') }),
  [Extension.SUBJECT_KEY_IDENTIFIER]: (value) => ({
    subjectKeyId: octetString(value, 'SubjectKeyIdentifier'),
  }),
  [Extension.AUTHORITY_KEY_IDENTIFIER]: (value) => ({ authorityKeyId: authorityKeyId(value) }),
  [Extension.CRL_DISTRIBUTION_POINTS]: (value) => ({ distributionPoints: distributionPoints(value) }),
  [Extension.FRESHEST_CRL]: (value) => ({ freshestCrl: distributionPoints(value) }),
};

/** Reads those of a certificate. Throws PkiError. */
export function certificateExtensions(element: Element | undefined): Extensions {
  const all = new Map<string, boolean>();
  const unknownCritical: string[] = [];
  let parsed: Parsed = {};
  for (const { id, critical, value } of element === undefined ? [] : rawExtensions(element)) {
    all.set(id, critical);
    const read = readers[id];
    if (read !== undefined) {
      checkDer(value, value.length, `extension ${id}`);
      parsed = { ...parsed, ...read(value, critical) };
    } else if (id === Extension.AUTHORITY_INFO_ACCESS) {
      checkDer(value, value.length, `extension ${id}`);
      parsed = { ...parsed, ocspUris: ocspUris(value) };
    }
    if (critical && read === undefined) unknownCritical.push(id);
  }
  // RFC 5280 §4.2.1.4: a critical extension whose qualifiers are not understood is not understood.
  if (parsed.policies?.unknownQualifier && all.get(Extension.CERTIFICATE_POLICIES)) {
    unknownCritical.push(Extension.CERTIFICATE_POLICIES);
  }
  return { ...parsed, all, unknownCritical };
}

function basicConstraints(value: Uint8Array): NonNullable<Extensions['basicConstraints']> {
  const contents = contentsOf(elementOf(value), 'BasicConstraints');
  const ca = contents.optional(Tag.BOOLEAN);
  const pathLength = contents.optional(Tag.INTEGER);
  contents.end('BasicConstraints');
  if (ca && !boolean(ca.body)) throw new PkiError('der', 'BasicConstraints with its default written out');
  return {
    ca: ca !== undefined,
    ...(pathLength && { pathLength: smallInteger(pathLength.body, 'pathLenConstraint') }),
  };
}

function keyUsage(value: Uint8Array): number {
  const element = elementOf(value);
  if (element.tag !== Tag.BIT_STRING) throw new PkiError('extension', 'KeyUsage is no BIT STRING');
  return namedBits(element.body, 'KeyUsage');
}

export const extendedKeyUsage = (value: Uint8Array): string[] =>
  listOf(elementOf(value), 'ExtendedKeyUsage', Tag.SEQUENCE, 128).map((purpose) => {
    if (purpose.tag !== Tag.OID) throw new PkiError('extension', 'KeyPurposeId is no OBJECT IDENTIFIER');
    return oid(purpose.body);
  });

/** The value of an extension that is one INTEGER. Throws PkiError. */
export function integerOf(value: Uint8Array, what: string): number {
  const element = elementOf(value);
  if (element.tag !== Tag.INTEGER) throw new PkiError('extension', `${what} is no INTEGER`);
  return smallInteger(element.body, what);
}

function octetString(value: Uint8Array, what: string): Uint8Array {
  const element = elementOf(value);
  if (element.tag !== Tag.OCTET_STRING) throw new PkiError('extension', `${what} is no OCTET STRING`);
  return element.body;
}

/** The value of an AuthorityKeyIdentifier. Throws PkiError. */
export function authorityKeyId(value: Uint8Array): AuthorityKeyId {
  const contents: Contents = contentsOf(elementOf(value), 'AuthorityKeyIdentifier');
  const keyId = contents.optional(context(0, 'primitive'))?.body;
  const issuer = contents.optional(context(1));
  const serial = contents.optional(context(2, 'primitive'))?.body;
  contents.end('AuthorityKeyIdentifier');
  return {
    ...(keyId && { keyId }),
    ...(issuer && { issuer: generalNames(issuer, 'authorityCertIssuer') }),
    ...(serial && { serial }),
  };
}

function ocspUris(value: Uint8Array): string[] {
  return listOf(elementOf(value), 'AuthorityInfoAccess', Tag.SEQUENCE, 64).flatMap((description) => {
    const contents = contentsOf(description, 'AccessDescription');
    const method = oid(contents.next('accessMethod', Tag.OID).body);
    const location = generalName(contents.next('accessLocation'));
    contents.end('AccessDescription');
    return method === AccessMethod.OCSP && location.kind === 'uri' ? [location.text] : [];
  });
}

/** Whether a certificate speaks for an identity. RFC 4945 §3.1 and §5.1.3.6, and as pluto decides it. */

import { sameOctets } from '../crypto/octets.ts';
import { IdType } from '../wire/numbers.ts';
import type { Certificate } from './certificate.ts';
import { type Attribute, latin, nameKey, rdnKey, rdnsOf, textOf } from './name.ts';

/** An ID payload's type and data. */
export interface NamedIdentity {
  readonly type: number;
  readonly data: Uint8Array;
}

/**
 * Whether `certificate` speaks for `identity`: its subject for a DN (no wildcards: this is what a peer claims), its
 * SubjectAltName for the others, in which a dNSName `*.example.com` stands for any one label. The common name never counts.
 */
export function identityMatches(certificate: Certificate, identity: NamedIdentity): boolean {
  const { altNames } = certificate;
  switch (identity.type) {
    case IdType.DER_ASN1_DN:
      return (
        sameOctets(certificate.subject, identity.data) || sameName(certificate.subjectKey, identity.data)
      );
    case IdType.FQDN:
      return altNames.dns.some((name) => hostMatches(name, latin(identity.data)));
    case IdType.RFC822_ADDR:
      return altNames.email.some((name) => folded(name) === folded(latin(identity.data)));
    case IdType.IPV4_ADDR:
      return identity.data.length === 4 && altNames.ip.some((address) => sameOctets(address, identity.data));
    case IdType.IPV6_ADDR:
      return identity.data.length === 16 && altNames.ip.some((address) => sameOctets(address, identity.data));
    default:
      return false;
  }
}

/** What `%fromcert` stands for: the subject. RFC 4945 §3.1.5. */
export const subjectIdentity = (certificate: Certificate): NamedIdentity => ({
  type: IdType.DER_ASN1_DN,
  data: certificate.subject,
});

function sameName(key: string, data: Uint8Array): boolean {
  try {
    return key !== '' && key === nameKey(data);
  } catch {
    return false;
  }
}

/** Without regard to case and trailing dots; `*.` in the certificate stands for the first label. */
function hostMatches(name: string, host: string): boolean {
  const [pattern, wanted] = [folded(name), folded(host)];
  if (pattern === '' || wanted === '') return false;
  if (!pattern.startsWith('*.')) return pattern === wanted;
  const dot = wanted.indexOf('.');
  return dot > 0 && pattern.length > 2 && wanted.slice(dot) === pattern.slice(1) && !wanted.startsWith('*');
}

const folded = (text: string): string =>
  text.replace(/\.+$/, '').replace(/[A-Z]+/g, (some) => some.toLowerCase());

/**
 * Whether `actual` is what a configured DN asks for: the same attributes, where a value `*` in `pattern` stands for any.
 * The order of RDNs does not matter, as in pluto; their number does. False when either is no Name.
 */
export function dnMatches(pattern: Uint8Array, actual: Uint8Array): boolean {
  try {
    const [wanted, given] = [rdnsOf(pattern), rdnsOf(actual)];
    return wanted.length > 0 && wanted.length === given.length && inAnyOrder(wanted, given);
  } catch {
    return false;
  }
}

/** Whether a configured DN has a value `*`. */
export function hasWildcard(name: Uint8Array): boolean {
  return rdnsOf(name).flat().some(isWildcard);
}

/** RDNs without a wildcard first: they can be taken by no other. */
function inAnyOrder(wanted: readonly Attribute[][], given: readonly Attribute[][]): boolean {
  const left = [...given];
  const plainFirst = [...wanted].sort((a, b) => Number(a.some(isWildcard)) - Number(b.some(isWildcard)));
  for (const rdn of plainFirst) {
    const at = left.findIndex((one) => rdnMatches(rdn, one));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return true;
}

function rdnMatches(wanted: readonly Attribute[], given: readonly Attribute[]): boolean {
  if (wanted.length !== given.length) return false;
  return wanted.every((one) =>
    given.some((other) => one.type === other.type && (isWildcard(one) || rdnKey([one]) === rdnKey([other]))),
  );
}

const isWildcard = ({ value }: Attribute): boolean => textOf(value) === '*';

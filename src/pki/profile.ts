/** What RFC 5280 §4 forbids authorities to issue, though a path with it would validate. */
import { type Certificate, isSelfIssued } from './certificate.ts';
import type { Crl } from './crl.ts';
import { Extension, KeyUsage } from './object-ids.ts';

/** The first breach, in words; undefined when there is none. */
export function profileBreach(
  certificate: Certificate,
  role: 'anchor' | 'intermediate' | 'leaf',
): string | undefined {
  const { extensions, serial } = certificate;
  const critical = (id: string) => extensions.all.get(id);
  const authority = role !== 'leaf';
  if (certificate.version !== 3) return authority ? undefined : 'not a version 3 certificate'; // old roots remain
  if (certificate.issuerKey === '') return 'empty issuer (RFC 5280 4.1.2.4)';
  if (serial.length > 20 || (serial[0] ?? 0x80) >= 0x80 || serial.every((octet) => octet === 0)) {
    return 'serial number not positive or longer than 20 octets (RFC 5280 4.1.2.2)';
  }
  if (certificate.subjectKey === '') {
    if (authority) return 'authority without a subject (RFC 5280 4.1.2.6)';
    if (critical(Extension.SUBJECT_ALT_NAME) !== true)
      return 'no subject, and no critical subjectAltName (RFC 5280 4.2.1.6)';
  }
  if (critical(Extension.SUBJECT_KEY_IDENTIFIER) === true)
    return 'critical subjectKeyIdentifier (RFC 5280 4.2.1.2)';
  if (critical(Extension.AUTHORITY_KEY_IDENTIFIER) === true)
    return 'critical authorityKeyIdentifier (RFC 5280 4.2.1.1)';
  if ((role !== 'anchor' || !isSelfIssued(certificate)) && extensions.authorityKeyId?.keyId === undefined) {
    return 'no authorityKeyIdentifier (RFC 5280 4.2.1.1)';
  }
  if (critical(Extension.NAME_CONSTRAINTS) === false)
    return 'nameConstraints not critical (RFC 5280 4.2.1.10)';
  if (critical(Extension.POLICY_CONSTRAINTS) === false)
    return 'policyConstraints not critical (RFC 5280 4.2.1.11)';
  if (critical(Extension.INHIBIT_ANY_POLICY) === false)
    return 'inhibitAnyPolicy not critical (RFC 5280 4.2.1.14)';
  if (extensions.altNames?.some((name) => name.kind === 'dns' && !isHostName(name.text))) {
    return 'dNSName that is no host name (RFC 5280 4.2.1.6)';
  }
  return authority ? authorityBreach(certificate) : leafBreach(certificate);
}

function authorityBreach({ extensions }: Certificate): string | undefined {
  if (extensions.subjectKeyId === undefined)
    return 'authority without subjectKeyIdentifier (RFC 5280 4.2.1.2)';
  return extensions.all.get(Extension.BASIC_CONSTRAINTS) === true
    ? undefined
    : 'basicConstraints not critical (RFC 5280 4.2.1.9)';
}

function leafBreach({ extensions }: Certificate): string | undefined {
  if (extensions.basicConstraints?.ca) return undefined;
  if (extensions.nameConstraints) return 'nameConstraints without being an authority (RFC 5280 4.2.1.10)';
  const signs = ((extensions.keyUsage ?? 0) & KeyUsage.KEY_CERT_SIGN) !== 0;
  return signs ? 'keyCertSign without being an authority (RFC 5280 4.2.1.9)' : undefined;
}

/** The same of a CRL (§5.2). */
export function crlBreach(crl: Crl): string | undefined {
  if (crl.version !== 2) return 'not a version 2 CRL (RFC 5280 5.1.2.1)';
  if (crl.extensions.get(Extension.CRL_NUMBER) !== false)
    return 'no CRL number, or a critical one (RFC 5280 5.2.3)';
  return crl.authorityKeyId === undefined ? 'CRL without authorityKeyIdentifier (RFC 5280 5.2.1)' : undefined;
}

const isHostName = (text: string): boolean =>
  /^(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(
    text,
  );

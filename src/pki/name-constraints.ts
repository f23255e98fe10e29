/** Name constraints: the extension, and whether a certificate's names obey it. RFC 5280 §4.2.1.10. */

import { sameOctets } from '../crypto/octets.ts';
import type { Certificate } from './certificate.ts';
import { contentsOf, context, type Element, elementOf, listOf } from './der.ts';
import { PkiError } from './error.ts';
import { type GeneralName, generalName, type NameKind } from './general-name.ts';
import { rdnsOf, textOf } from './name.ts';
import { EMAIL_ADDRESS } from './object-ids.ts';

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** What comparing names may still cost: one for each name and subtree. */
export interface Budget {
  comparisons: number;
}

/** The extension's value. Throws PkiError. */
export function nameConstraints(value: Uint8Array): NameConstraints {
  const contents = contentsOf(elementOf(value), 'NameConstraints');
  const permitted = contents.optional(context(0));
  const excluded = contents.optional(context(1));
  contents.end('NameConstraints');
  if (permitted === undefined && excluded === undefined)
    throw new PkiError('extension', 'NameConstraints is empty');
  return { permitted: subtrees(permitted), excluded: subtrees(excluded) };
}

const subtrees = (element: Element | undefined): GeneralName[] =>
  element === undefined ? [] : listOf(element, 'GeneralSubtrees', element.tag, 65_536).map(subtree);

/** `minimum` and `maximum` are never used in RFC 5280's profile. */
function subtree(element: Element): GeneralName {
  const contents = contentsOf(element, 'GeneralSubtree');
  const base = generalName(contents.next('base'), 'constraint');
  contents.end('GeneralSubtree');
  if (base.kind === 'ip' && !hasPrefixMask(base.octets)) {
    throw new PkiError('extension', 'NameConstraints with an address mask that is no prefix');
  }
  if (base.kind === 'dns' && !/^[A-Za-z0-9_.-]*$/.test(base.text)) {
    throw new PkiError('extension', 'NameConstraints with a domain that is none');
  }
  return base;
}

function hasPrefixMask(octets: Uint8Array): boolean {
  let ended = false;
  for (const octet of octets.subarray(octets.length / 2)) {
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      if ((octet & bit) === 0) ended = true;
      else if (ended) return false;
    }
  }
  return true;
}

/**
 * The kind of the first name of `certificate` that `constraints`, those of all its issuers, do not allow; `budget` when
 * that cannot be told within it.
 */
export function nameViolation(
  constraints: readonly NameConstraints[],
  certificate: Certificate,
  budget: Budget,
): NameKind | 'budget' | undefined {
  if (constraints.length === 0) return undefined;
  for (const name of namesOf(certificate)) {
    for (const { permitted, excluded } of constraints) {
      budget.comparisons -= permitted.length + excluded.length;
      if (budget.comparisons < 0) return 'budget';
      if (!allowed(name, permitted, excluded)) return name.kind;
    }
  }
  return undefined;
}

/** Its subject, SubjectAltName and the e-mail addresses in its subject, which older certificates have there. */
function namesOf(certificate: Certificate): GeneralName[] {
  const names = [...(certificate.extensions.altNames ?? [])];
  if (certificate.subjectKey === '') return names;
  names.push({ kind: 'dn', name: certificate.subject, key: certificate.subjectKey });
  for (const { type, value } of rdnsOf(certificate.subject).flat()) {
    if (type === EMAIL_ADDRESS) names.push({ kind: 'email', text: textOf(value) ?? '' });
  }
  return names;
}

function allowed(
  name: GeneralName,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): boolean {
  const ofKind = (base: GeneralName) => base.kind === name.kind;
  const [may, mayNot] = [permitted.filter(ofKind), excluded.filter(ofKind)];
  if (may.length === 0 && mayNot.length === 0) return true;
  if (!isComparable(name) || mayNot.some((base) => within(name, base, 'excluded'))) return false;
  return may.length === 0 || may.some((base) => within(name, base, 'permitted'));
}

/** RFC 5280 lets kinds without rules for constraints be refused; so are texts without the host that is compared. */
function isComparable(name: GeneralName): boolean {
  if (name.kind === 'uri') return uriHost(name.text) !== undefined;
  if (name.kind === 'email') return mailbox(name.text) !== undefined;
  return name.kind === 'dns' || name.kind === 'dn' || name.kind === 'ip';
}

function within(name: GeneralName, base: GeneralName, list: 'permitted' | 'excluded'): boolean {
  if (name.kind === 'dn' && base.kind === 'dn') {
    return base.key === '' || name.key === base.key || name.key.startsWith(`${base.key}\n`);
  }
  if (name.kind === 'ip' && base.kind === 'ip') return inNetwork(name.octets, base.octets);
  if (name.kind === 'dns' && base.kind === 'dns') return inDomain(name.text, base.text, list);
  if (name.kind === 'email' && base.kind === 'email') return inMailDomain(name.text, base.text);
  return name.kind === 'uri' && base.kind === 'uri' && onHost(uriHost(name.text) ?? '', base.text);
}

function inNetwork(address: Uint8Array, network: Uint8Array): boolean {
  const mask = network.subarray(address.length);
  if (mask.length !== address.length) return false;
  return sameOctets(
    address.map((octet, at) => octet & (mask[at] ?? 0)),
    network.subarray(0, address.length).map((octet, at) => octet & (mask[at] ?? 0)),
  );
}

/** A domain has all below it and, unless it begins with a dot, itself. A wildcard is excluded when one of its names is. */
function inDomain(name: string, base: string, list: 'permitted' | 'excluded'): boolean {
  const [host, domain] = [lower(name), lower(base)];
  if (domain === '' || host === domain) return true;
  if (host.endsWith(domain.startsWith('.') ? domain : `.${domain}`)) return true;
  return list === 'excluded' && host.startsWith('*.') && domain.slice(domain.indexOf('.')) === host.slice(1);
}

/** A mailbox, all mailboxes on a host, or with a leading dot those on hosts below a domain. */
function inMailDomain(text: string, base: string): boolean {
  const box = mailbox(text);
  if (box === undefined) return false;
  const only = mailbox(base);
  if (only !== undefined) return box.local === only.local && box.host === only.host;
  return onHost(box.host, base);
}

const onHost = (host: string, base: string): boolean =>
  base === '' || (base.startsWith('.') ? host.endsWith(lower(base)) : host === lower(base));

function mailbox(text: string): { local: string; host: string } | undefined {
  const parts = /^("(?:[^"\\]|\\.)*"|[^@"]+)@([^@\s]+)$/.exec(text);
  return parts ? { local: parts[1] ?? '', host: lower(parts[2] ?? '') } : undefined;
}

/** The host of a URI by name; undefined for one without and for addresses. */
function uriHost(text: string): string | undefined {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text)?.[1];
  const host = authority?.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  if (host === undefined || host === '' || host.startsWith('[') || /^[\d.]+$/.test(host)) return undefined;
  return lower(host);
}

const lower = (text: string): string => text.toLowerCase();

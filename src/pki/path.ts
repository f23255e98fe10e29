/** Finding a path from a leaf to an anchor: depth first, with a memory and a budget. RFC 4158, RFC 5280 §6.1. */

import { sameOctets } from '../crypto/octets.ts';
import type { Crypto } from '../crypto/provider.ts';
import type { Certificate } from './certificate.ts';
import { formatDn } from './dn-text.ts';
import type { Budget } from './name-constraints.ts';
import type { PathOptions } from './options.ts';
import { checkPath } from './path-rules.ts';
import { isSignedBy, publicKeyOf, type Signed, usesSha1 } from './public-key.ts';
import { type Refusal, refusal } from './verdict.ts';

/** What was given, what is known and what may still be spent, for one verdict. */
export interface Search {
  readonly crypto: Crypto;
  readonly at: number;
  readonly options: PathOptions;
  readonly intermediates: ReadonlyMap<string, readonly Certificate[]>;
  readonly anchors: ReadonlyMap<string, readonly Certificate[]>;
  /** Issuer, then subject: whether the one signed the other. */
  readonly signed: Map<Certificate, Map<Certificate, boolean>>;
  readonly budget: Budget & { signatures: number; steps: number };
}

export interface FoundPath {
  readonly path: readonly Certificate[];
  readonly policies: readonly string[];
}

/** By the key of their subjects. */
export function bySubject(certificates: readonly Certificate[]): Map<string, Certificate[]> {
  const map = new Map<string, Certificate[]>();
  for (const one of certificates) map.set(one.subjectKey, [...(map.get(one.subjectKey) ?? []), one]);
  return map;
}

/**
 * The first path that is valid and that `accept` takes; else the refusal that says most: of a whole path before one of a
 * path that reached no anchor. `accept` returns what it holds against a valid path, or the value to return.
 */
export function findPath<T extends object>(
  leaf: Certificate,
  search: Search,
  options: PathOptions,
  accept: (found: FoundPath) => T | Refusal,
): T | Refusal {
  let best: { refusal: Refusal; rank: number } | undefined;
  const note = (wrong: Refusal, rank: number): undefined => {
    if (best === undefined || rank > best.rank) best = { refusal: wrong, rank };
    return undefined;
  };
  const judge = (path: readonly Certificate[]): T | undefined => {
    const policies = checkPath(path, { ...search, options });
    if ('ok' in policies) return note(policies, 3);
    const taken = accept({ path, policies });
    return isRefusal(taken) ? note(taken, 4) : taken;
  };
  const extend = (path: readonly Certificate[]): T | undefined => {
    const last = path[path.length - 1];
    if (last === undefined) return undefined;
    const anchors = candidates(last, search.anchors);
    const between = path.length + 1 < options.limits.depth ? candidates(last, search.intermediates) : [];
    if (anchors.length + between.length === 0) return note(unknownIssuer(last), 1);
    for (const [list, isAnchor] of [[anchors, true] as const, [between, false] as const]) {
      for (const issuer of list) {
        if (search.budget.steps-- <= 0) return note(exhausted(leaf), 5);
        if (path.some((one) => one.subjectKey === issuer.subjectKey && sameOctets(one.spki, issuer.spki)))
          continue;
        if (!signedBy(last, issuer, search)) {
          if (search.budget.signatures < 0) return note(exhausted(leaf), 5);
          note(badSignature(last, issuer, search), 2);
          continue;
        }
        const found = isAnchor ? judge([...path, issuer]) : extend([...path, issuer]);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return extend([leaf]) ?? best?.refusal ?? unknownIssuer(leaf);
}

const isRefusal = (value: object): value is Refusal => 'ok' in value && value.ok === false;

/** Those named as the issuer; first those whose key identifier is the one named. RFC 5280 §4.2.1.1. */
function candidates(
  certificate: Certificate,
  from: ReadonlyMap<string, readonly Certificate[]>,
): readonly Certificate[] {
  const named = from.get(certificate.issuerKey) ?? [];
  const wanted = certificate.extensions.authorityKeyId?.keyId;
  if (wanted === undefined || named.length < 2) return named;
  const fits = ({ subjectKeyId }: Certificate) =>
    subjectKeyId !== undefined && sameOctets(subjectKeyId, wanted);
  return [...named.filter(fits), ...named.filter((one) => !fits(one))];
}

function signedBy(certificate: Certificate, issuer: Certificate, search: Search): boolean {
  const known = search.signed.get(issuer) ?? new Map<Certificate, boolean>();
  search.signed.set(issuer, known);
  let holds = known.get(certificate);
  if (holds === undefined) {
    search.budget.signatures--;
    holds = search.budget.signatures >= 0 && isSignedBy(search.crypto, certificate, issuer);
    known.set(certificate, holds);
  }
  return holds;
}

/** The signature holds, by an algorithm and a key the options allow, within the budget of signatures. */
export function signedWithin(signed: Signed, signer: Certificate, search: Search): boolean {
  const { crypto, options, budget } = search;
  if (!options.sha1 && usesSha1(signed.signatureAlgorithm)) return false;
  const key = publicKeyOf(crypto, signer);
  if (key === undefined || (key.kind === 'rsa' && key.bits < options.leastRsaBits)) return false;
  return budget.signatures-- > 0 && isSignedBy(crypto, signed, signer);
}

const unknownIssuer = (certificate: Certificate) =>
  refusal(
    'UNTRUSTED',
    `no trusted authority: ${formatDn(certificate.issuer)}, the issuer of ${formatDn(certificate.subject)}, is not known`,
    certificate,
  );

function badSignature(certificate: Certificate, issuer: Certificate, { crypto }: Search): Refusal {
  const name = formatDn(certificate.subject);
  if (certificate.signatureAlgorithm === undefined) {
    return refusal('BAD_SIGNATURE', `signed with an unknown algorithm: ${name}`, certificate);
  }
  if (!certificate.algorithmsAgree) {
    return refusal(
      'BAD_SIGNATURE',
      `signature algorithm named differently inside and out: ${name}`,
      certificate,
    );
  }
  if (publicKeyOf(crypto, issuer) === undefined) {
    return refusal('WEAK', `public key of a kind or size not taken: ${formatDn(issuer.subject)}`, issuer);
  }
  return refusal(
    'BAD_SIGNATURE',
    `not signed by the key of ${formatDn(certificate.issuer)}: ${name}`,
    certificate,
  );
}

const exhausted = (leaf: Certificate) =>
  refusal('TOO_BIG', `no path found within the effort one may cost: ${formatDn(leaf.subject)}`, leaf);

/** What CRLs say of a certificate. RFC 5280 §6.3. */

import { sameOctets } from '../crypto/octets.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import type { Crl } from './crl.ts';
import { CERTIFICATE_HOLD, entryFor, REMOVE_FROM_CRL } from './crl-entries.ts';
import { coverage, extendsBase, pointsOf } from './crl-scope.ts';
import { allReasons } from './distribution-point.ts';
import { KeyUsage } from './object-ids.ts';
import { findPath, type Search, signedWithin } from './path.ts';
import { crlBreach } from './profile.ts';
import { freshUntil, type Status } from './status.ts';
import { type Refusal, refusal } from './verdict.ts';

/** What is needed to judge the CRLs of one certificate. */
export interface CrlContext {
  readonly crls: readonly Crl[];
  readonly search: Search;
  /** The path the certificate was found on: its issuer is the next, its anchor the last. */
  readonly path: readonly Certificate[];
  /** Whether a CRL issuer's own status is good enough; guards against going in circles. */
  readonly trusts: (path: readonly Certificate[]) => boolean;
}

/** The status by all CRLs that cover it: `good` when they cover every reason between them. */
export function crlStatus(certificate: Certificate, context: CrlContext): Status {
  let reasons = 0;
  let until = Number.MAX_SAFE_INTEGER;
  const { at } = context.search;
  for (const point of pointsOf(certificate)) {
    for (const crl of context.crls) {
      if (crl.deltaBase !== undefined || crl.thisUpdate > at + context.search.options.statusSkew) continue;
      if (context.search.options.strictProfile && crlBreach(crl) !== undefined) continue;
      const covered = coverage(crl, certificate, point);
      if ((covered & ~reasons) === 0 || !isAuthentic(crl, certificate, context)) continue;
      const listed = listedIn(crl, certificate, context);
      if (listed === 'malformed') continue;
      if (listed === 'revoked') return { kind: 'revoked' };
      const fresh = freshUntil(crl, context.search.options);
      if (fresh < at) continue;
      reasons |= covered;
      until = Math.min(until, fresh);
    }
  }
  return reasons === allReasons ? { kind: 'good', until } : { kind: 'unknown' };
}

/**
 * Whether the certificate is on `crl`, or on a delta to it, which may also take it off. An entry of a stale list counts: what
 * was revoked stays so, unless it was only on hold.
 */
function listedIn(
  crl: Crl,
  certificate: Certificate,
  context: CrlContext,
): 'revoked' | 'malformed' | undefined {
  const { at } = context.search;
  const entry = (list: Crl) => entryFor(list, certificate.serial, certificate.issuerKey);
  for (const delta of context.crls) {
    const early = delta.thisUpdate > at + context.search.options.statusSkew;
    if (early || freshUntil(delta, context.search.options) < at || !extendsBase(delta, crl)) continue;
    if (delta.unknownCritical.length > 0 || !isAuthentic(delta, certificate, context)) continue;
    const change = entry(delta);
    if (change === 'malformed') return change;
    if (change !== undefined) return change.reason === REMOVE_FROM_CRL ? undefined : 'revoked';
  }
  const found = entry(crl);
  if (found === undefined || found === 'malformed') return found;
  const lapsed = found.reason === CERTIFICATE_HOLD && freshUntil(crl, context.search.options) < at;
  return found.reason === REMOVE_FROM_CRL || lapsed ? undefined : 'revoked';
}

/** (f), (g): signed by an authority of that name on a path to the same anchor, whose key may sign CRLs. */
function isAuthentic(crl: Crl, certificate: Certificate, context: CrlContext): boolean {
  const { search, path } = context;
  const wanted = crl.authorityKeyId?.keyId;
  const next = path[path.indexOf(certificate) + 1];
  const named = [
    ...(next?.subjectKey === crl.issuerKey ? [next] : []),
    ...(search.anchors.get(crl.issuerKey) ?? []),
    ...(search.intermediates.get(crl.issuerKey) ?? []),
  ].filter((one, index, all) => all.indexOf(one) === index);
  return named
    .filter(({ subjectKeyId: id }) => wanted === undefined || id === undefined || sameOctets(id, wanted))
    .some(
      (signer) =>
        mayIssue(signer) &&
        signedWithin(crl, signer, search) &&
        (signer === next || isTrusted(signer, context)),
    );
}

const mayIssue = ({ extensions: { keyUsage = KeyUsage.CRL_SIGN } }: Certificate): boolean =>
  (keyUsage & KeyUsage.CRL_SIGN) !== 0;

function isTrusted(signer: Certificate, context: CrlContext): boolean {
  const { search, path } = context;
  const anchor = path[path.length - 1];
  if (signer === anchor || path.includes(signer)) return true;
  // A root that changed its key: both are anchors, of one name.
  if (signer.subjectKey === anchor?.subjectKey && search.anchors.get(signer.subjectKey)?.includes(signer))
    return true;
  const options = { ...search.options, purposes: undefined, keyUsage: 0, policies: {} };
  const found = findPath<{ trusted: true }>(
    signer,
    search,
    options,
    ({ path: other }): { trusted: true } | Refusal => {
      const sameAnchor = other[other.length - 1] === anchor;
      if (sameAnchor && (isSelfIssued(signer) || context.trusts(other))) return { trusted: true };
      return refusal('REVOCATION_UNKNOWN', 'CRL issuer not trusted', signer);
    },
  );
  return 'trusted' in found;
}

/** The status of every certificate on a path. RFC 5280 §6.3, RFC 6960. */
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { crlStatus } from './crl-status.ts';
import { formatDn } from './dn-text.ts';
import type { OcspResponse } from './ocsp.ts';
import { ocspStatus } from './ocsp-status.ts';
import type { Search } from './path.ts';
import type { Status } from './status.ts';
import { type Refusal, refusal } from './verdict.ts';

export interface PathStatus {
  readonly refusal?: Refusal;
  readonly until: number;
  readonly needed: readonly Certificate[];
}

export interface StatusSources {
  readonly crls: readonly Crl[];
  readonly ocsp?: readonly OcspResponse[];
}

/** Chains of CRL issuers that vouch for each other's CRLs are followed no further than this. */
const deepest = 3;

/** Judges all but the anchor of a valid path, by OCSP and then by CRL, as `options.revocation` says. */
export function pathStatus(path: readonly Certificate[], sources: StatusSources, search: Search): PathStatus {
  const { revocation } = search.options;
  if (revocation === 'off') return { until: Number.MAX_SAFE_INTEGER, needed: [] };
  const needed: Certificate[] = [];
  let until = Number.MAX_SAFE_INTEGER;
  for (const [index, certificate] of path.slice(0, -1).entries()) {
    const status = statusOf(certificate, path, sources, search, 0);
    if (status.kind === 'good') until = Math.min(until, status.until);
    if (status.kind === 'unknown') needed.push(certificate);
    if (status.kind === 'revoked') {
      const text = `${index === 0 ? 'certificate' : 'authority'} is revoked: ${formatDn(certificate.subject)}`;
      return { refusal: refusal('REVOKED', text, certificate), until, needed };
    }
  }
  const [first] = needed;
  const strict = revocation === 'strict' || (revocation === 'strict-leaf' && first === path[0]);
  if (first === undefined || !strict) return { until, needed };
  const text = `no fresh CRL or OCSP response says whether it is revoked: ${formatDn(first.subject)}`;
  return { refusal: refusal('REVOCATION_UNKNOWN', text, first, needed), until, needed };
}

function statusOf(
  certificate: Certificate,
  path: readonly Certificate[],
  sources: StatusSources,
  search: Search,
  depth: number,
): Status {
  const issuer = path[path.indexOf(certificate) + 1];
  if (issuer === undefined) return { kind: 'unknown' };
  const byOcsp = ocspStatus(certificate, issuer, sources.ocsp ?? [], search);
  if (byOcsp.kind !== 'unknown') return byOcsp;
  const trusts = (other: readonly Certificate[]): boolean =>
    depth < deepest &&
    other.slice(0, -1).every((one) => {
      const { kind } = statusOf(one, other, sources, search, depth + 1);
      return kind === 'good' || (kind === 'unknown' && search.options.revocation !== 'strict');
    });
  return crlStatus(certificate, { crls: sources.crls, search, path, trusts });
}

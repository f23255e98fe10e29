/** A CRL or an OCSP response that was fetched, and whether it says of a certificate what is asked. */
import type { Crypto } from '../crypto/provider.ts';
import {
  type Certificate,
  type Crl,
  ikePathOptions,
  type OcspResponse,
  parseCrl,
  parseOcspResponse,
  validateChain,
} from '../pki/index.ts';

export type EvidenceKind = 'crl' | 'ocsp';

export type Evidence =
  | { readonly kind: 'crl'; readonly crl: Crl }
  | { readonly kind: 'ocsp'; readonly response: OcspResponse };

/** A certificate whose status is wanted. */
export interface Subject {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
}

/** Throws PkiError. */
export function readEvidence(kind: EvidenceKind, der: Uint8Array): Evidence {
  return kind === 'crl' ? { kind, crl: parseCrl(der) } : { kind, response: parseOcspResponse(der) };
}

/** Unix seconds; undefined when something newer may be had at any time. RFC 6960 §2.4. */
export function nextUpdateOf(evidence: Evidence): number | undefined {
  if (evidence.kind === 'crl') return evidence.crl.nextUpdate;
  const times = evidence.response.responses.map(({ nextUpdate }) => nextUpdate ?? 0);
  return Math.min(...times) || undefined;
}

/** The path was judged already: here the issuer is trusted as it is. */
const statusOnly = {
  ...ikePathOptions,
  purposes: undefined,
  keyUsage: 0,
  anchorConstraints: false,
  anchorExpiry: false,
};

/** Whether it says by itself that the certificate is good or revoked, signed and fresh `at` this time (unix seconds). */
export function settles(
  { certificate, issuer }: Subject,
  evidence: Evidence,
  at: number,
  crypto: Crypto,
): boolean {
  const verdict = validateChain({
    leaf: certificate,
    intermediates: [],
    anchors: [issuer],
    crls: evidence.kind === 'crl' ? [evidence.crl] : [],
    ocsp: evidence.kind === 'ocsp' ? [evidence.response] : [],
    at,
    crypto,
    options: statusOnly,
  });
  return verdict.ok ? verdict.revocation === 'good' : verdict.code === 'REVOKED';
}

/** What OCSP responses say of a certificate. RFC 6960 §3.2 and §4.2.2. */

import { sameOctets } from '../crypto/octets.ts';
import type { Certificate } from './certificate.ts';
import { KeyPurpose, KeyUsage } from './object-ids.ts';
import type { OcspResponse, SingleResponse } from './ocsp.ts';
import { keyOctets } from './ocsp-request.ts';
import { type Search, signedWithin } from './path.ts';
import { freshUntil, type Status } from './status.ts';

/**
 * The status of `certificate` by those responses that the issuer's key, or a responder the issuer named, signed. A signed
 * `revoked` holds however old; `good` only until nextUpdate.
 */
export function ocspStatus(
  certificate: Certificate,
  issuer: Certificate,
  responses: readonly OcspResponse[],
  search: Search,
): Status {
  let best: Status = { kind: 'unknown' };
  for (const response of responses) {
    const single = response.responses.find((one) => concerns(one, certificate, issuer, search));
    if (single === undefined || single.status === 'unknown' || !isAuthentic(response, issuer, search))
      continue;
    if (single.status === 'revoked') return { kind: 'revoked' };
    const until = freshUntil(single, search.options);
    if (single.thisUpdate > search.at + search.options.statusSkew || until < search.at) continue;
    if (best.kind !== 'good' || until > best.until) best = { kind: 'good', until };
  }
  return best;
}

function concerns(
  { id }: SingleResponse,
  certificate: Certificate,
  issuer: Certificate,
  { crypto }: Search,
): boolean {
  return (
    sameOctets(id.serial, certificate.serial) &&
    sameOctets(id.issuerName, crypto.hash(id.hash, certificate.issuer)) &&
    sameOctets(id.issuerKey, crypto.hash(id.hash, keyOctets(issuer)))
  );
}

/** §4.2.2.2: by the issuer itself, or by one whom it gave a certificate for that. */
function isAuthentic(response: OcspResponse, issuer: Certificate, search: Search): boolean {
  const signers = [issuer, ...response.certificates.filter((one) => isDelegate(one, issuer, search))];
  return signers.some(
    (signer) => isNamed(response, signer, search) && signedWithin(response, signer, search),
  );
}

function isNamed({ responder }: OcspResponse, signer: Certificate, { crypto }: Search): boolean {
  if ('name' in responder) return responder.name === signer.subjectKey;
  return sameOctets(responder.keyHash, crypto.hash('sha1', keyOctets(signer)));
}

function isDelegate(candidate: Certificate, issuer: Certificate, search: Search): boolean {
  const {
    extendedKeyUsage = [],
    keyUsage = KeyUsage.DIGITAL_SIGNATURE,
    unknownCritical,
  } = candidate.extensions;
  return (
    candidate.issuerKey === issuer.subjectKey &&
    extendedKeyUsage.includes(KeyPurpose.OCSP_SIGNING) &&
    (keyUsage & (KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION)) !== 0 &&
    unknownCritical.length === 0 &&
    candidate.notBefore <= search.at &&
    search.at <= candidate.notAfter &&
    signedWithin(candidate, issuer, search)
  );
}

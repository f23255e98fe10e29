/** CERT and CERTREQ: what is sent, what is asked for, what came. RFC 7296 §3.6, §3.7; RFC 4945 §3. */
import type { Credential, PadEntry } from '../../policy/policy.ts';
import { findAll } from '../../wire/message.ts';
import { CertEncoding, nameOf } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Trust } from '../auth/trust.ts';

/** Of a peer's CERT payloads, as many as are looked at. */
const mostCertificates = 16;

/** Our request for certificates, when a peer of one of these connections may prove itself by one. */
export function requestCertificates(entries: readonly PadEntry[], trust: Trust): Payload[] {
  const wanted = entries.some(
    ({ remote }) =>
      remote.auth.some(({ kind }) => kind === 'signature') && (remote.keys?.raw.length ?? 0) === 0,
  );
  const data = wanted ? trust.authorities : undefined;
  return data ? [{ kind: 'certreq', encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE, data }] : [];
}

/** Whether the peer asks for an X.509 certificate. */
export const asksForCertificate = (payloads: readonly Payload[]): boolean =>
  findAll(payloads, 'certreq').some(({ encoding }) => encoding === CertEncoding.X509_CERTIFICATE_SIGNATURE);

/** Our certificates; none when they were not asked for and go only then. */
export function offerCertificates({ certificates, send }: Credential, asked: boolean): Payload[] {
  if (send === 'never' || (send === 'ifasked' && !asked)) return [];
  return certificates.map((data) => ({
    kind: 'cert',
    encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE,
    data,
  }));
}

/** What a peer sent: X.509 certificates in DER, its own first, and in words what we do not take. */
export function readCertificates(payloads: readonly Payload[]): {
  readonly certificates: readonly Uint8Array[];
  readonly ocspResponses: readonly Uint8Array[];
  readonly refused: string | undefined;
} {
  const all = findAll(payloads, 'cert');
  const of = (wanted: number): Uint8Array[] =>
    all.filter(({ encoding }) => encoding === wanted).map(({ data }) => data);
  const other = all.find(({ encoding }) => !understood.has(encoding));
  return {
    certificates: of(CertEncoding.X509_CERTIFICATE_SIGNATURE).slice(0, mostCertificates),
    ocspResponses: of(CertEncoding.OCSP_CONTENT).slice(0, mostCertificates),
    refused: other && `a certificate as ${nameOf(CertEncoding, other.encoding)}`,
  };
}

const understood: ReadonlySet<number> = new Set([
  CertEncoding.X509_CERTIFICATE_SIGNATURE,
  CertEncoding.OCSP_CONTENT,
]);

/** CERT and CERTREQ: what is sent, what is asked for, what came. RFC 7296 §3.6, §3.7; RFC 4945 §3; RFC 4806. */
import { type Certificate, ocspCertreq, PkiError, parseBundle } from '../../pki/index.ts';
import type { Credential, PadEntry } from '../../policy/policy.ts';
import { findAll } from '../../wire/message.ts';
import { CertEncoding, nameOf } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Trust } from '../auth/trust.ts';
import { remembered } from '../remembered.ts';

/** Of a peer's CERT payloads, as many as are looked at. */
const mostCertificates = 16;

/** Our request for certificates, when a peer of one of these connections may prove itself by one. */
export function requestCertificates(entries: readonly PadEntry[], trust: Trust): Payload[] {
  const data = takesCertificates(entries) ? trust.authorities : undefined;
  if (data === undefined) return [];
  const asksForOcsp = (trust.revocation?.ocsp ?? 'off') !== 'off';
  return [
    { kind: 'certreq', encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE, data },
    ...(asksForOcsp ? [ocspRequest] : []),
  ];
}

const takesCertificates = remembered((entries: readonly PadEntry[]) =>
  entries.some(
    ({ remote }) =>
      remote.auth.some(({ kind }) => kind === 'signature') && (remote.keys?.raw.length ?? 0) === 0,
  ),
);

/** Of any responder its authority names. RFC 4806 §3.1. */
const ocspRequest: Payload = { kind: 'certreq', encoding: CertEncoding.OCSP_CONTENT, data: ocspCertreq([]) };

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
  const certificates: Uint8Array[] = [];
  const ocspResponses: Uint8Array[] = [];
  let refused: string | undefined;
  for (const { encoding, data } of findAll(payloads, 'cert').slice(0, mostCertificates)) {
    if (encoding === CertEncoding.X509_CERTIFICATE_SIGNATURE) certificates.push(data);
    else if (encoding === CertEncoding.OCSP_CONTENT) ocspResponses.push(data);
    else if (encoding === CertEncoding.PKCS7_WRAPPED_X509_CERTIFICATE) {
      const bundle = unwrapped(data, mostCertificates - certificates.length);
      if (typeof bundle === 'string') refused ??= bundle;
      else certificates.push(...bundle);
    } else refused ??= `a certificate as ${nameOf(CertEncoding, encoding)}`;
  }
  return { certificates: certificates.slice(0, mostCertificates), ocspResponses, refused };
}

/** The certificates of a bundle, or why there are none. */
function unwrapped(data: Uint8Array, most: number): readonly Uint8Array[] | string {
  try {
    const bundle = parseBundle(data, most);
    const end = bundle.find((each) => !bundle.some((other) => issued(each, other)));
    return bundle.toSorted((a, b) => Number(b === end) - Number(a === end)).map(({ der }) => der);
  } catch (error) {
    if (error instanceof PkiError) return `a bundle of certificates: ${error.message}`;
    throw error;
  }
}

/** Whether the name of one is that of another's issuer: a bundle is a set, and the end certificate the one that issued none. */
const issued = (a: Certificate, b: Certificate): boolean =>
  a.subject.length === b.issuer.length && a.subject.every((octet, at) => octet === b.issuer[at]);

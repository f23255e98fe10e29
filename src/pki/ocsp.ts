/** An OCSP response, read. RFC 6960 §4.2. */
import type { HashName, SignatureAlgorithm } from '../crypto/provider.ts';
import { parseAlgorithmIdentifier } from '../crypto/signature-algorithm.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import {
  type Contents,
  contentsOf,
  context,
  type Element,
  elementOf,
  explicit,
  listOf,
  octetsOf,
  Tag,
} from './der.ts';
import { checkDer } from './der-check.ts';
import { bitString, oid, smallInteger, time } from './der-values.ts';
import { PkiError } from './error.ts';
import { type RawExtension, rawExtensions } from './extensions.ts';
import { hashOf } from './hash-algorithm.ts';
import { nameKey } from './name.ts';
import { Extension } from './object-ids.ts';

/** What one response says of one certificate. */
export interface SingleResponse {
  readonly id: CertificateId;
  readonly status: 'good' | 'revoked' | 'unknown';
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
}

/** CertID: hashes of the issuer's Name and of the octets of its public key. */
export interface CertificateId {
  readonly hash: HashName;
  readonly issuerName: Uint8Array;
  readonly issuerKey: Uint8Array;
  readonly serial: Uint8Array;
}

/** Octets are views into `der`, which nobody may change. */
export interface OcspResponse {
  readonly der: Uint8Array;
  /** Who signed it: the key of a Name, or the SHA-1 of a public key's octets. */
  readonly responder: { readonly name: string } | { readonly keyHash: Uint8Array };
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  readonly nonce?: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  /** An OCSP response names its algorithm once. */
  readonly algorithmsAgree: true;
  readonly signature: Uint8Array;
}

export const mostOcspOctets = 65_536;
const mostResponses = 100;
const mostCertificates = 8;

const BASIC = '1.3.6.1.5.5.7.48.1.1';
const statuses = [
  'successful',
  'malformedRequest',
  'internalError',
  '',
  'tryLater',
  'sigRequired',
  'unauthorized',
];

/** Reads a basic response in strict DER, of at most 64 KiB. Throws PkiError, also for a responder that reports an error. */
export function parseOcspResponse(octets: Uint8Array): OcspResponse {
  const der = octetsOf(octets);
  checkDer(der, mostOcspOctets, 'OCSP response');
  const contents = contentsOf(elementOf(der), 'OCSP response');
  const status = smallInteger(contents.next('responseStatus', Tag.ENUMERATED).body, 'responseStatus');
  const bytes = contents.optional(context(0));
  contents.end('OCSP response');
  if (status !== 0)
    throw new PkiError('ocsp', `OCSP responder answers: ${statuses[status] || `error ${status}`}`);
  if (bytes === undefined) throw new PkiError('ocsp', 'OCSP response without contents');
  const typed = contentsOf(explicit(bytes, 'responseBytes'), 'responseBytes');
  if (oid(typed.next('responseType', Tag.OID).body) !== BASIC) {
    throw new PkiError('ocsp', 'OCSP response of an unknown type');
  }
  const basic = typed.next('response', Tag.OCTET_STRING).body;
  typed.end('responseBytes');
  checkDer(basic, mostOcspOctets, 'BasicOCSPResponse');
  return { der, ...basicResponse(contentsOf(elementOf(basic), 'BasicOCSPResponse')) };
}

function basicResponse(contents: Contents): Omit<OcspResponse, 'der'> {
  const data = contents.next('tbsResponseData', Tag.SEQUENCE);
  const algorithm = contents.next('signatureAlgorithm', Tag.SEQUENCE).raw;
  const signature = bitString(contents.next('signature'), 'signature');
  const certs = contents.optional(context(0));
  contents.end('BasicOCSPResponse');
  const certificates =
    certs === undefined
      ? []
      : listOf(explicit(certs, 'certs'), 'certs', Tag.SEQUENCE, mostCertificates).map((one) =>
          parseCertificate(one.raw),
        );
  return {
    ...responseData(data),
    certificates,
    tbs: data.raw,
    signatureAlgorithm: parseAlgorithmIdentifier(algorithm),
    algorithmsAgree: true,
    signature,
  };
}

function responseData(data: Element) {
  const contents = contentsOf(data, 'tbsResponseData');
  if (contents.optional(context(0)) !== undefined)
    throw new PkiError('ocsp', 'OCSP response of an unknown version');
  const responder = contents.next('responderID');
  const producedAt = time(contents.next('producedAt'), 'producedAt');
  const responses = listOf(contents.next('responses'), 'responses', Tag.SEQUENCE, mostResponses).map(
    singleResponse,
  );
  const extensions = contents.optional(context(1));
  contents.end('tbsResponseData');
  const nonce = extensionsOf(extensions).find(({ id }) => id === Extension.OCSP_NONCE)?.value;
  return { responder: responderOf(responder), producedAt, responses, ...(nonce && { nonce }) };
}

function responderOf(element: Element): OcspResponse['responder'] {
  const inner = explicit(element, 'responderID');
  if (element.tag === context(1)) return { name: nameKey(inner.raw) };
  if (element.tag === context(2) && inner.tag === Tag.OCTET_STRING) return { keyHash: inner.body };
  throw new PkiError('ocsp', 'responderID of an unknown kind');
}

/** Critical extensions of a response that nobody here knows make it one we cannot use. */
function extensionsOf(element: Element | undefined): RawExtension[] {
  const list = element === undefined ? [] : rawExtensions(explicit(element, 'responseExtensions'));
  if (list.some(({ critical, id }) => critical && id !== Extension.OCSP_NONCE)) {
    throw new PkiError('ocsp', 'OCSP response with an unknown critical extension');
  }
  return list;
}

function singleResponse(element: Element): SingleResponse {
  const contents = contentsOf(element, 'SingleResponse');
  const id = certificateId(contents.next('certID'));
  const status = statusOf(contents.next('certStatus'));
  const thisUpdate = time(contents.next('thisUpdate'), 'thisUpdate');
  const nextUpdate = contents.optional(context(0));
  extensionsOf(contents.optional(context(1)));
  contents.end('SingleResponse');
  return {
    id,
    status,
    thisUpdate,
    ...(nextUpdate && { nextUpdate: time(explicit(nextUpdate, 'nextUpdate'), 'nextUpdate') }),
  };
}

function certificateId(element: Element): CertificateId {
  const contents = contentsOf(element, 'certID');
  const hash = hashOf(contents.next('hashAlgorithm'));
  const issuerName = contents.next('issuerNameHash', Tag.OCTET_STRING).body;
  const issuerKey = contents.next('issuerKeyHash', Tag.OCTET_STRING).body;
  const serial = contents.next('serialNumber', Tag.INTEGER).body;
  contents.end('certID');
  if (hash === undefined) throw new PkiError('ocsp', 'certID with an unknown hash');
  return { hash, issuerName, issuerKey, serial };
}

function statusOf({ tag }: Element): SingleResponse['status'] {
  if (tag === context(0, 'primitive')) return 'good';
  if (tag === context(1)) return 'revoked';
  if (tag === context(2, 'primitive')) return 'unknown';
  throw new PkiError('ocsp', 'certStatus of an unknown kind');
}

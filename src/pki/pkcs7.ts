/** A bundle of certificates: PKCS#7 or CMS SignedData that signs nothing. RFC 5652 §5, RFC 7296 §3.6. */
import { type Certificate, mostCertificateOctets, parseCertificate } from './certificate.ts';
import { contentsOf, context, type Element, elementOf, explicit, listOf, octetsOf, Tag } from './der.ts';
import { checkDer } from './der-check.ts';
import { oid, smallInteger } from './der-values.ts';
import { PkiError } from './error.ts';

const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const mostBundleOctets = 4 * mostCertificateOctets;

/**
 * The certificates of a bundle in strict DER, of at most 256 KiB and `most` certificates, in its order. CRLs in it are left.
 * Throws PkiError, also for one without certificates, with contents or with signers.
 */
export function parseBundle(octets: Uint8Array, most = 16): Certificate[] {
  const der = octetsOf(octets);
  checkDer(der, mostBundleOctets, 'PKCS#7 bundle');
  const info = contentsOf(elementOf(der), 'ContentInfo');
  if (oid(info.next('contentType', Tag.OID).body) !== SIGNED_DATA) {
    throw new PkiError('pkcs7', 'PKCS#7 bundle of another kind');
  }
  const content = explicit(info.next('content', context(0)), 'content', Tag.SEQUENCE);
  info.end('ContentInfo');
  const signed = contentsOf(content, 'SignedData');
  const version = smallInteger(signed.next('version', Tag.INTEGER).body, 'version');
  if (version < 1 || version > 5) throw new PkiError('pkcs7', `PKCS#7 bundle of version ${version}`);
  requireEmpty(signed.next('digestAlgorithms', Tag.SET), 'digestAlgorithms');
  const inner = contentsOf(signed.next('contentInfo', Tag.SEQUENCE), 'contentInfo');
  if (oid(inner.next('contentType', Tag.OID).body) !== DATA)
    throw new PkiError('pkcs7', 'PKCS#7 bundle with contents');
  inner.end('contentInfo');
  const certificates = signed.optional(context(0));
  signed.optional(context(1));
  requireEmpty(signed.next('signerInfos', Tag.SET), 'signerInfos');
  signed.end('SignedData');
  if (certificates === undefined) throw new PkiError('pkcs7', 'PKCS#7 bundle without certificates');
  return listOf(certificates, 'PKCS#7 certificates', certificates.tag, most).map((one) =>
    parseCertificate(one.raw),
  );
}

function requireEmpty(element: Element, what: string): void {
  if (element.body.length > 0) throw new PkiError('pkcs7', `PKCS#7 bundle with ${what}`);
}

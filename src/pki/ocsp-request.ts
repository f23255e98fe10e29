/** An OCSP request, written, and the hash list of trusted responders. RFC 6960 §4.1, RFC 9654, RFC 4806 §3.1. */
import { Constructed, Integer, Null, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { hash } from '../crypto/noble/hash.ts';
import type { Certificate } from './certificate.ts';
import { contentsOf, elementOf, Tag } from './der.ts';
import { bitString } from './der-values.ts';
import { Extension } from './object-ids.ts';

const SHA1 = '1.3.14.3.2.26';

/**
 * A request for the status of one certificate, named by SHA-1, which every responder knows. `nonce`: 1 to 32 octets,
 * drawn by the caller; responders that answer from a store leave it out of their answer.
 */
export function ocspRequest(certificate: Certificate, issuer: Certificate, nonce?: Uint8Array): Uint8Array {
  const id = new Sequence({
    value: [
      new Sequence({ value: [new ObjectIdentifier({ value: SHA1 }), new Null()] }),
      new OctetString({ valueHex: hash('sha1', issuer.subject) }),
      new OctetString({ valueHex: hash('sha1', keyOctets(issuer)) }),
      new Integer({ valueHex: certificate.serial }),
    ],
  });
  const list = new Sequence({ value: [new Sequence({ value: [id] })] });
  const fields = nonce === undefined ? [list] : [list, nonceExtension(nonce)];
  return new Uint8Array(new Sequence({ value: [new Sequence({ value: fields })] }).toBER());
}

function nonceExtension(nonce: Uint8Array): Constructed {
  const value = new OctetString({ valueHex: new OctetString({ valueHex: nonce }).toBER() });
  const extension = new Sequence({ value: [new ObjectIdentifier({ value: Extension.OCSP_NONCE }), value] });
  return new Constructed({
    idBlock: { tagClass: 3, tagNumber: 2 },
    value: [new Sequence({ value: [extension] })],
  });
}

/** The nonce extension's value as a response echoes it. */
export const nonceValue = (nonce: Uint8Array): Uint8Array =>
  new Uint8Array(new OctetString({ valueHex: nonce }).toBER());

/** The octets of the key in SubjectPublicKeyInfo: what OCSP hashes. */
export function keyOctets(certificate: Certificate): Uint8Array {
  const contents = contentsOf(elementOf(certificate.spki), 'subjectPublicKeyInfo');
  contents.next('algorithm', Tag.SEQUENCE);
  return bitString(contents.next('subjectPublicKey'), 'subjectPublicKey');
}

/**
 * The content of a CERTREQ of encoding 14, by which a peer is asked for OCSP in its CERT payloads: the SHA-1 of the whole
 * SubjectPublicKeyInfo of each responder we trust beside the authorities. Empty: any the authority names.
 */
export function ocspCertreq(responders: readonly Certificate[]): Uint8Array {
  const octets = new Uint8Array(responders.length * 20);
  for (const [index, responder] of responders.entries()) octets.set(responder.keyHash, index * 20);
  return octets;
}

/** Certificate Request payload. RFC 7296 §3.7. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface CertificateRequest {
  readonly kind: 'certreq';
  /** CertEncoding. */
  readonly encoding: number;
  /** Of X.509 encodings: SHA-1 hashes, 20 octets each, of the trusted authorities' public keys. */
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Cert Encoding |                                               |
 * +-+-+-+-+-+-+-+-+       Certification Authority                 ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const certreq = codec<'certreq', CertificateRequest>({
  kind: 'certreq',
  type: PayloadType.certreq,
  notation: 'CERTREQ',

  parse(reader) {
    return { kind: 'certreq', encoding: reader.u8('Cert Encoding'), data: reader.rest() };
  },

  encode(writer, { encoding, data }) {
    writer.u8(encoding);
    writer.bytes(data);
  },
});

/** Certificate payload. RFC 7296 §3.6. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Certificate {
  readonly kind: 'cert';
  /** CertEncoding. */
  readonly encoding: number;
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Cert Encoding |                                               |
 * +-+-+-+-+-+-+-+-+       Certificate Data                        ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const cert = codec<'cert', Certificate>({
  kind: 'cert',
  type: PayloadType.cert,
  notation: 'CERT',

  parse(reader) {
    return { kind: 'cert', encoding: reader.u8('Cert Encoding'), data: reader.rest() };
  },

  encode(writer, { encoding, data }) {
    writer.u8(encoding);
    writer.bytes(data);
  },
});

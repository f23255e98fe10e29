/** Encrypted payload, SK, still closed. RFC 7296 §3.14. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Encrypted {
  readonly kind: 'encrypted';
  /** Payload type of the first payload inside; 0 when there is none. */
  readonly first: number;
  /** Initialization vector, ciphertext and integrity checksum. */
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     Initialization Vector                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                    Encrypted IKE Payloads                     ~
 * +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |               |             Padding (0-255 octets)            |
 * +-+-+-+-+-+-+-+-+                               +-+-+-+-+-+-+-+-+
 * |                                               |  Pad Length   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                    Integrity Checksum Data                    ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const encrypted = codec<'encrypted', Encrypted>({
  kind: 'encrypted',
  type: PayloadType.encrypted,
  notation: 'SK',

  parse(reader, next) {
    return { kind: 'encrypted', first: next, data: reader.rest() };
  },

  encode(writer, { data }) {
    writer.bytes(data);
  },
});

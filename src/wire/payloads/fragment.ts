/** Encrypted Fragment payload, SKF, still closed. RFC 7383 §2.5. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Fragment {
  readonly kind: 'fragment';
  /** Payload type of the first payload inside the whole message; 0 in every fragment but the first. */
  readonly first: number;
  /** From 1 to `total`. */
  readonly number: number;
  readonly total: number;
  /** Initialization vector, ciphertext and integrity checksum. */
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |        Fragment Number        |        Total Fragments        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     Initialization Vector                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                      Encrypted content                        ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                    Integrity Checksum Data                    ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const fragment = codec<'fragment', Fragment>({
  kind: 'fragment',
  type: PayloadType.fragment,
  notation: 'SKF',

  parse(reader, next) {
    const at = reader.at;
    const number = reader.u16('Fragment Number');
    const total = reader.u16('Total Fragments');
    if (number === 0 || number > total) reader.fail('Fragment Number', `${number} of ${total}`, at);
    return { kind: 'fragment', first: next, number, total, data: reader.rest() };
  },

  encode(writer, { number, total, data }) {
    writer.u16(number);
    writer.u16(total);
    writer.bytes(data);
  },
});

/** Nonce payload, Ni and Nr. RFC 7296 §3.9. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Nonce {
  readonly kind: 'nonce';
  /** 16 to 256 octets. */
  readonly data: Uint8Array;
}

const shortest = 16;
const longest = 256;

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                            Nonce Data                         ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const nonce = codec<'nonce', Nonce>({
  kind: 'nonce',
  type: PayloadType.nonce,
  notation: 'N',

  parse(reader) {
    const length = reader.remaining;
    if (length < shortest || length > longest) {
      reader.fail('Nonce Data', `${length} octets, not ${shortest} to ${longest}`);
    }
    return { kind: 'nonce', data: reader.rest() };
  },

  encode(writer, { data }) {
    writer.bytes(data);
  },
});

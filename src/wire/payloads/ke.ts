/** Key Exchange payload. RFC 7296 §3.4. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface KeyExchangePayload {
  readonly kind: 'ke';
  /** KeyExchangeMethod. */
  readonly group: number;
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Diffie-Hellman Group Num    |           RESERVED            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       Key Exchange Data                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const ke = codec<'ke', KeyExchangePayload>({
  kind: 'ke',
  type: PayloadType.ke,
  notation: 'KE',

  parse(reader) {
    const group = reader.u16('DH group');
    reader.skip(2);
    return { kind: 'ke', group, data: reader.rest() };
  },

  encode(writer, { group, data }) {
    writer.u16(group);
    writer.reserve(2);
    writer.bytes(data);
  },
});

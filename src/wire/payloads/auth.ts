/** Authentication payload. RFC 7296 §3.8. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Authentication {
  readonly kind: 'auth';
  /** AuthMethod. */
  readonly method: number;
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Auth Method   |                RESERVED                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                      Authentication Data                      ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const auth = codec<'auth', Authentication>({
  kind: 'auth',
  type: PayloadType.auth,
  notation: 'AUTH',

  parse(reader) {
    const method = reader.u8('Auth Method');
    reader.skip(3);
    return { kind: 'auth', method, data: reader.rest() };
  },

  encode(writer, { method, data }) {
    writer.u8(method);
    writer.reserve(3);
    writer.bytes(data);
  },
});

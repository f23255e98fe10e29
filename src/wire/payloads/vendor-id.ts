/** Vendor ID payload. RFC 7296 §3.12. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface VendorId {
  readonly kind: 'vendorId';
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                        Vendor ID (VID)                        ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const vendorId = codec<'vendorId', VendorId>({
  kind: 'vendorId',
  type: PayloadType.vendorId,
  notation: 'V',

  parse(reader) {
    return { kind: 'vendorId', data: reader.rest() };
  },

  encode(writer, { data }) {
    writer.bytes(data);
  },
});

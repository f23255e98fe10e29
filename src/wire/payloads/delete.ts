/** Delete payload. RFC 7296 §3.11. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Delete {
  readonly kind: 'delete';
  /** ProtocolId; IKE has no SPIs. */
  readonly protocol: number;
  /** The sender's inbound SPIs, all of one size. */
  readonly spis: readonly Uint8Array[];
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Protocol ID   |   SPI Size    |          Num of SPIs          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~               Security Parameter Index(es) (SPI)              ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const del = codec<'delete', Delete>({
  kind: 'delete',
  type: PayloadType.delete,
  notation: 'D',

  parse(reader) {
    const protocol = reader.u8('Protocol ID');
    const spiSize = reader.u8('SPI Size');
    const count = reader.u16('Num of SPIs');
    const spis: Uint8Array[] = [];
    // SPIs of no octets name nothing, however many there are said to be.
    if (spiSize > 0) {
      for (let i = 0; i < count; i++) spis.push(reader.bytes(spiSize, 'SPI'));
    }
    reader.end('Delete');
    return { kind: 'delete', protocol, spis };
  },

  encode(writer, { protocol, spis }) {
    const spiSize = spis[0]?.length ?? 0;
    writer.u8(protocol);
    writer.u8(spiSize);
    writer.u16(spis.length);
    for (const spi of spis) {
      if (spi.length !== spiSize) throw new RangeError('the SPIs of a Delete payload are of one size');
      writer.bytes(spi);
    }
  },
});

/** Notify payload. RFC 7296 §3.10. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Notify {
  readonly kind: 'notify';
  /** ProtocolId of the SA that `spi` names; 0 without an SPI. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  /** NotifyType. */
  readonly type: number;
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Protocol ID  |   SPI Size    |      Notify Message Type      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                Security Parameter Index (SPI)                 ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       Notification Data                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const notify = codec<'notify', Notify>({
  kind: 'notify',
  type: PayloadType.notify,
  notation: 'N',

  parse(reader) {
    const protocol = reader.u8('Protocol ID');
    const spiSize = reader.u8('SPI Size');
    const type = reader.u16('Notify Message Type');
    const spi = reader.bytes(spiSize, 'SPI');
    return { kind: 'notify', protocol, spi, type, data: reader.rest() };
  },

  encode(writer, { protocol, spi, type, data }) {
    writer.u8(protocol);
    writer.u8(spi.length);
    writer.u16(type);
    writer.bytes(spi);
    writer.bytes(data);
  },
});

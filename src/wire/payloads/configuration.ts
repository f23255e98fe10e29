/** Configuration payload. RFC 7296 §3.15. */
import { codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

export interface Configuration {
  readonly kind: 'configuration';
  /** CfgType. */
  readonly type: number;
  readonly attributes: readonly ConfigurationAttribute[];
}

/** RFC 7296 §3.15.1. */
export interface ConfigurationAttribute {
  /** CfgAttribute, 15 bits. */
  readonly type: number;
  /** Empty in a request for any value. */
  readonly value: Uint8Array;
}

const typeBits = 0x7fff;

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   CFG Type    |                    RESERVED                   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   and of each attribute:
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|         Attribute Type      |            Length             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                             Value                             ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const configuration = codec<'configuration', Configuration>({
  kind: 'configuration',
  type: PayloadType.configuration,
  notation: 'CP',

  parse(reader) {
    const type = reader.u8('CFG Type');
    reader.skip(3);
    const attributes: ConfigurationAttribute[] = [];
    while (reader.remaining > 0) {
      const attribute = reader.u16('Attribute Type') & typeBits;
      const length = reader.u16('Attribute Length');
      attributes.push({ type: attribute, value: reader.bytes(length, 'Attribute Value') });
    }
    return { kind: 'configuration', type, attributes };
  },

  encode(writer, { type, attributes }) {
    writer.u8(type);
    writer.reserve(3);
    for (const attribute of attributes) {
      writer.u16(attribute.type & typeBits);
      writer.u16(attribute.value.length);
      writer.bytes(attribute.value);
    }
  },
});

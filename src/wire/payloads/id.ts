/** Identification payloads, IDi and IDr. RFC 7296 §3.5. */
import { type Codec, codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

interface Identification<K extends string> {
  readonly kind: K;
  /** IdType. */
  readonly idType: number;
  readonly data: Uint8Array;
  /** The RESERVED octets as they came, unless they are zero: AUTH covers them. RFC 7296 §2.15. */
  readonly reserved?: Uint8Array;
}

export interface IdentificationInitiator extends Identification<'idi'> {}
export interface IdentificationResponder extends Identification<'idr'> {}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   ID Type     |                 RESERVED                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                   Identification Data                         ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const reservedLength = 3;

const identification = <K extends 'idi' | 'idr'>(kind: K, notation: string): Codec<K, Identification<K>> =>
  codec<K, Identification<K>>({
    kind,
    type: PayloadType[kind],
    notation,

    parse(reader) {
      const idType = reader.u8('ID Type');
      const reserved = reader.bytes(reservedLength, 'RESERVED');
      const data = reader.rest();
      return reserved.some((octet) => octet !== 0)
        ? { kind, idType, data, reserved }
        : { kind, idType, data };
    },

    encode(writer, { idType, data, reserved }) {
      writer.u8(idType);
      if (reserved === undefined) writer.reserve(reservedLength);
      else writer.bytes(reserved);
      writer.bytes(data);
    },
  });

export const idi: Codec<'idi', IdentificationInitiator> = identification('idi', 'IDi');
export const idr: Codec<'idr', IdentificationResponder> = identification('idr', 'IDr');

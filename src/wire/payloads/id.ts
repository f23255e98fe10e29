/** Identification payloads, IDi and IDr. RFC 7296 §3.5. */
import { type Codec, codec } from '../codec.ts';
import { PayloadType } from '../numbers.ts';

interface Identification<K extends string> {
  readonly kind: K;
  /** IdType. */
  readonly idType: number;
  readonly data: Uint8Array;
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
const identification = <K extends 'idi' | 'idr'>(kind: K, notation: string): Codec<K, Identification<K>> =>
  codec<K, Identification<K>>({
    kind,
    type: PayloadType[kind],
    notation,

    parse(reader) {
      const idType = reader.u8('ID Type');
      reader.skip(3);
      return { kind, idType, data: reader.rest() };
    },

    encode(writer, { idType, data }) {
      writer.u8(idType);
      writer.reserve(3);
      writer.bytes(data);
    },
  });

export const idi: Codec<'idi', IdentificationInitiator> = identification('idi', 'IDi');
export const idr: Codec<'idr', IdentificationResponder> = identification('idr', 'IDr');

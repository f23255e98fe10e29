/** Security Association payload. RFC 7296 §3.3. */
import { codec } from '../codec.ts';
import { AttributeType, PayloadType } from '../numbers.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export interface SecurityAssociation {
  readonly kind: 'sa';
  /** Most preferred first. */
  readonly proposals: readonly Proposal[];
}

/** RFC 7296 §3.3.1. */
export interface Proposal {
  readonly number: number;
  /** ProtocolId. */
  readonly protocol: number;
  /** 0 octets (initial IKE SA), 8 (IKE rekey) or 4 (ESP, AH). */
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}

/** RFC 7296 §3.3.2. */
export interface Transform {
  /** TransformType. */
  readonly type: number;
  /** Encr, Prf, Integ, KeyExchangeMethod or SequenceNumbers, as `type` says. */
  readonly id: number;
  /** The Key Length attribute, in bits. */
  readonly keyLength?: number;
  /** Attributes other than Key Length. A transform with any of them is unknown to us. */
  readonly attributes?: readonly Attribute[];
}

/** RFC 7296 §3.3.5. */
export interface Attribute {
  readonly type: number;
  /** Two octets in the short format. */
  readonly value: Uint8Array;
  /** Type/Value format, without a length. */
  readonly short: boolean;
}

const more = { last: 0, proposal: 2, transform: 3 };
const shortFormat = 0x8000;

export const sa = codec<'sa', SecurityAssociation>({
  kind: 'sa',
  type: PayloadType.sa,
  notation: 'SA',

  parse(reader) {
    const proposals: Proposal[] = [];
    let last = false;
    while (!last) {
      last = parseMore(reader, 'Proposal', more.proposal);
      proposals.push(parseProposal(reader));
    }
    reader.end('Security Association');
    return { kind: 'sa', proposals };
  },

  encode(writer, { proposals }) {
    proposals.forEach((proposal, i) => {
      encodeProposal(writer, proposal, i === proposals.length - 1);
    });
  },
});

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Last Substruc |   RESERVED    |         Proposal Length       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                        SPI (variable)                         ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                        <Transforms>                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
function parseProposal(outer: Reader): Proposal {
  const reader = substructure(outer, 'Proposal Length');
  const number = reader.u8('Proposal Num');
  const protocol = reader.u8('Protocol ID');
  const spiSize = reader.u8('SPI Size');
  const count = reader.u8('Num Transforms');
  const spi = reader.bytes(spiSize, 'SPI');
  const transforms: Transform[] = [];
  for (let i = 1; i <= count; i++) {
    const last = parseMore(reader, 'Transform', more.transform);
    if (last !== (i === count)) reader.fail('Num Transforms', `${count}, but transform ${i} says otherwise`);
    transforms.push(parseTransform(reader));
  }
  reader.end('Proposal');
  return { number, protocol, spi, transforms };
}

function encodeProposal(
  writer: Writer,
  { number, protocol, spi, transforms }: Proposal,
  last: boolean,
): void {
  const start = writer.length;
  writer.u8(last ? more.last : more.proposal);
  writer.reserve(3);
  writer.u8(number);
  writer.u8(protocol);
  writer.u8(spi.length);
  writer.u8(transforms.length);
  writer.bytes(spi);
  transforms.forEach((transform, i) => {
    encodeTransform(writer, transform, i === transforms.length - 1);
  });
  writer.patch16(start + 2, writer.length - start);
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Last Substruc |   RESERVED    |        Transform Length       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Transform Type |   RESERVED    |          Transform ID         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                      Transform Attributes                     ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
function parseTransform(outer: Reader): Transform {
  const reader = substructure(outer, 'Transform Length');
  const type = reader.u8('Transform Type');
  reader.skip(1);
  const id = reader.u16('Transform ID');
  if (reader.remaining === 0) return { type, id };
  let keyLength: number | undefined;
  const attributes: Attribute[] = [];
  while (reader.remaining > 0) {
    const attribute = parseAttribute(reader);
    const [high = 0, low = 0] = attribute.value;
    if (attribute.type === AttributeType.KEY_LENGTH && attribute.short && keyLength === undefined) {
      keyLength = (high << 8) | low;
    } else {
      attributes.push(attribute);
    }
  }
  return {
    type,
    id,
    ...(keyLength !== undefined && { keyLength }),
    ...(attributes.length > 0 && { attributes }),
  };
}

function encodeTransform(writer: Writer, transform: Transform, last: boolean): void {
  const start = writer.length;
  writer.u8(last ? more.last : more.transform);
  writer.reserve(3);
  writer.u8(transform.type);
  writer.reserve(1);
  writer.u16(transform.id);
  if (transform.keyLength !== undefined) {
    writer.u16(shortFormat | AttributeType.KEY_LENGTH);
    writer.u16(transform.keyLength);
  }
  for (const attribute of transform.attributes ?? []) encodeAttribute(writer, attribute);
  writer.patch16(start + 2, writer.length - start);
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |A|       Attribute Type        |    AF=0  Attribute Length     |
 * |F|                             |    AF=1  Attribute Value      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   AF=0  Attribute Value                       |
 * |                   AF=1  Not Transmitted                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
function parseAttribute(reader: Reader): Attribute {
  const field = reader.u16('Attribute Type');
  const short = (field & shortFormat) !== 0;
  const length = short ? 2 : reader.u16('Attribute Length');
  return { type: field & ~shortFormat, value: reader.bytes(length, 'Attribute Value'), short };
}

function encodeAttribute(writer: Writer, { type, value, short }: Attribute): void {
  writer.u16(short ? shortFormat | type : type);
  if (!short) writer.u16(value.length);
  else if (value.length !== 2) throw new RangeError('an attribute in the short format has two octets');
  writer.bytes(value);
}

/** Last Substruc: true for the last one. */
function parseMore(reader: Reader, what: string, another: number): boolean {
  const at = reader.at;
  const value = reader.u8('Last Substruc');
  if (value !== more.last && value !== another) reader.fail('Last Substruc', `${value} in a ${what}`, at);
  return value === more.last;
}

/** What follows RESERVED and a length that counts from the substructure's first octet. */
function substructure(reader: Reader, field: string): Reader {
  reader.skip(1);
  const at = reader.at;
  const length = reader.u16(field);
  if (length < 4) reader.fail(field, `${length} is less than 4`, at);
  return reader.sub(length - 4, field);
}

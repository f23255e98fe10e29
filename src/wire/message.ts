/** A message: the IKE header and its chain of payloads. RFC 7296 §3.1-3.2. */
import { WireError } from './error.ts';
import { type Header, type HeaderFields, headerLength, parseHeader, writeHeader } from './header.ts';
import { PayloadType } from './numbers.ts';
import {
  codecOfKind,
  codecOfType,
  type Payload,
  type PayloadKind,
  type PayloadOf,
} from './payloads/index.ts';
import type { Notify } from './payloads/notify.ts';
import type { Unknown } from './payloads/unknown.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

export interface Message {
  readonly header: Header;
  readonly payloads: readonly Payload[];
}

/** More payloads than this in one chain are refused: nobody sends them in earnest. */
export const maxPayloads = 256;

const genericHeaderLength = 4;
const criticalBit = 0x80;

/**
 * Parses a whole datagram without a non-ESP marker. An Encrypted payload stays closed, as `encrypted` or `fragment`,
 * and is the last one. Throws WireError; also of a major version other than 2, whose grammar is another.
 */
export const parseMessage = (octets: Uint8Array): Message => parseAfter(parseHeader(octets), octets);

/** The same when the header was looked at before. */
export function parseAfter(header: Header, octets: Uint8Array): Message {
  if (header.majorVersion !== 2) throw new WireError('Version', 17, `major version ${header.majorVersion}`);
  return { header, payloads: parsePayloads(header.nextPayload, octets.subarray(headerLength), headerLength) };
}

/**
 * Parses a chain of payloads whose first one is of type `first`, such as the inside of an Encrypted payload. `at` is the
 * position of `octets` in their message, for errors. Throws WireError.
 */
export function parsePayloads(first: number, octets: Uint8Array, at = 0): Payload[] {
  const reader = new Reader(octets, at);
  const payloads: Payload[] = [];
  let type = first;
  while (type !== PayloadType.none) {
    if (payloads.length === maxPayloads) reader.fail('Next Payload', `more than ${maxPayloads} payloads`);
    const next = reader.u8('Next Payload');
    const payload = parsePayload(type, next, reader);
    payloads.push(payload);
    type = isEnclosing(payload) ? PayloadType.none : next;
  }
  reader.end('Message');
  return payloads;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Next Payload  |C|  RESERVED   |         Payload Length        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
function parsePayload(type: number, next: number, reader: Reader): Payload {
  const critical = (reader.u8('Critical') & criticalBit) !== 0;
  const at = reader.at;
  const length = reader.u16('Payload Length');
  if (length < genericHeaderLength) reader.fail('Payload Length', `${length} is less than 4`, at);
  const body = reader.sub(length - genericHeaderLength, 'Payload Length');
  const codec = codecOfType(type);
  if (codec !== undefined) return codec.parse(body, next);
  return { kind: 'unknown', type, critical, data: body.rest() };
}

/** Encodes a chain of payloads, such as what goes inside an Encrypted payload. */
export function encodePayloads(payloads: readonly Payload[]): { first: number; octets: Uint8Array } {
  const writer = new Writer();
  writePayloads(writer, payloads);
  return { first: firstType(payloads), octets: writer.finish() };
}

/**
 * Encodes a whole message. An `encrypted` or `fragment` payload must be the last one; its `data` ends the message, so
 * that what precedes it is the associated data. Throws RangeError on values that do not fit their fields.
 */
export function encodeMessage(fields: HeaderFields, payloads: readonly Payload[]): Uint8Array {
  const writer = new Writer();
  const lengthAt = writeHeader(writer, fields, firstType(payloads));
  writePayloads(writer, payloads);
  writer.patch32(lengthAt, writer.length);
  return writer.finish();
}

function writePayloads(writer: Writer, payloads: readonly Payload[]): void {
  for (let i = 0; i < payloads.length; i++) {
    const payload = payloads[i] as Payload;
    const following = payloads[i + 1];
    const start = writer.length;
    if (isEnclosing(payload)) {
      if (following !== undefined) throw new RangeError('an Encrypted payload must be the last one');
      writer.u8(payload.first);
    } else {
      writer.u8(following === undefined ? PayloadType.none : typeOf(following));
    }
    writer.u8(payload.kind === 'unknown' && payload.critical ? criticalBit : 0);
    const lengthAt = writer.reserve(2);
    if (payload.kind === 'unknown') writer.bytes(payload.data);
    else codecOfKind(payload.kind).encode(writer, payload);
    writer.patch16(lengthAt, writer.length - start);
  }
}

const firstType = ([first]: readonly Payload[]): number =>
  first === undefined ? PayloadType.none : typeOf(first);

const typeOf = (payload: Payload): number =>
  payload.kind === 'unknown' ? payload.type : PayloadType[payload.kind];

const isEnclosing = (payload: Payload): payload is PayloadOf<'encrypted' | 'fragment'> =>
  payload.kind === 'encrypted' || payload.kind === 'fragment';

/** The first payload of a kind. */
export function find<K extends PayloadKind>(payloads: readonly Payload[], kind: K): PayloadOf<K> | undefined {
  return payloads.find((payload): payload is PayloadOf<K> => payload.kind === kind);
}

/** All payloads of a kind, in their order. */
export function findAll<K extends PayloadKind>(payloads: readonly Payload[], kind: K): PayloadOf<K>[] {
  return payloads.filter((payload): payload is PayloadOf<K> => payload.kind === kind);
}

/** All Notify payloads of one NotifyType, in their order. */
export function notifies(payloads: readonly Payload[], type: number): Notify[] {
  return findAll(payloads, 'notify').filter((notify) => notify.type === type);
}

/** The first payload that makes its request be refused with UNSUPPORTED_CRITICAL_PAYLOAD. RFC 7296 §2.5. */
export function criticalUnknown(payloads: readonly Payload[]): Unknown | undefined {
  return findAll(payloads, 'unknown').find((payload) => payload.critical);
}

/** The IKE header. RFC 7296 §3.1. */
import { WireError } from './error.ts';
import { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface Header {
  readonly initiatorSpi: bigint;
  readonly responderSpi: bigint;
  /** PayloadType of the first payload. */
  readonly nextPayload: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** ExchangeType. */
  readonly exchange: number;
  /** I flag: sent by the original initiator of the IKE SA. */
  readonly initiator: boolean;
  /** R flag. */
  readonly response: boolean;
  /** V flag: the sender can speak a higher major version. */
  readonly higherVersion: boolean;
  readonly messageId: number;
  /** Octets of the whole message. */
  readonly length: number;
}

/** What a sender says of a message; the rest of its header follows from the payloads. */
export interface HeaderFields {
  readonly initiatorSpi: bigint;
  readonly responderSpi: bigint;
  readonly exchange: number;
  readonly initiator: boolean;
  readonly response: boolean;
  readonly messageId: number;
  /** 2 unless given. */
  readonly majorVersion?: number;
  /** 0 unless given. */
  readonly minorVersion?: number;
  readonly higherVersion?: boolean;
}

/** Octets of the IKE header. */
export const headerLength = 28;

const flag = { initiator: 0x08, higherVersion: 0x10, response: 0x20 };

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IKE SA Initiator's SPI                  |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IKE SA Responder's SPI                  |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Next Payload | MjVer | MnVer | Exchange Type |X X R V I X X X|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Message ID                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            Length                             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
/**
 * Reads the header of a datagram without a non-ESP marker, of any version: IKEv1 has the same one. Throws WireError
 * when it is cut short or its Length is not the datagram's.
 */
export function parseHeader(octets: Uint8Array): Header {
  const reader = new Reader(octets);
  const initiatorSpi = parseSpi(reader, 'Initiator SPI');
  const responderSpi = parseSpi(reader, 'Responder SPI');
  const nextPayload = reader.u8('Next Payload');
  const version = reader.u8('Version');
  const exchange = reader.u8('Exchange Type');
  const flags = reader.u8('Flags');
  const messageId = reader.u32('Message ID');
  const length = reader.u32('Length');
  if (length !== octets.length) {
    throw new WireError('Length', headerLength - 4, `${length} in a datagram of ${octets.length} octets`);
  }
  return {
    initiatorSpi,
    responderSpi,
    nextPayload,
    majorVersion: version >> 4,
    minorVersion: version & 0x0f,
    exchange,
    initiator: (flags & flag.initiator) !== 0,
    response: (flags & flag.response) !== 0,
    higherVersion: (flags & flag.higherVersion) !== 0,
    messageId,
    length,
  };
}

/** Appends a header with a Length of 0. Returns where that length is to be patched in. */
export function writeHeader(writer: Writer, fields: HeaderFields, nextPayload: number): number {
  writeSpi(writer, fields.initiatorSpi);
  writeSpi(writer, fields.responderSpi);
  writer.u8(nextPayload);
  writer.u8(((fields.majorVersion ?? 2) << 4) | (fields.minorVersion ?? 0));
  writer.u8(fields.exchange);
  writer.u8(
    (fields.initiator ? flag.initiator : 0) |
      (fields.response ? flag.response : 0) |
      (fields.higherVersion ? flag.higherVersion : 0),
  );
  writer.u32(fields.messageId);
  return writer.reserve(4);
}

function parseSpi(reader: Reader, field: string): bigint {
  const high = reader.u32(field);
  const low = reader.u32(field);
  return (BigInt(high) << 32n) | BigInt(low);
}

function writeSpi(writer: Writer, spi: bigint): void {
  writer.u32(Number(spi >> 32n));
  writer.u32(Number(spi & 0xffffffffn));
}

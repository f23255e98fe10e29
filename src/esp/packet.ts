/** One ESP packet: sealed and opened, octets to octets. RFC 4303 §2-3, RFC 4106 §5, RFC 4543 §4, RFC 7634 §2. */
import type { CipherKey, Crypto } from '../crypto/provider.ts';
import { cipherKeyLength, type EspSuite, integKeyLength } from '../crypto/suite.ts';

//     0                   1                   2                   3
//    +---------------------------------------------------------------+
//    |                Security Parameters Index (SPI)                |
//    |                        Sequence Number                        |
//    |                  IV (0, 8 or 16 octets)                       |
//    |          Payload Data, TFC padding, Padding ...               |
//    |                               |  Pad Length   |  Next Header  |
//    |                  ICV                                          |
//    +---------------------------------------------------------------+

const headerLength = 8;
const trailerLength = 2;
const wordSize = 2 ** 32;

/** Next Header of a packet that carries nothing. RFC 4303 §2.6. */
export const dummyNextHeader = 59;

/** The largest sequence numbers we send: 32 bits, and with ESN the largest exact integer. RFC 4303 §3.3.3. */
export const lastSequence = (esn: boolean): number => (esn ? Number.MAX_SAFE_INTEGER : wordSize - 1);

/** The algorithms and keys of one SA. */
export interface Protection {
  readonly suite: EspSuite;
  readonly cipher: CipherKey;
  readonly integKey: Uint8Array;
  readonly equal: Crypto['equal'];
}

/**
 * Makes the keys ready, as copies. `key` is the cipher's key and its salt.
 * Throws RangeError when a key is not of its suite's length.
 */
export function protection(
  crypto: Pick<Crypto, 'equal'>,
  suite: EspSuite,
  key: Uint8Array,
  integKey: Uint8Array = new Uint8Array(),
): Protection {
  if (key.length !== cipherKeyLength(suite)) {
    throw new RangeError(`${suite.cipher.name}: key of ${key.length} octets, not ${cipherKeyLength(suite)}`);
  }
  if (integKey.length !== integKeyLength(suite)) {
    throw new RangeError(`integrity key of ${integKey.length} octets, not ${integKeyLength(suite)}`);
  }
  const cipher = suite.cipher.key(key);
  const equal = (a: Uint8Array, b: Uint8Array) => crypto.equal(a, b);
  return { suite, cipher, integKey: integKey.slice(), equal };
}

/** Zeroes the keys; the protection is of no use after it. */
export function destroy(of: Protection): void {
  of.cipher.destroy();
  of.integKey.fill(0);
}

export interface Sealing {
  readonly spi: number;
  /** The full number; without ESN it is below 2^32. */
  readonly sequence: number;
  /** Of the cipher's `ivLength`. */
  readonly iv: Uint8Array;
  readonly nextHeader: number;
  readonly payload: Uint8Array;
}

/** The ESP packet, from the SPI to the ICV. */
export function seal(by: Protection, packet: Sealing): Uint8Array {
  const { cipher } = by.suite;
  const plaintext = withTrailer(packet.payload, packet.nextHeader, alignment(by.suite));
  const header = new Uint8Array(headerLength);
  const view = new DataView(header.buffer);
  view.setUint32(0, packet.spi);
  view.setUint32(4, packet.sequence % wordSize);
  const aad = associatedData(by.suite, header, packet.sequence);
  const ciphertext = by.cipher.seal(packet.iv, plaintext, cipher.icvLength > 0 ? aad : new Uint8Array());
  if (by.suite.integ === undefined) return join(header, packet.iv, ciphertext);
  const covered = join(header, packet.iv, ciphertext);
  return join(covered, icv(by, covered, packet.sequence));
}

/** SPI and the low 32 bits of the sequence number; undefined when there is no room for them. */
export function parseHeader(octets: Uint8Array): { spi: number; low: number } | undefined {
  if (octets.length < headerLength) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  return { spi: view.getUint32(0), low: view.getUint32(4) };
}

export interface Opened {
  readonly nextHeader: number;
  /** What was carried, TFC padding included. */
  readonly payload: Uint8Array;
}

/** `length`: no whole packet of this suite; `icv`: not from the peer; `padding`: a trailer that is not one. */
export type OpenFailure = 'length' | 'icv' | 'padding';

/**
 * Checks the ICV, then decrypts. `sequence` is the full number (see ReplayWindow.infer).
 * The padding's content is not looked at: the ICV, which every suite has, covers it.
 */
export function open(by: Protection, octets: Uint8Array, sequence: number): Opened | OpenFailure {
  const { cipher, integ } = by.suite;
  const icvAt = octets.length - (integ?.icvLength ?? 0);
  const bodyAt = headerLength + cipher.ivLength;
  const sealedLength = icvAt - bodyAt - cipher.icvLength;
  if (sealedLength < trailerLength || sealedLength % alignment(by.suite) !== 0) return 'length';
  const header = octets.subarray(0, headerLength);
  if (integ !== undefined) {
    const covered = octets.subarray(0, icvAt);
    if (!by.equal(octets.subarray(icvAt), icv(by, covered, sequence))) return 'icv';
  }
  const aad = cipher.icvLength > 0 ? associatedData(by.suite, header, sequence) : new Uint8Array();
  const plaintext = by.cipher.open(
    octets.subarray(headerLength, bodyAt),
    octets.subarray(bodyAt, icvAt),
    aad,
  );
  return plaintext === undefined ? 'icv' : withoutTrailer(plaintext);
}

/** Pad Length and Next Header end on a 4-octet boundary and on the cipher's block. RFC 4303 §2.4. */
const alignment = (suite: EspSuite): number => Math.max(4, suite.cipher.blockLength);

function withTrailer(payload: Uint8Array, nextHeader: number, align: number): Uint8Array {
  const length = Math.ceil((payload.length + trailerLength) / align) * align;
  const padding = length - payload.length - trailerLength;
  const octets = new Uint8Array(length);
  octets.set(payload);
  for (let i = 0; i < padding; i++) octets[payload.length + i] = i + 1;
  octets[length - 2] = padding;
  octets[length - 1] = nextHeader;
  return octets;
}

function withoutTrailer(plaintext: Uint8Array): Opened | OpenFailure {
  const padding = plaintext.at(-2);
  const nextHeader = plaintext.at(-1);
  if (padding === undefined || nextHeader === undefined) return 'length';
  const end = plaintext.length - trailerLength - padding;
  return end < 0 ? 'padding' : { nextHeader, payload: plaintext.subarray(0, end) };
}

/** SPI and sequence number; with ESN its high word between them. RFC 4106 §5. */
function associatedData(suite: EspSuite, header: Uint8Array, sequence: number): Uint8Array {
  return suite.esn ? join(header.subarray(0, 4), highWord(sequence), header.subarray(4)) : header;
}

/** With ESN the high word is not sent but follows what is covered. RFC 4303 §3.3.2.1. */
function icv(by: Protection, covered: Uint8Array, sequence: number): Uint8Array {
  const { integ, esn } = by.suite;
  if (integ === undefined) return new Uint8Array();
  return esn ? integ.compute(by.integKey, covered, highWord(sequence)) : integ.compute(by.integKey, covered);
}

function highWord(sequence: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, Math.floor(sequence / wordSize));
  return octets;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

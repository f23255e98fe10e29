/** One ESP packet: sealed and opened, octets to octets. RFC 4303 §2-3, RFC 4106 §5, RFC 4543 §4, RFC 7634 §2. */
import type { CipherKey, Crypto } from '../crypto/provider.ts';
import { cipherKeyLength, type EspSuite, integKeyLength } from '../crypto/suite.ts';
import { take } from './slab.ts';

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
export function seal(by: Protection, { spi, sequence, iv, nextHeader, payload }: Sealing): Uint8Array {
  const { cipher, integ } = by.suite;
  const plaintext = withTrailer(payload, nextHeader, alignment(by.suite));
  const bodyAt = headerLength + iv.length;
  const icvAt = bodyAt + plaintext.length + cipher.icvLength;
  const packet = take(icvAt + (integ?.icvLength ?? 0));
  writeWord(packet, 0, spi);
  writeWord(packet, 4, sequence % wordSize);
  packet.set(iv, headerLength);
  const aad =
    cipher.icvLength > 0 ? associatedData(by.suite, packet.subarray(0, headerLength), sequence) : nothing;
  packet.set(by.cipher.seal(iv, plaintext, aad), bodyAt);
  if (integ !== undefined) packet.set(icv(by, packet.subarray(0, icvAt), sequence), icvAt);
  return packet;
}

const nothing = new Uint8Array();

function writeWord(octets: Uint8Array, at: number, word: number): void {
  octets[at] = word >>> 24;
  octets[at + 1] = word >>> 16;
  octets[at + 2] = word >>> 8;
  octets[at + 3] = word;
}

/** SPI and the low 32 bits of the sequence number; undefined when there is no room for them. */
export function parseHeader(octets: Uint8Array): { spi: number; low: number } | undefined {
  if (octets.length < headerLength) return undefined;
  return { spi: readWord(octets, 0), low: readWord(octets, 4) };
}

const readWord = (octets: Uint8Array, at: number): number =>
  (((octets[at] ?? 0) << 24) |
    ((octets[at + 1] ?? 0) << 16) |
    ((octets[at + 2] ?? 0) << 8) |
    (octets[at + 3] ?? 0)) >>>
  0;

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

/** What is being sealed, which nobody keeps. */
const scratch = new Uint8Array(16 * 1024);

function withTrailer(payload: Uint8Array, nextHeader: number, align: number): Uint8Array {
  const length = Math.ceil((payload.length + trailerLength) / align) * align;
  const padding = length - payload.length - trailerLength;
  const octets = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
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
  if (!suite.esn) return header;
  const octets = new Uint8Array(headerLength + 4);
  octets.set(header);
  octets.copyWithin(8, 4, 8);
  writeWord(octets, 4, Math.floor(sequence / wordSize));
  return octets;
}

/** With ESN the high word is not sent but follows what is covered. RFC 4303 §3.3.2.1. */
function icv(by: Protection, covered: Uint8Array, sequence: number): Uint8Array {
  const { integ, esn } = by.suite;
  if (integ === undefined) return new Uint8Array();
  return esn ? integ.compute(by.integKey, covered, highWord(sequence)) : integ.compute(by.integKey, covered);
}

function highWord(sequence: number): Uint8Array {
  const octets = new Uint8Array(4);
  writeWord(octets, 0, Math.floor(sequence / wordSize));
  return octets;
}

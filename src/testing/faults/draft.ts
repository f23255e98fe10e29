/** A message taken apart to be mistreated, and sealed again with its sender's true keys. RFC 7296 §3. */
import type { Random } from '../../crypto/provider.ts';
import { PayloadType } from '../../wire/numbers.ts';
import { addMarker } from '../../wire/udp-encap.ts';
import { messageOf } from '../flight.ts';
import type { KeyRing, SaKeys } from '../key-ring.ts';
import { joined } from './octets.ts';
import { chained, cut, type Part } from './parts.ts';

/** The header as it will stand; `length` and `nextPayload` follow from the rest unless said. */
export interface DraftHeader {
  initiatorSpi: bigint;
  responderSpi: bigint;
  version: number;
  exchange: number;
  flags: number;
  messageId: number;
  nextPayload?: number;
  length?: number;
}

/** What is in the Encrypted payload, or in an Encrypted Fragment. */
export interface Sealed {
  readonly keys: SaKeys;
  /** The original initiator's keys seal it, whatever the flags will say. */
  readonly byInitiator: boolean;
  readonly iv: Uint8Array | undefined;
  /** The payloads; of a fragment its octets. */
  inner: Part[] | Uint8Array;
  /** In its generic header. */
  flags: number;
  fragment?: { number: number; total: number; first: number };
}

export const headerFlag = { initiator: 0x08, higherVersion: 0x10, response: 0x20 };

const headerLength = 28;
const fixed = { sk: 4, skf: 8 };

export class Draft {
  readonly header: DraftHeader;
  /** Payloads outside of SK. */
  clear: Part[];
  readonly sealed: Sealed | undefined;
  marked: boolean;

  constructor(header: DraftHeader, clear: Part[], sealed: Sealed | undefined, marked: boolean) {
    this.header = header;
    this.clear = clear;
    this.sealed = sealed;
    this.marked = marked;
  }

  /** The payloads rules speak of: those inside SK when there is one, else all. Undefined of a fragment. */
  get parts(): Part[] | undefined {
    if (this.sealed === undefined) return this.clear;
    return this.sealed.inner instanceof Uint8Array ? undefined : this.sealed.inner;
  }

  set parts(parts: Part[]) {
    if (this.sealed) this.sealed.inner = parts;
    else this.clear = parts;
  }

  get isResponse(): boolean {
    return (this.header.flags & headerFlag.response) !== 0;
  }

  /** The datagram. */
  octets(random: Random): Uint8Array {
    const message = this.sealed ? this.#seal(this.sealed, random) : this.#whole(chained(this.clear));
    return this.marked ? addMarker(message) : message;
  }

  #whole(body: Uint8Array, then = 0): Uint8Array {
    const first = this.header.nextPayload ?? this.clear[0]?.type ?? then;
    return joined(writeHeader(this.header, first, headerLength + body.length), body);
  }

  /** The ICV covers the header and the clear payloads as they lie. */
  #seal(sealed: Sealed, random: Random): Uint8Array {
    const { keys, byInitiator, inner, fragment } = sealed;
    const { cipher, integ } = keys;
    const plain = inner instanceof Uint8Array ? inner : chained(inner);
    const first = inner instanceof Uint8Array ? (fragment?.first ?? 0) : (inner[0]?.type ?? PayloadType.none);
    const padded = pad(plain, cipher.blockLength);
    const iv = sealed.iv ?? random(cipher.ivLength);
    const length = iv.length + padded.length + cipher.icvLength + (integ?.icvLength ?? 0);
    const type = fragment ? PayloadType.fragment : PayloadType.encrypted;
    const numbers = fragment ? u16s(fragment.number, fragment.total) : new Uint8Array();
    const generic = joined(
      Uint8Array.of(first, sealed.flags),
      u16s((fragment ? fixed.skf : fixed.sk) + length),
      numbers,
    );
    const before = joined(chained(this.clear, type), generic);
    const head = this.#whole(joined(before, new Uint8Array(length)), type).subarray(
      0,
      headerLength + before.length,
    );
    const key = cipher.key(byInitiator ? keys.ei : keys.er);
    const ciphertext = key.seal(iv, padded, integ ? new Uint8Array() : head);
    key.destroy();
    const covered = joined(head, iv, ciphertext);
    return integ ? joined(covered, integ.compute(byInitiator ? keys.ai : keys.ar, covered)) : covered;
  }
}

/** Takes a datagram apart. Undefined when it is no IKE message, or sealed with keys not known. */
export function takeApart(datagram: Uint8Array, keys: KeyRing): Draft | undefined {
  const octets = messageOf(datagram);
  if (octets.length < headerLength) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const header: DraftHeader = {
    initiatorSpi: view.getBigUint64(0),
    responderSpi: view.getBigUint64(8),
    version: view.getUint8(17),
    exchange: view.getUint8(18),
    flags: view.getUint8(19),
    messageId: view.getUint32(20),
  };
  const outer = cut(view.getUint8(16), octets.subarray(headerLength));
  if (outer === undefined) return undefined;
  const marked = octets !== datagram;
  if (outer.type === PayloadType.none) return new Draft(header, outer.parts, undefined, marked);
  const sealed = unseal(octets, octets.length - outer.rest.length, outer.type, header, keys);
  return sealed && new Draft(header, outer.parts, sealed, marked);
}

function unseal(
  message: Uint8Array,
  at: number,
  type: number,
  header: DraftHeader,
  ring: KeyRing,
): Sealed | undefined {
  const keys = ring.keysOf(header);
  const isFragment = type === PayloadType.fragment;
  const start = at + (isFragment ? fixed.skf : fixed.sk);
  if (keys === undefined || message.length < start) return undefined;
  const { cipher, integ } = keys;
  const byInitiator = (header.flags & headerFlag.initiator) !== 0;
  const iv = message.slice(start, start + cipher.ivLength);
  const body = message.subarray(start + cipher.ivLength, message.length - (integ?.icvLength ?? 0));
  const key = cipher.key(byInitiator ? keys.ei : keys.er);
  const padded = key.open(iv, body, integ ? new Uint8Array() : message.subarray(0, start));
  key.destroy();
  const padding = padded?.at(-1);
  if (padded === undefined || padding === undefined || padding + 1 > padded.length) return undefined;
  const plain = padded.slice(0, padded.length - padding - 1);
  const [first = 0, flags = 0] = message.subarray(at, at + 2);
  const common = { keys, byInitiator, iv, flags };
  if (isFragment) {
    const view = new DataView(message.buffer, message.byteOffset + at + 4, 4);
    const fragment = { first, number: view.getUint16(0), total: view.getUint16(2) };
    return { ...common, inner: plain, fragment };
  }
  const inner = cut(first, plain);
  return inner && { ...common, inner: inner.parts };
}

function writeHeader(header: DraftHeader, nextPayload: number, length: number): Uint8Array {
  const octets = new Uint8Array(headerLength);
  const view = new DataView(octets.buffer);
  view.setBigUint64(0, header.initiatorSpi);
  view.setBigUint64(8, header.responderSpi);
  octets.set([nextPayload, header.version, header.exchange, header.flags], 16);
  view.setUint32(20, header.messageId);
  view.setUint32(24, header.length ?? length);
  return octets;
}

function pad(plain: Uint8Array, block: number): Uint8Array {
  const padded = new Uint8Array(Math.ceil((plain.length + 1) / block) * block);
  padded.set(plain);
  padded[padded.length - 1] = padded.length - plain.length - 1;
  return padded;
}

const u16s = (...values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]));

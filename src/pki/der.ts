/**
 * Reading DER. X.690 §8 and §10. A reader of our own because the path needs more than a tree: raw Names and the raw
 * tbsCertificate, no leniency at all, 30 µs a certificate, CRLs of 100,000 entries. Views only: what is returned shares
 * memory with the octets given, which `checkDer` has walked before.
 */
import { PkiError } from './error.ts';

/** Identifier octets. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** The identifier octet of a context-specific tag. */
export const context = (number: number, form: 'primitive' | 'constructed' = 'constructed'): number =>
  (form === 'constructed' ? 0xa0 : 0x80) | number;

/** One element: identifier, length and contents. */
export interface Element {
  readonly tag: number;
  /** The whole element. */
  readonly raw: Uint8Array;
  /** Its contents. */
  readonly body: Uint8Array;
}

/** Where an element's contents begin and end. */
export interface Extent {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The identifier and length at `at`; definite, minimal, and inside `limit`. Throws PkiError. */
export function extentAt(octets: Uint8Array, at: number, limit: number): Extent {
  const start = contentsAt(octets, at, limit);
  const end = endOf(octets, at, start);
  if (end > limit) throw cutShort(at);
  return { tag: octets[at] ?? 0, start, end };
}

/** Where the contents of the element at `at` begin. Throws PkiError on a tag or a form of length that is not taken. */
export function contentsAt(octets: Uint8Array, at: number, limit: number): number {
  const tag = octets[at] ?? 0;
  const first = octets[at + 1] ?? 0;
  if (at + 2 > limit) throw cutShort(at);
  if ((tag & 0x1f) === 0x1f) throw new PkiError('der', `DER: tag number above 30 at octet ${at}`);
  if (first < 0x80) return at + 2;
  if (first === 0x80 || first > 0x84) throw new PkiError('der', `DER: no definite length at octet ${at + 1}`);
  return at + 2 + (first & 0x7f);
}

/** Where the element at `at` ends, its contents beginning at `start`. Throws PkiError on a length that could be shorter. */
export function endOf(octets: Uint8Array, at: number, start: number): number {
  const count = start - at - 2;
  if (count === 0) return start + (octets[at + 1] ?? 0);
  let length = 0;
  for (let i = at + 2; i < start; i++) length = length * 256 + (octets[i] ?? 0);
  if (length < 0x80 || length < 256 ** (count - 1)) {
    throw new PkiError('der', `DER: length not minimal at octet ${at + 1}`);
  }
  return start + length;
}

export const cutShort = (at: number): PkiError =>
  new PkiError('der', `DER: element at octet ${at} is cut short`);

/** A plain view: of a Buffer, `slice` would not copy. */
export const octetsOf = (octets: Uint8Array): Uint8Array =>
  octets.constructor === Uint8Array
    ? octets
    : new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);

/** The one element `octets` is. Throws PkiError, also for octets after it. */
export function elementOf(octets: Uint8Array): Element {
  const { tag, start, end } = extentAt(octets, 0, octets.length);
  if (end !== octets.length)
    throw new PkiError('der', `DER: ${octets.length - end} octets after the element`);
  return { tag, raw: octets, body: octets.subarray(start, end) };
}

/** A cursor over the elements in a constructed one. Every call names what it reads. */
export class Contents {
  private at = 0;

  constructor(private readonly octets: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.octets.length;
  }

  /** The next element, of any tag or of `tag`. Throws PkiError. */
  next(what: string, tag?: number): Element {
    if (this.done) throw new PkiError('der', `${what} is missing`);
    const extent = extentAt(this.octets, this.at, this.octets.length);
    if (tag !== undefined && extent.tag !== tag) throw new PkiError('der', `${what} is of another type`);
    const raw = this.octets.subarray(this.at, extent.end);
    this.at = extent.end;
    return { tag: extent.tag, raw, body: this.octets.subarray(extent.start, extent.end) };
  }

  /** The next element when it is of `tag`. */
  optional(tag: number): Element | undefined {
    return this.octets[this.at] === tag ? this.next('element', tag) : undefined;
  }

  /** Refuses what is left. */
  end(what: string): void {
    if (!this.done) throw new PkiError('der', `${what} has more than it may`);
  }
}

/** The elements of a constructed one of `tag`. */
export function contentsOf(element: Element, what: string, tag: number = Tag.SEQUENCE): Contents {
  if (element.tag !== tag) throw new PkiError('der', `${what} is of another type`);
  return new Contents(element.body);
}

/** Every element in a constructed one, at most `most`. Throws PkiError when there is none: no SEQUENCE OF of RFC 5280 is empty. */
export function listOf(element: Element, what: string, tag?: number, most = 4096): Element[] {
  const contents = contentsOf(element, what, tag);
  const list: Element[] = [];
  while (!contents.done) {
    if (list.length === most) throw new PkiError('too-big', `${what} has more than ${most} members`);
    list.push(contents.next(what));
  }
  if (list.length === 0) throw new PkiError('der', `${what} is empty`);
  return list;
}

/** The one element an explicitly tagged one holds. */
export function explicit(element: Element, what: string, tag?: number): Element {
  const contents = new Contents(element.body);
  const inner = contents.next(what, tag);
  contents.end(what);
  return inner;
}

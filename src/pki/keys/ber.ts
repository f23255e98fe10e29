/**
 * BER as key files have it: PKCS#12 files of NSS are written with indefinite lengths and strings in pieces. X.690 §8.
 * What is signed (certificates) is read elsewhere, as strict DER.
 */
import { type Element, Tag } from '../der.ts';
import { malformed } from './key-file-error.ts';

const constructed = 0x20;
const deepest = 32;

/** `[n]` around other elements. */
export const explicit = (n: number): number => 0xa0 | n;

/** The element `octets` are, and nothing behind it. Throws KeyFileError. */
export function element(field: string, octets: Uint8Array, tag?: number): Element {
  const fields = new Fields(field, octets);
  const found = tag === undefined ? fields.any('value') : fields.next('value', tag);
  fields.end();
  return found;
}

/** The fields of a SEQUENCE (or of anything constructed), one after the other. */
export class Fields {
  #rest: Uint8Array;
  readonly #name: string;

  constructor(name: string, content: Uint8Array) {
    this.#name = name;
    this.#rest = content;
  }

  static of(name: string, element: Element): Fields {
    if ((element.tag & constructed) === 0) throw malformed(`${name}: it has no fields`);
    return new Fields(name, element.body);
  }

  get done(): boolean {
    return this.#rest.length === 0;
  }

  /** The tag of the next field; undefined at the end. */
  get tag(): number | undefined {
    return this.#rest[0];
  }

  any(field: string): Element {
    const found = readElement(`${this.#name}: ${field}`, this.#rest, 0);
    this.#rest = this.#rest.subarray(found.raw.length);
    return found;
  }

  next(field: string, tag: number): Element {
    const found = this.any(field);
    // A string in pieces has the same number.
    if (found.tag === tag || (tag === Tag.OCTET_STRING && found.tag === (tag | constructed))) return found;
    throw malformed(`${this.#name}: ${field}: tag ${found.tag} where ${tag} is expected`);
  }

  sequence(field: string): Fields {
    return Fields.of(`${this.#name}: ${field}`, this.next(field, Tag.SEQUENCE));
  }

  optional(field: string, tag: number): Element | undefined {
    return this.tag === tag ? this.any(field) : undefined;
  }

  oid(field: string): string {
    return oidText(`${this.#name}: ${field}`, this.next(field, Tag.OID));
  }

  octetString(field: string): Uint8Array {
    return stringOctets(`${this.#name}: ${field}`, this.next(field, Tag.OCTET_STRING), 0);
  }

  /** A number of at most 31 bits that is not negative. */
  number(field: string): number {
    const { body } = this.next(field, Tag.INTEGER);
    if (body.length < 1 || body.length > 5 || (body[0] ?? 0) > 0x7f)
      throw malformed(`${this.#name}: ${field}: not a number it can be`);
    const value = body.reduce((sum, octet) => sum * 256 + octet, 0);
    if (value > 0x7fffffff) throw malformed(`${this.#name}: ${field}: not a number it can be`);
    return value;
  }

  end(): void {
    if (!this.done) throw malformed(`${this.#name}: ${this.#rest.length} octets too many`);
  }
}

/** Its octets, joined when it is in pieces. `tag` may be implicit. Throws KeyFileError. */
export function stringOctets(name: string, string: Element, depth = 0): Uint8Array {
  if ((string.tag & constructed) === 0) return string.body;
  if (depth > deepest) throw malformed(`${name}: too deep`);
  const pieces: Uint8Array[] = [];
  for (const fields = Fields.of(name, string); !fields.done; )
    pieces.push(stringOctets(name, fields.next('piece', Tag.OCTET_STRING), depth + 1));
  return join(pieces);
}

/** Dotted. */
export function oidText(name: string, { body }: Element): string {
  if (body.length === 0 || body.length > 64) throw malformed(`${name}: not an object identifier`);
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of body) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet > 0x7f) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The element at the beginning of `octets`. */
function readElement(name: string, octets: Uint8Array, depth: number): Element {
  if (depth > deepest) throw malformed(`${name}: too deep`);
  const [tag, first] = octets;
  if (tag === undefined || first === undefined) throw malformed(`${name}: it is missing`);
  if ((tag & 0x1f) === 0x1f) throw malformed(`${name}: a long tag`);
  if (first === 0x80) return indefinite(name, octets, tag, depth);
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  if (lengthOctets > 4) throw malformed(`${name}: a length of ${lengthOctets} octets`);
  let length = first < 0x80 ? first : 0;
  for (let i = 0; i < lengthOctets; i++) length = length * 256 + (octets[2 + i] ?? 0);
  const begin = 2 + lengthOctets;
  const end = begin + length;
  if (end > octets.length) throw malformed(`${name}: cut short, ${end - octets.length} octets are missing`);
  return { tag, raw: octets.subarray(0, end), body: octets.subarray(begin, end) };
}

function indefinite(name: string, octets: Uint8Array, tag: number, depth: number): Element {
  if ((tag & constructed) === 0) throw malformed(`${name}: no length`);
  let at = 2;
  while (octets[at] !== 0 || octets[at + 1] !== 0)
    at += readElement(name, octets.subarray(at), depth + 1).raw.length;
  return { tag, raw: octets.subarray(0, at + 2), body: octets.subarray(2, at) };
}

/** Distinguished names as text, in pluto's spelling: RFC 4514's, in the order of the certificate. */
import {
  fromBER,
  IA5String,
  ObjectIdentifier,
  PrintableString,
  Sequence,
  Set as SetOf,
  Utf8String,
} from 'asn1js';
import { attributeName, attributeType } from './attribute-names.ts';
import { checkDer } from './der-check.ts';
import { PkiError } from './error.ts';
import { type Attribute, rdnsOf, textOf } from './name.ts';

const longest = 4096;

/**
 * A Name as one line of printable ASCII: `C=CA, O=Example, CN=east`. Whatever could end the line, colour a terminal or look
 * like another name is escaped; `parseDn` reads it back. Octets that are no Name are written in hexadecimal. Never throws.
 */
export function formatDn(name: Uint8Array): string {
  try {
    return rdnsOf(name)
      .map((rdn) => rdn.map(formatAttribute).join('+'))
      .join(', ');
  } catch {
    return `0x${hex(name)}`;
  }
}

function formatAttribute({ type, value }: Attribute): string {
  const name = attributeName(type);
  const text = textOf(value);
  if (name === undefined || text === undefined) return `${name ?? type}=#${hex(value.raw)}`;
  const octets = new TextEncoder().encode(text);
  const last = octets.length - 1;
  return `${name}=${Array.from(octets, (octet, at) => escaped(octet, at === 0, at === last)).join('')}`;
}

function escaped(octet: number, first: boolean, last: boolean): string {
  const character = String.fromCharCode(octet);
  if (octet < 0x20 || octet > 0x7e) return `\\${hex(Uint8Array.of(octet))}`;
  const edge = character === ' ' && (first || last);
  return edge || '\\"+,;<>/'.includes(character) || (first && character === '#')
    ? `\\${character}`
    : character;
}

const hex = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join('');

/**
 * The Name a text says, as DER. RDNs stand between commas or slashes, `+` joins the attributes of one; values may be quoted,
 * or escaped by a backslash (and a comma or slash by doubling it, as older plutos had it), or be `#` and the hexadecimal DER.
 * A value is a PrintableString when it can be, else a UTF8String. Throws PkiError.
 */
export function parseDn(text: string): Uint8Array {
  if (text.length > longest)
    throw new PkiError('name', `distinguished name longer than ${longest} characters`);
  const reader = new DnReader(text);
  const rdns: SetOf[] = [];
  while (reader.skipSeparators()) {
    const attributes = [reader.attribute()];
    while (reader.take('+')) attributes.push(reader.attribute());
    rdns.push(new SetOf({ value: inOrder(attributes) }));
  }
  if (rdns.length === 0) throw new PkiError('name', 'distinguished name is empty');
  return new Uint8Array(new Sequence({ value: rdns }).toBER());
}

/** DER's order of a SET OF. X.690 §11.6. */
const inOrder = (attributes: readonly Sequence[]): Sequence[] =>
  attributes
    .map((attribute) => ({ attribute, key: hex(new Uint8Array(attribute.toBER())) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ attribute }) => attribute);

class DnReader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** False at the end of the text. */
  skipSeparators(): boolean {
    this.skip(' /,');
    return this.at < this.text.length;
  }

  take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  attribute(): Sequence {
    this.skip(' ');
    const start = this.at;
    while (/[^ =,/+]/.test(this.text[this.at] ?? ' ')) this.at++;
    const name = this.text.slice(start, this.at);
    const numeric = name.replace(/^OID\./i, '');
    const dotted = /^[0-2](?:\.\d{1,15})+$/.test(numeric) ? { type: numeric, ia5: false } : undefined;
    const known = dotted ?? attributeType(name);
    if (known === undefined) throw this.wrong(`'${name.slice(0, 40)}' is no attribute of a name`, start);
    this.skip(' ');
    if (!this.take('=')) throw this.wrong(`'=' is missing after '${name}'`);
    this.skip(' ');
    const type = new ObjectIdentifier({ value: known.type });
    if (this.take('#')) return this.hexValue(type);
    return new Sequence({
      value: [type, stringOf(this.take('"') ? this.quoted() : this.plain(), known.ia5)],
    });
  }

  private hexValue(type: ObjectIdentifier): Sequence {
    const digits = /^(?:[0-9A-Fa-f]{2})+/.exec(this.text.slice(this.at))?.[0] ?? '';
    const value = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    try {
      checkDer(value, longest, 'value');
    } catch {
      throw this.wrong("what follows '#' is no DER");
    }
    this.at += digits.length;
    this.skip(' ');
    const read = fromBER(value);
    if (read.offset < 0) throw this.wrong("what follows '#' is no DER");
    return new Sequence({ value: [type, read.result] });
  }

  private quoted(): string {
    const octets: number[] = [];
    while (this.text[this.at] !== '"') octets.push(...this.character());
    this.at++;
    this.skip(' ');
    return this.decoded(octets);
  }

  /** Up to a separator that is not doubled; blanks before it do not count unless escaped. */
  private plain(): string {
    const octets: number[] = [];
    let kept = 0;
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined || next === '+') break;
      if (next === ',' || next === '/') {
        if (this.text[this.at + 1] !== next) break;
        this.at++; // doubled: one of it
      }
      octets.push(...this.character());
      if (next !== ' ') kept = octets.length;
    }
    return this.decoded(octets.slice(0, kept));
  }

  /** The octets of one character, or of one escaped. */
  private character(): Iterable<number> {
    const pair = /^\\([0-9A-Fa-f]{2})/.exec(this.text.slice(this.at, this.at + 3))?.[1];
    if (pair !== undefined) {
      this.at += 3;
      return [Number.parseInt(pair, 16)];
    }
    if (this.text[this.at] === '\\') this.at++;
    const point = this.text.codePointAt(this.at);
    if (point === undefined) throw this.wrong('the name ends within a value');
    const character = String.fromCodePoint(point);
    this.at += character.length;
    return new TextEncoder().encode(character);
  }

  private decoded(octets: readonly number[]): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets));
    } catch {
      throw this.wrong('a value is not UTF-8');
    }
  }

  private skip(characters: string): void {
    while (this.at < this.text.length && characters.includes(this.text[this.at] ?? '')) this.at++;
  }

  private wrong(what: string, at = this.at): PkiError {
    return new PkiError('name', `${what} (character ${at + 1} of the distinguished name)`);
  }
}

function stringOf(text: string, ia5: boolean): PrintableString | IA5String | Utf8String {
  if (ia5 && /^[\0-\x7f]*$/.test(text)) return new IA5String({ value: text });
  return /^[A-Za-z0-9 '()+,./:=?-]*$/.test(text)
    ? new PrintableString({ value: text })
    : new Utf8String({ value: text });
}

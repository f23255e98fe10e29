/** Distinguished names. RFC 5280 §4.1.2.4 and §7.1. */
import { contentsOf, type Element, elementOf, listOf, Tag } from './der.ts';
import { oid } from './der-values.ts';

/** AttributeTypeAndValue. */
export interface Attribute {
  readonly type: string;
  readonly value: Element;
}

const mostRdns = 256;
const mostAttributes = 64;

/** The RDNs of a Name element, each with its attributes. An empty Name has none. Throws PkiError. */
export function rdnsOf(name: Uint8Array): Attribute[][] {
  const element = elementOf(name);
  if (element.tag === Tag.SEQUENCE && element.body.length === 0) return [];
  return listOf(element, 'Name', Tag.SEQUENCE, mostRdns).map((rdn) => rdnOf(rdn));
}

/** The attributes of one RelativeDistinguishedName, which may be implicitly tagged. Throws PkiError. */
export const rdnOf = (element: Element, tag: number = Tag.SET): Attribute[] =>
  listOf(element, 'RelativeDistinguishedName', tag, mostAttributes).map(attributeOf);

function attributeOf(element: Element): Attribute {
  const contents = contentsOf(element, 'AttributeTypeAndValue');
  const type = oid(contents.next('attribute type', Tag.OID).body);
  const value = contents.next('attribute value');
  contents.end('AttributeTypeAndValue');
  return { type, value };
}

/**
 * One text for each RDN, equal for RDNs that §7.1 calls the same: case (ASCII's) and runs of blanks do not count, nor the
 * kind of string, nor the order within a multi-valued RDN. Throws PkiError.
 */
export const rdnKeys = (name: Uint8Array): string[] => rdnsOf(name).map(rdnKey);

/** `rdnKeys` as one text; that of an empty Name is empty. */
export const nameKey = (name: Uint8Array): string => rdnKeys(name).join('\n');

export const rdnKey = (rdn: readonly Attribute[]): string =>
  rdn
    .map(({ type, value }) => `${type}=${valueKey(value)}`)
    .sort()
    .join('+');

function valueKey(value: Element): string {
  const text = textOf(value);
  if (text === undefined)
    return `#${Array.from(value.raw, (octet) => octet.toString(16).padStart(2, '0')).join('')}`;
  const folded = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  // What is written with a backslash here never looks like what stands between attributes and RDNs.
  return `"${folded
    .replace(/^ +| +$/g, '')
    .replace(/ +/g, ' ')
    .replace(/[\\"\n]/g, (one) => `\\${one.charCodeAt(0)};`)}`;
}

/** The characters of a DirectoryString, IA5String or NumericString; undefined for another type or octets that are none. */
export function textOf(value: Element): string | undefined {
  switch (value.tag) {
    case Tag.UTF8_STRING:
      return utf8(value.body);
    case Tag.PRINTABLE_STRING:
    case Tag.IA5_STRING:
    case Tag.NUMERIC_STRING:
    case Tag.TELETEX_STRING: // beyond ASCII nobody agrees what it means
      return value.body.every((octet) => octet < 0x80) ? latin(value.body) : undefined;
    case Tag.BMP_STRING:
      return wide(value.body, 2);
    case Tag.UNIVERSAL_STRING:
      return wide(value.body, 4);
    default:
      return undefined;
  }
}

export const latin = (octets: Uint8Array): string => {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
};

function utf8(octets: Uint8Array): string | undefined {
  if (octets.every((octet) => octet < 0x80)) return latin(octets);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

function wide(octets: Uint8Array, size: 2 | 4): string | undefined {
  if (octets.length % size !== 0) return undefined;
  let text = '';
  for (let at = 0; at < octets.length; at += size) {
    const point = octets.subarray(at, at + size).reduce((value, octet) => value * 256 + octet, 0);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}

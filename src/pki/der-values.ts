/** Values of primitive DER elements. X.690 §8, RFC 5280 §4.1.2.5. */
import { type Element, Tag } from './der.ts';
import { PkiError } from './error.ts';

/** A non-negative INTEGER of at most 2^31 - 1. Throws PkiError. */
export function smallInteger(body: Uint8Array, what: string): number {
  const first = body[0] ?? 0x80;
  if (first >= 0x80 || body.length > 4)
    throw new PkiError('der', `${what} is no number from 0 to 2147483647`);
  return body.reduce((value, octet) => value * 256 + octet, 0);
}

/** A BOOLEAN. */
export const boolean = (body: Uint8Array): boolean => body[0] !== 0;

/** A BIT STRING of whole octets. Throws PkiError. */
export function bitString(element: Element, what: string): Uint8Array {
  if (element.tag !== Tag.BIT_STRING || element.body[0] !== 0) {
    throw new PkiError('der', `${what} is no BIT STRING of whole octets`);
  }
  return element.body.subarray(1);
}

/** The named bits of a BIT STRING, bit 0 lowest: at most 31 of them. Throws PkiError when none is set. */
export function namedBits(body: Uint8Array, what: string): number {
  if (body.length > 5) throw new PkiError('der', `${what} is too long`);
  let bits = 0;
  for (let i = 8; i < body.length * 8 && i < 39; i++) {
    if (((body[i >> 3] ?? 0) << (i & 7)) & 0x80) bits |= 1 << (i - 8);
  }
  if (bits === 0) throw new PkiError('der', `${what} has no bit set`);
  return bits;
}

/** The contents of an OBJECT IDENTIFIER as dotted numbers. */
export function oid(body: Uint8Array): string {
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  for (const octet of body) {
    if (typeof arc === 'number' && arc > 2 ** 45) arc = BigInt(arc);
    arc = typeof arc === 'bigint' ? arc * 128n + BigInt(octet & 0x7f) : arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else if (arc < 80) arcs.push(Math.floor(Number(arc) / 40), Number(arc) % 40);
    else arcs.push(2, typeof arc === 'bigint' ? arc - 80n : arc - 80);
    arc = 0;
  }
  return arcs.join('.');
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** A Time in unix seconds: UTCTime of 1950-2049 or GeneralizedTime, to the second and in Zulu. Throws PkiError. */
export function time(element: Element, what: string): number {
  const { tag } = element;
  const text = String.fromCharCode(...element.body.subarray(0, 16));
  const form = tag === Tag.UTC_TIME ? /^\d{12}Z$/ : /^\d{14}Z$/;
  if (
    (tag !== Tag.UTC_TIME && tag !== Tag.GENERALIZED_TIME) ||
    !form.test(text) ||
    text.length !== element.body.length
  ) {
    throw new PkiError('der', `${what} is no time`);
  }
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = tag === Tag.UTC_TIME ? century + text : text;
  const field = (at: number, length = 2) => Number(digits.slice(at, at + length));
  const [year, month, day, hour, minute, second] = [
    field(0, 4),
    field(4),
    field(6),
    field(8),
    field(10),
    field(12),
  ];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const before = daysBefore[month - 1];
  const most = month === 2 ? (leap ? 29 : 28) : (daysBefore[month] ?? 365) - (before ?? 0);
  if (before === undefined || day < 1 || day > most || hour > 23 || minute > 59 || second > 59) {
    throw new PkiError('der', `${what} is no time`);
  }
  const past = year - 1;
  const days =
    year * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + before + day - 1;
  const epoch = 719_527; // days from year 0 to 1970, the leap day of year 0 not counted
  return (days + (leap && month > 2 ? 1 : 0) - epoch) * 86_400 + hour * 3600 + minute * 60 + second;
}

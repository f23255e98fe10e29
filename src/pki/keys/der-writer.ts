/** DER of the few structures we write: private and public keys. X.690 §10. */
import { Tag } from '../der.ts';
import { join } from './ber.ts';

/** An element of `tag` over `parts`. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = join(parts);
  return join([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(Tag.SEQUENCE, ...parts);
export const octetString = (octets: Uint8Array): Uint8Array => der(Tag.OCTET_STRING, octets);
export const bitString = (octets: Uint8Array): Uint8Array => der(Tag.BIT_STRING, Uint8Array.of(0), octets);
export const nothing = Uint8Array.of(Tag.NULL, 0);

/** An unsigned number, big-endian. */
export function integer(magnitude: Uint8Array): Uint8Array {
  const first = magnitude.findIndex((octet) => octet !== 0);
  const shortest = first < 0 ? Uint8Array.of(0) : magnitude.subarray(first);
  return der(Tag.INTEGER, ...((shortest[0] ?? 0) > 0x7f ? [Uint8Array.of(0)] : []), shortest);
}

export function oid(text: string): Uint8Array {
  const [a = 0, b = 0, ...rest] = text.split('.').map(Number);
  return der(Tag.OID, Uint8Array.from([a * 40 + b, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    octets.unshift(0x80 | (rest % 128));
  return octets;
}

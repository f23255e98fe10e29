/** Address ranges as prefixes, which is what routes and rules speak of. */
import type { Prefix } from './rtnetlink.ts';

/** The fewest prefixes that are the range from `start` to `end`, both of 4 or both of 16 octets. */
export function prefixesOf(start: Uint8Array, end: Uint8Array): Prefix[] {
  const width = start.length * 8;
  const found: Prefix[] = [];
  const last = numberOf(end);
  for (let first = numberOf(start); first <= last; ) {
    let open = 0;
    while (open < width) {
      const size = 1n << BigInt(open + 1);
      if (first % size !== 0n || first + size - 1n > last) break;
      open++;
    }
    found.push({ address: octetsOf(first, start.length), length: width - open });
    first += 1n << BigInt(open);
  }
  return found;
}

function numberOf(octets: Uint8Array): bigint {
  return octets.reduce((number, octet) => (number << 8n) | BigInt(octet), 0n);
}

function octetsOf(number: bigint, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let i = length - 1, rest = number; i >= 0; i--, rest >>= 8n) octets[i] = Number(rest & 0xffn);
  return octets;
}

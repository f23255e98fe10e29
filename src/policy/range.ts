/** Ranges of addresses as octets: 4 for IPv4, 16 for IPv6. */
import { formatAddress, parseAddress } from '../wire/address.ts';

/** From `start` to `end`, both included; 4 octets each for IPv4, 16 for IPv6. */
export interface AddressRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** Whether an address range lies inside another. Of different families: no. */
export const contains = (outer: AddressRange, inner: AddressRange): boolean =>
  outer.start.length === inner.start.length &&
  compareAddresses(outer.start, inner.start) <= 0 &&
  compareAddresses(inner.end, outer.end) <= 0;

/** Whether `start` and `end` are addresses of one family, in order. */
export const isRange = ({ start, end }: AddressRange): boolean =>
  start.length === end.length &&
  (start.length === 4 || start.length === 16) &&
  compareAddresses(start, end) <= 0;

/** Orders two addresses of one family: negative, zero or positive. */
export function compareAddresses(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Reads `10.1.0.0/16`, `2001:db8::/32`, `10.1.0.1` or `10.1.0.1-10.1.0.9`; undefined when it is none of these.
 * Host bits below the prefix are cleared, as pluto does.
 */
export const parseCidr = (text: string): AddressRange | undefined =>
  text.includes('-') ? parseFromTo(text) : parsePrefix(text);

function parseFromTo(text: string): AddressRange | undefined {
  const [start, end, ...rest] = text.split('-').map((address) => parseAddress(address.trim()));
  const range = start && end && rest.length === 0 ? { start, end } : undefined;
  return range && isRange(range) ? range : undefined;
}

function parsePrefix(text: string): AddressRange | undefined {
  const [host = '', prefix, ...rest] = text.split('/');
  const address = parseAddress(host);
  if (address === undefined || rest.length > 0) return undefined;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  return prefixRange(address, prefix === undefined ? address.length * 8 : Number(prefix));
}

/** The prefix of so many bits that an address (4 or 16 octets) is in; undefined when it has not so many. */
export function prefixRange(address: Uint8Array, length: number): AddressRange | undefined {
  if (length > address.length * 8) return undefined;
  const hostBits = address.map((_, at) => 0xff >> Math.min(8, Math.max(0, length - at * 8)));
  return {
    start: address.map((octet, at) => octet & ~(hostBits[at] ?? 0)),
    end: address.map((octet, at) => octet | (hostBits[at] ?? 0)),
  };
}

/** `10.1.0.0/16` when the range is a prefix, else `10.1.0.1-10.1.0.9`. */
export function formatRange({ start, end }: AddressRange): string {
  const prefix = prefixLength(start, end);
  return prefix === undefined
    ? `${formatAddress(start)}-${formatAddress(end)}`
    : `${formatAddress(start)}/${prefix}`;
}

/** How many bits from `start` to `end` are a prefix; undefined when they are none. */
export function prefixLength(start: Uint8Array, end: Uint8Array): number | undefined {
  let at = 0;
  while (at < start.length && start[at] === end[at]) at++;
  if (at === start.length) return at * 8;
  // From the first bit that differs on, all is 0 in `start` and 1 in `end`.
  const [low = 0, high = 0] = [start[at], end[at]];
  const hostBits = low ^ high;
  if ((hostBits & (hostBits + 1)) !== 0 || (low & hostBits) !== 0) return undefined;
  const [lowRest, highRest] = [start.subarray(at + 1), end.subarray(at + 1)];
  const prefix = lowRest.every((octet) => octet === 0) && highRest.every((octet) => octet === 0xff);
  return prefix ? at * 8 + Math.clz32(hostBits) - 24 : undefined;
}

/** The fewest prefixes that a range is made of, in order. */
export function networks({ start, end }: AddressRange): AddressRange[] {
  if (prefixLength(start, end) !== undefined) return [{ start, end }];
  const found: AddressRange[] = [];
  for (let from = start; compareAddresses(from, end) <= 0; ) {
    const network = widestFrom(from, end);
    found.push(network);
    const next = following(network.end);
    if (next === undefined) break;
    from = next;
  }
  return found;
}

/** The widest prefix that begins at `from` and does not go beyond `end`. */
function widestFrom(from: Uint8Array, end: Uint8Array): AddressRange {
  for (let length = 0; length < from.length * 8; length++) {
    const network = prefixRange(from, length);
    if (network && compareAddresses(network.start, from) === 0 && compareAddresses(network.end, end) <= 0)
      return network;
  }
  return { start: from, end: from };
}

/** The address after; undefined after the last. */
function following(address: Uint8Array): Uint8Array | undefined {
  const at = address.findLastIndex((octet) => octet !== 0xff);
  return at < 0 ? undefined : address.map((octet, i) => (i < at ? octet : i === at ? octet + 1 : 0));
}

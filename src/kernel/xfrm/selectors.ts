/**
 * Traffic selectors as struct xfrm_selector, and back. The kernel knows prefixes and masked ports only: what is neither
 * becomes several selectors.
 */
import { prefixRange } from '../../policy/range.ts';
import type { RangeSelector, TrafficSelector } from '../../wire/payloads/ts.ts';
import { addressOctets, xfrmAddress } from './addresses.ts';
import { blocks, countBlocks } from './blocks.ts';
import { type Selector, selector } from './structs.ts';

/** Selectors above which a pair is refused rather than installed. */
const most = 256;

const protocols = { ICMP: 1, ICMPV6: 58, MH: 135 };
const typed: readonly number[] = Object.values(protocols);

interface Masked {
  readonly port: number;
  readonly mask: number;
}

/** Each of one end with each of the other. */
interface Ports {
  readonly source: readonly Masked[];
  readonly destination: readonly Masked[];
}

/** Throws RangeError, with the reason as its message, when the kernel cannot select this traffic. */
export function xfrmSelectors(source: TrafficSelector, destination: TrafficSelector): Selector[] {
  if (source.kind !== 'range' || destination.kind !== 'range') {
    throw new RangeError('a selector that is no address range');
  }
  if (source.start.length !== destination.start.length) throw new RangeError('selectors of two families');
  const proto = source.protocol || destination.protocol;
  if (destination.protocol !== 0 && destination.protocol !== proto) {
    throw new RangeError('selectors of two protocols');
  }
  const ports = portsOf(proto, source, destination);
  const count =
    countPrefixes(source) * countPrefixes(destination) * ports.source.length * ports.destination.length;
  if (count > most) throw new RangeError(`selectors that need ${count} of the kernel's`);
  const from = prefixes(source);
  const to = prefixes(destination);
  const masked = ports.source.flatMap((s) =>
    ports.destination.map((d) => ({ sport: s.port, sport_mask: s.mask, dport: d.port, dport_mask: d.mask })),
  );
  const family = xfrmAddress(source.start).family;
  return from.flatMap((s) =>
    to.flatMap((d) =>
      masked.map((each) =>
        selector.of({
          ...{ family, proto },
          ...{ saddr: xfrmAddress(s.start).octets, prefixlen_s: s.fixed },
          ...{ daddr: xfrmAddress(d.start).octets, prefixlen_d: d.fixed },
          ...each,
        }),
      ),
    ),
  );
}

/** What a selector of the kernel's selects; undefined of a family that is neither IPv4 nor IPv6. */
export function trafficSelectors(
  found: Selector,
): { readonly source: RangeSelector; readonly destination: RangeSelector } | undefined {
  const { family, proto } = found;
  const source = rangeOf(found.saddr, family, found.prefixlen_s);
  const destination = rangeOf(found.daddr, family, found.prefixlen_d);
  if (!source || !destination) return undefined;
  const [sourcePorts, destinationPorts] = typed.includes(proto)
    ? [typeAndCode(found), typeAndCode(found)]
    : [span(found.sport, found.sport_mask), span(found.dport, found.dport_mask)];
  return {
    source: { kind: 'range', protocol: proto, ...sourcePorts, ...source },
    destination: { kind: 'range', protocol: proto, ...destinationPorts, ...destination },
  };
}

function countPrefixes({ start, end }: RangeSelector): number {
  if (start.length !== end.length) throw new RangeError('a range of two families');
  const count = countBlocks(numberOf(start), numberOf(end));
  if (count === 0) throw new RangeError('a range that ends before it starts');
  return count;
}

function prefixes({ start, end }: RangeSelector): { readonly start: Uint8Array; readonly fixed: number }[] {
  const bits = start.length * 8;
  return blocks(numberOf(start), numberOf(end), bits).map((block) => ({
    start: octetsOf(block.start, start.length),
    fixed: block.fixed,
  }));
}

function portsOf(proto: number, source: RangeSelector, destination: RangeSelector): Ports {
  if (typed.includes(proto)) return typesAndCodes(proto, source, destination);
  return {
    source: masks(source.startPort, source.endPort),
    destination: masks(destination.startPort, destination.endPort),
  };
}

/**
 * ICMP and MH types are in the upper octet of a traffic selector's port, ICMP codes in the lower (RFC 7296 §3.13.1); the
 * kernel has the type as source port and the code as destination port. Either end may name them.
 */
function typesAndCodes(proto: number, source: RangeSelector, destination: RangeSelector): Ports {
  const first = Math.max(source.startPort, destination.startPort);
  const last = Math.min(source.endPort, destination.endPort);
  if (first > last) throw new RangeError('selectors of two ICMP types');
  const whole = (first & 0xff) === 0 && (last & 0xff) === 0xff;
  const oneType = first >> 8 === last >> 8;
  if (!whole && !oneType) throw new RangeError('selectors of ICMP codes in several types');
  const hasCode = !whole && proto !== protocols.MH;
  return {
    source: masks(first >> 8, last >> 8, 8),
    destination: hasCode ? masks(first & 0xff, last & 0xff, 8) : [{ port: 0, mask: 0 }],
  };
}

/** Of so many bits, those above being 0; a mask of 0 when it is all of them. */
function masks(first: number, last: number, bits = 16): Masked[] {
  if (first > last) throw new RangeError('OPAQUE ports');
  return blocks(BigInt(first), BigInt(last), bits).map(({ start, fixed }) => ({
    port: Number(start),
    mask: fixed === 0 ? 0 : (0xffff << (bits - fixed)) & 0xffff,
  }));
}

function span(port: number, mask: number): { readonly startPort: number; readonly endPort: number } {
  return { startPort: port & mask, endPort: (port & mask) | (~mask & 0xffff) };
}

function typeAndCode({ sport, sport_mask, dport, dport_mask }: Selector) {
  const types = span(sport, sport_mask);
  const codes = span(dport, dport_mask);
  return {
    startPort: ((types.startPort & 0xff) << 8) | (codes.startPort & 0xff),
    endPort: ((types.endPort & 0xff) << 8) | (codes.endPort & 0xff),
  };
}

function rangeOf(octets: Uint8Array, family: number, prefix: number) {
  const address = addressOctets(octets, family);
  return address && prefixRange(address, prefix);
}

function numberOf(octets: Uint8Array): bigint {
  return octets.reduce((number, octet) => (number << 8n) | BigInt(octet), 0n);
}

function octetsOf(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

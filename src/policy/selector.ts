/** Traffic selectors: ranges of addresses and ports, and their narrowing. RFC 7296 §2.9, §3.13; RFC 4301 §4.4.1. */
import { IpProtocol } from '../wire/numbers.ts';
import type { RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import { formatLabel } from './label.ts';
import { type AddressRange, compareAddresses, contains, formatRange, isRange } from './range.ts';

export { type AddressRange, contains, formatRange, parseCidr } from './range.ts';

/**
 * Protocol and ports as the wire has them: protocol 0 is any; ports 0-65535 are ANY and 65535-0 is OPAQUE. For
 * ICMP and ICMPv6 (and MIPv6) a port is the type times 256 plus the code.
 */
export interface PortRange {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

export interface FixedSelector extends AddressRange, PortRange {
  readonly dynamic?: false;
}

/** The end's own address, whatever it is: host to host. */
export interface DynamicSelector extends PortRange {
  readonly dynamic: true;
}

export type SelectorPolicy = FixedSelector | DynamicSelector;

const anyPort = { startPort: 0, endPort: 0xffff } as const;

/** All traffic of an address range. */
export const allTraffic = (range: AddressRange): FixedSelector => ({
  start: range.start,
  end: range.end,
  protocol: 0,
  ...anyPort,
});

/** Host to host: all traffic of the end's own address. */
export const dynamicSelector: DynamicSelector = { dynamic: true, protocol: 0, ...anyPort };

/** Dynamic selectors become the end's `address` (4 or 16 octets); the others stay. */
export const resolve = (own: readonly SelectorPolicy[], address: Uint8Array): FixedSelector[] =>
  own.map((each) => (each.dynamic ? fixed(each, address) : each));

const fixed = ({ protocol, startPort, endPort }: PortRange, address: Uint8Array): FixedSelector => ({
  start: address,
  end: address,
  protocol,
  startPort,
  endPort,
});

/** The TS payload's selector. `address` (4 or 16 octets) stands for a dynamic one. */
export function toWire(own: SelectorPolicy, address: Uint8Array): RangeSelector {
  const { start, end, protocol, startPort, endPort } = own.dynamic ? fixed(own, address) : own;
  return { kind: 'range', protocol, startPort, endPort, start, end };
}

/**
 * What of the offered selectors our policy allows: all intersections, the widest only. The one that holds the
 * initiator's first selector (the packet of an acquire) comes first (RFC 7296 §2.9). Empty: TS_UNACCEPTABLE.
 * `address` (4 or 16 octets) stands for our dynamic selectors; labels and unknown kinds are passed over.
 */
export function narrow(
  offered: readonly TrafficSelector[],
  own: readonly SelectorPolicy[],
  address: Uint8Array,
): RangeSelector[] {
  const mine = own.map((each) => toWire(each, address));
  const common = ranges(offered).flatMap((theirs) => mine.flatMap((each) => intersect(theirs, each) ?? []));
  const wide = widest(common);
  const first = common[0];
  const leading = first && wide.find((each) => covers(each, first));
  return leading === undefined ? [] : [leading, ...wide.filter((each) => each !== leading)];
}

/** Those that no other has in it. Labels and unknown kinds stay. */
export const widest = <S extends TrafficSelector>(selectors: readonly S[]): S[] =>
  selectors.filter(
    (each, at) =>
      each.kind !== 'range' ||
      !selectors.some((other, place) => other.kind === 'range' && hides(other, place, each, at)),
  );

/** Of two equal selectors the earlier hides the later. */
const hides = (other: RangeSelector, place: number, each: RangeSelector, at: number): boolean =>
  place !== at && covers(other, each) && (place < at || !covers(each, other));

/** Whether every one of `inner` is inside one of `outer`: an initiator checks so what the responder narrowed to. */
export const within = (inner: readonly TrafficSelector[], outer: readonly TrafficSelector[]): boolean =>
  inner.length > 0 &&
  inner.every((each) => each.kind === 'range' && ranges(outer).some((wide) => covers(wide, each)));

/** Whether both lists allow the same traffic, selector by selector in any order. */
export const sameSelectors = (a: readonly TrafficSelector[], b: readonly TrafficSelector[]): boolean =>
  within(a, b) && within(b, a);

/** Whether each of `wanted` is there, just as it is. */
export const holdsEach = (selectors: readonly TrafficSelector[], wanted: readonly RangeSelector[]): boolean =>
  wanted.every((each) => ranges(selectors).some((one) => covers(one, each) && covers(each, one)));

/** Those of addresses. */
export const ranges = (selectors: readonly TrafficSelector[]): RangeSelector[] =>
  selectors.filter((each) => each.kind === 'range');

/** The traffic both allow, or undefined when there is none. */
export function intersect(a: RangeSelector, b: RangeSelector): RangeSelector | undefined {
  if (!isRange(a) || !isRange(b) || a.start.length !== b.start.length) return undefined;
  const start = compareAddresses(a.start, b.start) < 0 ? b.start : a.start;
  const end = compareAddresses(a.end, b.end) < 0 ? a.end : b.end;
  if (compareAddresses(start, end) > 0) return undefined;
  if (a.protocol !== 0 && b.protocol !== 0 && a.protocol !== b.protocol) return undefined;
  const ports = commonPorts(a, b);
  return ports && { kind: 'range', protocol: a.protocol || b.protocol, ...ports, start, end };
}

/** Whether `outer` allows all that `inner` allows. A range whose end is before its start is none: no (RFC 7296 §3.13.1). */
export function covers(outer: AddressRange & PortRange, inner: AddressRange & PortRange): boolean {
  if (outer.protocol !== 0 && outer.protocol !== inner.protocol) return false;
  return isRange(inner) && arePorts(inner) && contains(outer, inner) && portsCover(outer, inner);
}

const isAny = ({ startPort, endPort }: PortRange): boolean => startPort === 0 && endPort === 0xffff;

const isOpaque = ({ startPort, endPort }: PortRange): boolean => startPort === 0xffff && endPort === 0;

/** Whether they are in order, or OPAQUE. */
const arePorts = (ports: PortRange): boolean => ports.startPort <= ports.endPort || isOpaque(ports);

/** ANY includes OPAQUE, a range of ports does not (RFC 4301 §4.4.1.1). */
function portsCover(outer: PortRange, inner: PortRange): boolean {
  if (isAny(outer)) return true;
  if (isOpaque(outer) || isOpaque(inner)) return isOpaque(outer) && isOpaque(inner);
  return outer.startPort <= inner.startPort && inner.endPort <= outer.endPort;
}

function commonPorts(a: PortRange, b: PortRange): { startPort: number; endPort: number } | undefined {
  if (!arePorts(a) || !arePorts(b)) return undefined;
  if (isAny(a)) return { startPort: b.startPort, endPort: b.endPort };
  if (isAny(b)) return { startPort: a.startPort, endPort: a.endPort };
  if (isOpaque(a) || isOpaque(b)) {
    return isOpaque(a) && isOpaque(b) ? { startPort: 0xffff, endPort: 0 } : undefined;
  }
  const startPort = Math.max(a.startPort, b.startPort);
  const endPort = Math.min(a.endPort, b.endPort);
  return startPort <= endPort ? { startPort, endPort } : undefined;
}

const protocolNames = new Map<number, string>([
  [IpProtocol.ICMP, 'icmp'],
  [IpProtocol.TCP, 'tcp'],
  [IpProtocol.UDP, 'udp'],
  [IpProtocol.ICMPV6, 'ipv6-icmp'],
]);

const typed: readonly number[] = [IpProtocol.ICMP, IpProtocol.ICMPV6];

/** One line: `10.1.0.0/16`, `10.1.0.1/32[tcp/80]`, `10.1.0.0/24[icmp/8]`, `dynamic[udp/OPAQUE]`. */
export function formatSelector(selector: SelectorPolicy | TrafficSelector): string {
  if ('kind' in selector && selector.kind === 'label') return `label ${formatLabel(selector.label)}`;
  if ('kind' in selector && selector.kind === 'unknown') return `selector of type ${selector.type}`;
  const address = 'start' in selector ? formatRange(selector) : 'dynamic';
  const ports = formatPorts(selector);
  return ports === '' ? address : `${address}[${ports}]`;
}

function formatPorts(ports: PortRange): string {
  const { protocol, startPort, endPort } = ports;
  if (protocol === 0 && isAny(ports)) return '';
  const name = protocol === 0 ? '0' : (protocolNames.get(protocol) ?? String(protocol));
  if (isAny(ports)) return name;
  if (isOpaque(ports)) return `${name}/OPAQUE`;
  const text = typed.includes(protocol) ? typeAndCode : String;
  if (startPort === endPort) return `${name}/${text(startPort)}`;
  const wholeType = typed.includes(protocol) && endPort === startPort + 0xff && startPort % 0x100 === 0;
  return wholeType ? `${name}/${startPort >> 8}` : `${name}/${text(startPort)}-${text(endPort)}`;
}

const typeAndCode = (port: number): string => `${port >> 8}(${port & 0xff})`;

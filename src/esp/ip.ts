/** Just enough of IPv4 and IPv6 headers to match selectors and to carry transport mode. RFC 4301 §4.4.1.1. */

export const Protocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  DCCP: 33,
  IPV6: 41,
  ROUTING: 43,
  FRAGMENT: 44,
  ICMPV6: 58,
  DESTINATION_OPTIONS: 60,
  SCTP: 132,
  MOBILITY: 135,
  UDP_LITE: 136,
} as const;

/** A range selector, as TS payloads have it; 65535-0 means OPAQUE. */
export interface Selector {
  /** 0: any. */
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/**
 * A port to match. `opaque`: not to be seen in this packet; `none`: this end has none to match
 * (the type and code of ICMP belong to the sender's selector, RFC 4301 §4.4.1.3).
 */
export type Port = number | 'opaque' | 'none';

export interface IpHeader {
  readonly version: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** The upper layer's, behind extension headers. */
  readonly protocol: number;
  /** ICMP: type and code. */
  readonly sourcePort: Port;
  readonly destinationPort: Port;
  readonly fragment: 'whole' | 'first' | 'later';
  /** Where the upper layer's header begins. */
  readonly upperAt: number;
  /** The packet's own length: octets after it are TFC padding. */
  readonly length: number;
}

interface Upper {
  readonly protocol: number;
  readonly at: number;
  readonly fragment: IpHeader['fragment'];
}

const ipv6HeaderLength = 40;
const ipv4HeaderLength = 20;

/** Reads a packet's header; undefined when it is no whole IP packet. */
export function readHeader(packet: Uint8Array): IpHeader | undefined {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) return readIpv4(packet);
  return version === 6 ? readIpv6(packet) : undefined;
}

/** Whether one pair of selectors holds the packet: `source` its sender's end, `destination` its receiver's. */
export function matches(
  header: IpHeader,
  source: readonly Selector[],
  destination: readonly Selector[],
): boolean {
  return (
    source.some((selector) => within(selector, header.source, header.protocol, header.sourcePort)) &&
    destination.some((selector) =>
      within(selector, header.destination, header.protocol, header.destinationPort),
    )
  );
}

/** An IP packet around an upper layer's octets. `source` and `destination` are both of 4 or both of 16 octets. */
export function makePacket(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  const ipv4 = source.length === 4;
  const headerLength = ipv4 ? ipv4HeaderLength : ipv6HeaderLength;
  const packet = new Uint8Array(headerLength + payload.length);
  const view = new DataView(packet.buffer);
  if (ipv4) {
    packet[0] = 0x45;
    view.setUint16(2, packet.length);
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = protocol;
    packet.set(source, 12);
    packet.set(destination, 16);
    view.setUint16(10, checksum(packet.subarray(0, headerLength)));
  } else {
    packet[0] = 0x60;
    view.setUint16(4, payload.length);
    packet[6] = protocol;
    packet[7] = 64;
    packet.set(source, 8);
    packet.set(destination, 24);
  }
  packet.set(payload, headerLength);
  return packet;
}

/** What transport mode carries of a packet: everything behind the fixed header and IPv4 options. RFC 4303 §3.1.1. */
export function transportPayload(
  packet: Uint8Array,
  header: IpHeader,
): { nextHeader: number; payload: Uint8Array } {
  const ipv4 = header.version === 4;
  return {
    nextHeader: ipv4 ? header.protocol : (packet[6] ?? 0),
    payload: packet.subarray(ipv4 ? header.upperAt : ipv6HeaderLength, header.length),
  };
}

/** The Internet checksum over some pieces, each but the last of an even length. RFC 1071. */
export function checksum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) + (part[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function readIpv4(packet: Uint8Array): IpHeader | undefined {
  const at = ((packet[0] ?? 0) & 0x0f) * 4;
  if (at < ipv4HeaderLength || packet.length < at) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const length = view.getUint16(2);
  if (length < at || length > packet.length) return undefined;
  const flags = view.getUint16(6);
  const fragment = (flags & 0x1fff) !== 0 ? 'later' : (flags & 0x2000) !== 0 ? 'first' : 'whole';
  const upper: Upper = { protocol: view.getUint8(9), at, fragment };
  return {
    version: 4,
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    ...upperLayer(view, upper, length),
    length,
  };
}

function readIpv6(packet: Uint8Array): IpHeader | undefined {
  if (packet.length < ipv6HeaderLength) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const length = ipv6HeaderLength + view.getUint16(4);
  if (length > packet.length) return undefined;
  const upper = walkExtensions(view, length);
  if (upper === undefined) return undefined;
  return {
    version: 6,
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
    ...upperLayer(view, upper, length),
    length,
  };
}

/** RFC 8200 §4. What lies behind a later fragment's header is not to be read. */
function walkExtensions(view: DataView, length: number): Upper | undefined {
  let protocol = view.getUint8(6);
  let at = ipv6HeaderLength;
  let fragment: Upper['fragment'] = 'whole';
  while (fragment !== 'later' && isExtension(protocol)) {
    if (at + 8 > length) return undefined;
    const next = view.getUint8(at);
    if (protocol === Protocol.FRAGMENT) {
      const field = view.getUint16(at + 2);
      if (field >> 3 !== 0) fragment = 'later';
      else if ((field & 1) !== 0) fragment = 'first';
      at += 8;
    } else {
      at += (view.getUint8(at + 1) + 1) * 8;
    }
    protocol = next;
  }
  return at > length ? undefined : { protocol, at, fragment };
}

/** The default list of RFC 4301 §4.4.1.1: AH and ESP are upper layers here. */
const isExtension = (protocol: number): boolean =>
  protocol === Protocol.HOP_BY_HOP ||
  protocol === Protocol.ROUTING ||
  protocol === Protocol.FRAGMENT ||
  protocol === Protocol.DESTINATION_OPTIONS;

function upperLayer(
  view: DataView,
  { protocol, at, fragment }: Upper,
  end: number,
): Pick<IpHeader, 'protocol' | 'sourcePort' | 'destinationPort' | 'fragment' | 'upperAt'> {
  const [sourcePort, destinationPort] = fragment === 'later' ? hidden : ports(view, protocol, at, end);
  return { protocol, sourcePort, destinationPort, fragment, upperAt: at };
}

const hidden: readonly [Port, Port] = ['opaque', 'opaque'];

function ports(view: DataView, protocol: number, at: number, end: number): readonly [Port, Port] {
  switch (protocol) {
    case Protocol.TCP:
    case Protocol.UDP:
    case Protocol.UDP_LITE:
    case Protocol.DCCP:
    case Protocol.SCTP:
      return at + 4 <= end ? [view.getUint16(at), view.getUint16(at + 2)] : hidden;
    case Protocol.ICMP:
    case Protocol.ICMPV6:
      return at + 2 <= end ? [view.getUint16(at), 'none'] : hidden;
    case Protocol.MOBILITY:
      return at + 3 <= end ? [view.getUint8(at + 2) << 8, 'none'] : hidden;
    default:
      return hidden;
  }
}

function within(selector: Selector, address: Uint8Array, protocol: number, port: Port): boolean {
  if (selector.protocol !== 0 && selector.protocol !== protocol) return false;
  if (selector.start.length !== address.length) return false;
  if (compare(selector.start, address) > 0 || compare(address, selector.end) > 0) return false;
  if (port === 'none') return true;
  const { startPort, endPort } = selector;
  if (port === 'opaque') return (startPort === 0 && endPort === 65535) || startPort > endPort;
  return startPort <= port && port <= endPort;
}

/** Octet strings of one length, as numbers. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

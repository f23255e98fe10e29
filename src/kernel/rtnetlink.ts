/** Addresses, routes and rules of the host by NETLINK_ROUTE: each a synchronous request. linux/rtnetlink.h, fib_rules.h. */
import { errnoName, SystemError } from './errno.ts';
import { checked, type Libc, libc } from './libc.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const MSG_DONTWAIT = 0x40;
const AF = { 4: 2, 16: 10 } as const;

const Message = {
  ERROR: 2,
  DONE: 3,
  NEWLINK: 16,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWRULE: 32,
  DELRULE: 33,
} as const;

const Flag = { REQUEST: 1, ACK: 4, REPLACE: 0x100, DUMP: 0x300, EXCL: 0x200, CREATE: 0x400 } as const;
const ruleActions = { table: 1, goto: 2, nop: 3 } as const;
const FIB_RULE_FIND_SADDR = 0x10000;
const RTN_UNICAST = 1;
const RTN_UNREACHABLE = 7;
/** The lowest is taken. */
const metrics = { device: 1, refusal: 2 } as const;
/** Ours among those who make routes, in the range the kernel leaves to daemons. */
const routeProtocol = 73;
const IFF_UP = 1;
const IFA_F_NODAD = 2;
const scopes = { global: 0, link: 253 } as const;
const headerLength = 16;
/** More than the kernel puts into one part of a dump. */
const largestDatagram = 64 * 1024;
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** An address prefix; its octets say which IP version. */
export interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

export interface Route {
  readonly to: Prefix;
  readonly table: number;
  /** Index of the interface; without it packets are refused, where no other route to the prefix takes them. */
  readonly device?: number;
  /** What packets of our own leave with. */
  readonly source?: Uint8Array;
}

export interface Rule {
  readonly version: 4 | 6;
  /** The lowest is asked first. */
  readonly priority: number;
  readonly leads:
    | { readonly kind: 'table'; readonly table: number }
    | { readonly kind: 'goto'; readonly priority: number }
    | { readonly kind: 'nop' };
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly protocol?: number;
  readonly sourcePorts?: readonly [number, number];
  readonly destinationPorts?: readonly [number, number];
  /** IPv6: of packets without a source yet too, and then, where it leads to a table, if they would get one of `from`. */
  readonly findSource?: boolean;
}

type Attribute = readonly [type: number, value: Uint8Array];

/** After `close` every request throws SystemError EBADF. */
export class RouteSocket {
  readonly #calls: Libc;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(largestDatagram);
  #sequence = 0;
  #closed = false;

  /** Throws SystemError. */
  constructor(calls: Libc = libc()) {
    this.#calls = calls;
    this.#fd = checked(calls, 'socket', calls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
  }

  /** Throws SystemError ENODEV. */
  linkIndex(name: string): number {
    const body = [linkHeader(0, 0, 0), attribute(3, new TextEncoder().encode(`${name}\0`))];
    return view(this.#link(name, body)).getInt32(4, little);
  }

  /** Throws SystemError ENODEV. */
  isLinkUp(index: number): boolean {
    const answer = this.#link(`${index}`, [linkHeader(index, 0, 0)]);
    return (view(answer).getUint32(8, little) & IFF_UP) !== 0;
  }

  /** Up, of this MTU, and without an IPv6 address of its own making. */
  linkUp(index: number, mtu: number): void {
    const mode = attribute(26, attribute(10, attribute(8, Uint8Array.of(1))));
    this.#tolerant(Message.NEWLINK, 0, [linkHeader(index, 0, 0), mode]);
    this.#do('link up', Message.NEWLINK, 0, [linkHeader(index, IFF_UP, IFF_UP), attribute(4, u32(mtu))]);
  }

  /** Nothing when it is there already. */
  addAddress(index: number, { address, length }: Prefix): void {
    const body = [addressHeader(index, address, length), attribute(2, address), attribute(1, address)];
    this.#do('address', Message.NEWADDR, Flag.CREATE | Flag.REPLACE, body);
  }

  /** Nothing when it is not there. */
  deleteAddress(index: number, { address, length }: Prefix): void {
    const body = [addressHeader(index, address, length), attribute(2, address), attribute(1, address)];
    this.#tolerant(Message.DELADDR, 0, body);
  }

  /** In the place of one of the same kind to the same prefix in the same table. Throws SystemError. */
  setRoute(route: Route): void {
    this.#do('route', Message.NEWROUTE, Flag.CREATE | Flag.REPLACE, routeBody(route));
  }

  /** Nothing when it is not there. */
  deleteRoute(route: Route): void {
    this.#tolerant(Message.DELROUTE, 0, routeBody(route));
  }

  /** All routes of these tables that are ours, for whatever device. */
  routes(first: number, last: number): Route[] {
    return ([4, 6] as const).flatMap((version) => this.#routes(version, first, last));
  }

  /** Throws SystemError; EEXIST when there is an equal one. */
  addRule(rule: Rule): void {
    this.#do('rule', Message.NEWRULE, Flag.CREATE | Flag.EXCL, ruleBody(rule));
  }

  /** Nothing when it is not there. */
  deleteRule(rule: Rule): void {
    this.#tolerant(Message.DELRULE, 0, ruleBody(rule));
  }

  /** All rules of a priority. */
  clearRules(version: 4 | 6, priority: number): void {
    const body = [familyHeader(version === 4 ? AF[4] : AF[16]), attribute(6, u32(priority))];
    while (this.#tolerant(Message.DELRULE, 0, body));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#calls.close(this.#fd);
  }

  #link(name: string, body: readonly Uint8Array[]): Uint8Array {
    this.#send(Message.GETLINK, 0, body);
    for (const { type, body: answer } of this.#receive()) {
      if (type === Message.NEWLINK) return answer;
      if (type === Message.ERROR) throw refusal(`link ${name}`, answer);
    }
    throw new SystemError(`link ${name}`, 'ENODATA');
  }

  #routes(version: 4 | 6, first: number, last: number): Route[] {
    const found: Route[] = [];
    this.#send(Message.GETROUTE, Flag.DUMP, [familyHeader(version === 4 ? AF[4] : AF[16])]);
    for (const { type, body } of this.#receive()) {
      if (type === Message.DONE || type === Message.ERROR) break;
      if (type !== Message.NEWROUTE || body.length < 12 || body[5] !== routeProtocol) continue;
      const attributes = new Map(attributesOf(body.subarray(12)));
      const table = numberOf(attributes.get(15));
      if (table === undefined || table < first || table > last) continue;
      const address = attributes.get(1) ?? new Uint8Array(version === 4 ? 4 : 16);
      const device = body[7] === RTN_UNREACHABLE ? undefined : numberOf(attributes.get(4));
      found.push({
        to: { address: address.slice(), length: body[1] ?? 0 },
        table,
        ...(device && { device }),
      });
    }
    return found;
  }

  #do(what: string, type: number, flags: number, body: readonly Uint8Array[]): void {
    this.#send(type, flags | Flag.ACK, body);
    for (const answer of this.#receive()) {
      if (answer.type !== Message.ERROR) continue;
      if (view(answer.body).getInt32(0, little) === 0) return;
      throw refusal(what, answer.body);
    }
    throw new SystemError(what, 'ENODATA');
  }

  /** Whether it was done. */
  #tolerant(type: number, flags: number, body: readonly Uint8Array[]): boolean {
    try {
      this.#do('', type, flags, body);
      return true;
    } catch (error) {
      if (error instanceof SystemError && !this.#closed) return false;
      throw error;
    }
  }

  #send(type: number, flags: number, body: readonly Uint8Array[]): void {
    // The descriptor's number may be another's by now.
    if (this.#closed) throw new SystemError('send', 'EBADF', 'closed');
    this.#sequence = (this.#sequence + 1) >>> 0;
    const length = body.reduce((sum, part) => sum + part.length, headerLength);
    const octets = new Uint8Array(length);
    const header = view(octets);
    header.setUint32(0, length, little);
    header.setUint16(4, type, little);
    header.setUint16(6, flags | Flag.REQUEST, little);
    header.setUint32(8, this.#sequence, little);
    let at = headerLength;
    for (const part of body) {
      octets.set(part, at);
      at += part.length;
    }
    checked(this.#calls, 'send', this.#calls.send(this.#fd, octets, octets.length, 0));
  }

  /** The answers to the last request; the kernel has made them when `send` returns, a dump's next part when one is read. */
  *#receive(): Generator<{ readonly type: number; readonly body: Uint8Array }> {
    for (;;) {
      const length = this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0 && this.#calls.errno() === 11) return;
      const datagram = view(this.#buffer.subarray(0, checked(this.#calls, 'recv', length)));
      for (let at = 0; at + headerLength <= datagram.byteLength; ) {
        const end = at + datagram.getUint32(at, little);
        if (end < at + headerLength || end > datagram.byteLength) break;
        if (datagram.getUint32(at + 8, little) === this.#sequence) {
          const body = this.#buffer.subarray(at + headerLength, end);
          yield { type: datagram.getUint16(at + 4, little), body };
        }
        at = align(end);
      }
    }
  }
}

const refusal = (what: string, body: Uint8Array): SystemError =>
  new SystemError(what, errnoName(-view(body).getInt32(0, little)));

function linkHeader(index: number, flags: number, change: number): Uint8Array {
  const octets = new Uint8Array(16);
  view(octets).setInt32(4, index, little);
  view(octets).setUint32(8, flags, little);
  view(octets).setUint32(12, change, little);
  return octets;
}

function addressHeader(index: number, address: Uint8Array, length: number): Uint8Array {
  const octets = Uint8Array.of(familyOf(address), length, IFA_F_NODAD, scopes.global, 0, 0, 0, 0);
  view(octets).setUint32(4, index, little);
  return octets;
}

function familyHeader(family: number): Uint8Array {
  const octets = new Uint8Array(12);
  octets[0] = family;
  return octets;
}

function routeBody({ to, table, device, source }: Route): Uint8Array[] {
  const kind = device === undefined ? RTN_UNREACHABLE : RTN_UNICAST;
  const scope = device === undefined ? scopes.global : scopes.link;
  const header = familyHeader(familyOf(to.address));
  header.set([to.length, 0, 0, 0, routeProtocol, scope, kind], 1);
  return [
    header,
    attribute(15, u32(table)),
    attribute(1, to.address),
    attribute(6, u32(device === undefined ? metrics.refusal : metrics.device)),
    ...(device === undefined ? [] : [attribute(4, u32(device))]),
    ...(source === undefined ? [] : [attribute(7, source)]),
  ];
}

function ruleBody({ version, priority, leads, ...which }: Rule): Uint8Array[] {
  const header = familyHeader(version === 4 ? AF[4] : AF[16]);
  header.set([which.to?.length ?? 0, which.from?.length ?? 0], 1);
  header[7] = ruleActions[leads.kind];
  if (which.findSource) view(header).setUint32(8, FIB_RULE_FIND_SADDR, little);
  return [
    header,
    attribute(6, u32(priority)),
    ...(leads.kind === 'table' ? [attribute(15, u32(leads.table))] : []),
    ...(leads.kind === 'goto' ? [attribute(4, u32(leads.priority))] : []),
    ...(which.to ? [attribute(1, which.to.address)] : []),
    ...(which.from ? [attribute(2, which.from.address)] : []),
    ...(which.protocol === undefined ? [] : [attribute(22, Uint8Array.of(which.protocol))]),
    ...(which.sourcePorts ? [attribute(23, u16s(which.sourcePorts))] : []),
    ...(which.destinationPorts ? [attribute(24, u16s(which.destinationPorts))] : []),
  ];
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const octets = new Uint8Array(align(4 + value.length));
  view(octets).setUint16(0, 4 + value.length, little);
  view(octets).setUint16(2, type, little);
  octets.set(value, 4);
  return octets;
}

function* attributesOf(octets: Uint8Array): Generator<Attribute> {
  for (let at = 0; at + 4 <= octets.length; ) {
    const length = view(octets).getUint16(at, little);
    if (length < 4 || at + length > octets.length) return;
    yield [view(octets).getUint16(at + 2, little) & 0x3fff, octets.subarray(at + 4, at + length)];
    at += align(length);
  }
}

const familyOf = (address: Uint8Array): number => (address.length === 4 ? AF[4] : AF[16]);
const align = (length: number): number => (length + 3) & ~3;
const view = (octets: Uint8Array): DataView =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

const numberOf = (octets: Uint8Array | undefined): number | undefined =>
  octets && view(octets).getUint32(0, little);

function u32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  view(octets).setUint32(0, value, little);
  return octets;
}

function u16s(values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(2 * values.length);
  for (const [i, value] of values.entries()) view(octets).setUint16(2 * i, value, little);
  return octets;
}

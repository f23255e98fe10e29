/** The SAs that hold, and which of them a packet takes. RFC 4301 §4.4.1-4.4.2, §5. */
import { compare, type IpHeader, matches, type Selector } from './ip.ts';
import { destroy } from './packet.ts';
import type { EspSa, InboundSa, OutboundSa, SaPath } from './sa.ts';

/** Names an SA: its SPI and the address its packets go to. */
export interface SaName {
  readonly spi: number;
  readonly destination: string;
}

export class Sad {
  readonly #byName = new Map<string, EspSa>();
  readonly #inbound = new Map<number, InboundSa>();
  /** Newest first. */
  readonly #outbound = new Map<number, OutboundSa[]>();

  get size(): number {
    return this.#byName.size;
  }

  /** False when the name is taken; of inbound SAs the SPI alone must be new. */
  add(sa: EspSa): boolean {
    const key = keyOf({ spi: sa.spi, destination: sa.path.destination.address });
    if (this.#byName.has(key)) return false;
    if (sa.direction === 'in') {
      if (this.#inbound.has(sa.spi)) return false;
      this.#inbound.set(sa.spi, sa);
    } else {
      this.#outbound.set(sa.reqid, [sa, ...(this.#outbound.get(sa.reqid) ?? [])]);
    }
    this.#byName.set(key, sa);
    return true;
  }

  find(name: SaName): EspSa | undefined {
    return this.#byName.get(keyOf(name));
  }

  /** Forgets an SA and zeroes its keys; false when there is none of that name. */
  remove(name: SaName): boolean {
    const sa = this.find(name);
    if (sa === undefined) return false;
    this.#byName.delete(keyOf(name));
    if (sa.direction === 'in') this.#inbound.delete(sa.spi);
    else {
      const rest = (this.#outbound.get(sa.reqid) ?? []).filter((other) => other !== sa);
      if (rest.length > 0) this.#outbound.set(sa.reqid, rest);
      else this.#outbound.delete(sa.reqid);
    }
    destroy(sa.protection);
    return true;
  }

  /** Gives an SA other ends; its numbers and counters go on. */
  move(name: SaName, path: SaPath): 'moved' | 'missing' | 'exists' {
    const sa = this.find(name);
    if (sa === undefined) return 'missing';
    const to = keyOf({ spi: name.spi, destination: path.destination.address });
    const holder = this.#byName.get(to);
    if (holder !== undefined && holder !== sa) return 'exists';
    this.#byName.delete(keyOf(name));
    this.#byName.set(to, sa);
    sa.path = path;
    return 'moved';
  }

  inbound(spi: number): InboundSa | undefined {
    return this.#inbound.get(spi);
  }

  /** The newest outbound SA of a reqid, or the newest of it that may carry the packet. */
  outbound(reqid: number, header?: IpHeader): OutboundSa | undefined {
    const all = this.#outbound.get(reqid);
    return header === undefined ? all?.[0] : all?.find((sa) => matches(header, sa.local, sa.remote));
  }

  clear(): void {
    for (const sa of this.#byName.values()) destroy(sa.protection);
    this.#byName.clear();
    this.#inbound.clear();
    this.#outbound.clear();
  }
}

/** Which traffic is protected, by the SAs of which reqid: one entry of the SPD. */
export interface ProtectPolicy {
  readonly reqid: number;
  readonly local: Selector;
  readonly remote: Selector;
}

/** The policies of one direction, the narrowest first; of equally narrow ones the newest. */
export class ProtectPolicies {
  #entries: { readonly policy: ProtectPolicy; readonly breadth: number }[] = [];

  /** False when it is there already. */
  add(policy: ProtectPolicy): boolean {
    if (this.#entries.some((entry) => same(entry.policy, policy))) return false;
    const breadth = breadthOf(policy.local) + breadthOf(policy.remote);
    const at = this.#entries.findIndex((entry) => entry.breadth >= breadth);
    this.#entries.splice(at < 0 ? this.#entries.length : at, 0, { policy, breadth });
    return true;
  }

  /** False when there is no such policy. */
  remove(policy: ProtectPolicy): boolean {
    const at = this.#entries.findIndex((entry) => same(entry.policy, policy));
    if (at >= 0) this.#entries.splice(at, 1);
    return at >= 0;
  }

  /** For a packet that goes out. */
  find(header: IpHeader): ProtectPolicy | undefined {
    return this.#entries.find(({ policy }) => matches(header, [policy.local], [policy.remote]))?.policy;
  }

  clear(): void {
    this.#entries = [];
  }
}

const keyOf = ({ spi, destination }: SaName): string => `${spi}@${destination}`;

const same = (a: ProtectPolicy, b: ProtectPolicy): boolean =>
  a.reqid === b.reqid && sameSelector(a.local, b.local) && sameSelector(a.remote, b.remote);

const sameSelector = (a: Selector, b: Selector): boolean =>
  a.protocol === b.protocol &&
  a.startPort === b.startPort &&
  a.endPort === b.endPort &&
  a.start.length === b.start.length &&
  compare(a.start, b.start) === 0 &&
  compare(a.end, b.end) === 0;

/** Bits a selector leaves open. */
function breadthOf(selector: Selector): number {
  const first = selector.start.findIndex((octet, i) => octet !== selector.end[i]);
  const differing = (selector.start[first] ?? 0) ^ (selector.end[first] ?? 0);
  const address = first < 0 ? 0 : (selector.start.length - first) * 8 - (Math.clz32(differing) - 24);
  const ports = Math.log2(Math.abs(selector.endPort - selector.startPort) + 1);
  return address + ports + (selector.protocol === 0 ? 8 : 0);
}

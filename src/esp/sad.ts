/** The SAs that hold, and which of them a packet takes. RFC 4301 §4.4.1-4.4.2, §5. */
import { type IpHeader, matches } from './ip.ts';
import { destroy } from './packet.ts';
import type { EspSa, InboundSa, OutboundSa, SaPath, SaTerms } from './sa.ts';

/** Names an SA: its SPI and the address its packets go to. */
export interface SaName {
  readonly spi: number;
  readonly destination: string;
}

export class Sad {
  readonly #byName = new Map<string, EspSa>();
  readonly #inbound = new Map<number, InboundSa>();
  /** By reqid and label, newest first. */
  readonly #outbound = new Map<string, OutboundSa[]>();

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
      const group = groupOf(sa);
      this.#outbound.set(group, [sa, ...(this.#outbound.get(group) ?? [])]);
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
      const group = groupOf(sa);
      const rest = (this.#outbound.get(group) ?? []).filter((other) => other !== sa);
      if (rest.length > 0) this.#outbound.set(group, rest);
      else this.#outbound.delete(group);
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

  /** The newest outbound SA of a reqid and a label, or the newest of them that may carry the packet. */
  outbound(reqid: number, header?: IpHeader, label?: string): OutboundSa | undefined {
    const all = this.#outbound.get(groupOf({ reqid, ...(label !== undefined && { label }) }));
    return header === undefined ? all?.[0] : all?.find((sa) => matches(header, sa.local, sa.remote));
  }

  clear(): void {
    for (const sa of this.#byName.values()) destroy(sa.protection);
    this.#byName.clear();
    this.#inbound.clear();
    this.#outbound.clear();
  }
}

const groupOf = ({ reqid, label }: Pick<SaTerms, 'reqid' | 'label'>): string =>
  label === undefined ? `${reqid}` : `${reqid} ${label}`;

const keyOf = ({ spi, destination }: SaName): string => `${spi}@${destination}`;

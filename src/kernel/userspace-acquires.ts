/** Packets that wait for an SA: what was asked for them, and some of them. */
import { toHex } from '../wire/hex.ts';

interface Pending {
  readonly sequence: number;
  readonly reqid: number;
  readonly label: string | undefined;
  readonly askedAt: number;
  readonly packets: Uint8Array[];
}

/** What an SA is wanted for: packets of a policy, and of a label. */
export interface Carriage {
  readonly reqid: number;
  /** In hexadecimal digits. */
  readonly label?: string | undefined;
}

/** Milliseconds before the same is asked for again, as the kernel's larval SAs have it. */
const interval = 30_000;
/** Packets kept of each, and what is asked for at once. */
const mostPackets = 4;
const mostPending = 1_024;

export class Acquires {
  readonly #now: () => number;
  /** By reqid and the address packets are for, the oldest first. */
  readonly #pending = new Map<string, Pending>();
  #sequence = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A packet waits; the number of what is to be asked for it, undefined when that was done a short while ago. */
  wait({ reqid, label }: Carriage, destination: Uint8Array, packet: Uint8Array): number | undefined {
    const key = `${reqid} ${label ?? ''} ${toHex(destination)}`;
    const now = this.#now();
    const known = this.#pending.get(key);
    if (known !== undefined && now - known.askedAt < interval) {
      if (known.packets.length < mostPackets) known.packets.push(packet.slice());
      return undefined;
    }
    const [oldest] = this.#pending.keys();
    if (known !== undefined) this.#pending.delete(key);
    else if (oldest !== undefined && this.#pending.size >= mostPending) this.#pending.delete(oldest);
    this.#sequence = (this.#sequence % 0x7fff_ffff) + 1;
    this.#pending.set(key, {
      sequence: this.#sequence,
      reqid,
      label,
      askedAt: now,
      packets: [packet.slice()],
    });
    return this.#sequence;
  }

  /** There is an SA: nothing waits for it any more. The packets that did, the first first. */
  answered({ reqid, label }: Carriage, sequence: number | undefined): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (const [key, pending] of this.#pending) {
      if (pending.label !== label || (pending.reqid !== reqid && pending.sequence !== sequence)) continue;
      this.#pending.delete(key);
      if (this.#now() - pending.askedAt < interval) packets.push(...pending.packets);
    }
    return packets;
  }

  clear(): void {
    this.#pending.clear();
  }
}

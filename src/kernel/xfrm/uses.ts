/** What SAs carried, and when last, out of what the kernel shows of them. */
import type { SaCounters } from '../port.ts';
import { attributeValue } from './attributes.ts';
import type { MessageOf } from './messages.ts';

interface Look {
  readonly packets: bigint;
  readonly lastUse: number | undefined;
}

export class Uses {
  readonly #now: () => number;
  readonly #unixTime: () => number;
  readonly #looks = new Map<string, Look>();

  constructor(now: () => number, unixTime: () => number) {
    this.#now = now;
    this.#unixTime = unixTime;
  }

  counters(key: string, shown: MessageOf<'NEWSA'>): SaCounters {
    const { bytes, packets } = shown.body.curlft;
    const lastUse = this.#lastUse(key, shown);
    this.#looks.set(key, { packets, lastUse });
    return { octets: Number(bytes), packets: Number(packets), lastUse };
  }

  move(from: string, to: string): void {
    const look = this.#looks.get(from);
    this.#looks.delete(from);
    if (look) this.#looks.set(to, look);
  }

  forget(key: string): void {
    this.#looks.delete(key);
  }

  /**
   * XFRMA_LASTUSED is in whole seconds of the wall clock. Kernels before 6.2 do not tell it of every packet: there an SA
   * that has carried more since it was last looked at was used just now.
   */
  #lastUse(key: string, { body, attributes }: MessageOf<'NEWSA'>): number | undefined {
    const { packets } = body.curlft;
    if (packets === 0n) return undefined;
    const seconds = attributeValue(attributes, 'LASTUSED');
    if (seconds) return this.#now() - Math.max(0, this.#unixTime() - Number(seconds) * 1000);
    const before = this.#looks.get(key);
    return before?.packets === packets ? before.lastUse : this.#now();
  }
}

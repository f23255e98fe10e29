/** What is remembered of fetches until its time comes: bounded, what was used least recently goes first. */
import type { Millis } from '../ike/actions.ts';
import type { Clock } from './clock.ts';

interface Entry<T> {
  readonly value: T;
  readonly until: Millis;
  readonly octets: number;
}

export class Memory<T> {
  readonly #clock: Clock;
  readonly #most: { readonly entries: number; readonly octets: number };
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<T>>();
  #octets = 0;

  constructor(clock: Clock, most: { readonly entries: number; readonly octets: number }) {
    this.#clock = clock;
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.forget(key);
    if (entry.until <= this.#clock.now()) return undefined;
    this.#put(key, entry);
    return entry.value;
  }

  set(key: string, value: T, until: Millis, octets = 0): void {
    this.forget(key);
    if (until <= this.#clock.now()) return;
    this.#put(key, { value, until, octets });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most.entries && this.#octets <= this.#most.octets) return;
      this.forget(oldest);
    }
  }

  forget(key: string): void {
    this.#octets -= this.#entries.get(key)?.octets ?? 0;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#octets = 0;
  }

  #put(key: string, entry: Entry<T>): void {
    this.#entries.set(key, entry);
    this.#octets += entry.octets;
  }
}

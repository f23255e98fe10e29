/** What of a connection is up, by child and by IKE SA: no look at it walks through all, of which there may be thousands. */

/** Our inbound SPI of a child, or the IKE SA of a connection that has none. */
export type Key = number | 'ike';

interface One {
  /** The child's name. */
  readonly child: string | undefined;
  /** The IKE SA that it is of. */
  owner: string;
}

export class Alive {
  readonly #all = new Map<Key, One>();
  /** How often each child is up. */
  readonly #names = new Map<string | undefined, number>();
  readonly #owned = new Map<string, Key[]>();

  get size(): number {
    return this.#all.size;
  }

  has(child: string): boolean {
    return this.#names.has(child);
  }

  owns(owner: string): boolean {
    return this.#owned.has(owner);
  }

  add(key: Key, child: string | undefined, owner: string): void {
    this.delete(key);
    this.#all.set(key, { child, owner });
    this.#names.set(child, (this.#names.get(child) ?? 0) + 1);
    this.#own(owner, [key]);
  }

  delete(key: Key): void {
    const one = this.#all.get(key);
    if (one === undefined) return;
    this.#all.delete(key);
    const left = (this.#names.get(one.child) ?? 1) - 1;
    if (left === 0) this.#names.delete(one.child);
    else this.#names.set(one.child, left);
    const rest = (this.#owned.get(one.owner) ?? []).filter((each) => each !== key);
    if (rest.length === 0) this.#owned.delete(one.owner);
    else this.#owned.set(one.owner, rest);
  }

  /** All that is of one IKE SA. */
  deleteOf(owner: string): void {
    for (const key of [...(this.#owned.get(owner) ?? [])]) this.delete(key);
  }

  /** What was of one IKE SA is of the one that took over. */
  handOver(from: string, to: string): void {
    const keys = this.#owned.get(from);
    if (keys === undefined) return;
    this.#owned.delete(from);
    for (const key of keys) {
      const one = this.#all.get(key);
      if (one) one.owner = to;
    }
    this.#own(to, keys);
  }

  #own(owner: string, keys: readonly Key[]): void {
    this.#owned.set(owner, [...(this.#owned.get(owner) ?? []), ...keys]);
  }
}

/** All named timers in one heap; its top is the engine's `wakeAt`. Setting and clearing cost O(log n). */
import type { Millis } from './actions.ts';

export type TimerName =
  | 'retransmit'
  | 'liveness'
  | 'rekey'
  | 'halfOpen'
  | 'keepalive'
  | 'fragment'
  | 'ask'
  | 'linger'
  | 'retry'
  | 'shunt'
  | 'tombstone';

interface Entry<Owner> {
  readonly at: Millis;
  /** Equal times fire in the order they were set, so that two runs agree. */
  readonly order: number;
  readonly owner: Owner;
  readonly name: TimerName;
  live: boolean;
}

export type Alarms = Partial<Record<TimerName, { readonly at: Millis; live: boolean }>>;

export class Timers<Owner extends { readonly alarms: Alarms }> {
  #heap: Entry<Owner>[] = [];
  #order = 0;
  #cancelled = 0;

  /** Sets or moves the owner's timer of that name. */
  set(owner: Owner, name: TimerName, at: Millis): void {
    this.clear(owner, name);
    const entry = { at, order: this.#order++, owner, name, live: true };
    owner.alarms[name] = entry;
    this.#push(entry);
  }

  /** When the owner's timer of that name comes, if it is set. */
  at(owner: Owner, name: TimerName): Millis | undefined {
    return owner.alarms[name]?.at;
  }

  clear(owner: Owner, name: TimerName): void {
    const entry = owner.alarms[name];
    if (entry === undefined) return;
    entry.live = false;
    delete owner.alarms[name];
    this.#cancelled++;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  clearAll(owner: Owner): void {
    for (const name of Object.keys(owner.alarms) as TimerName[]) this.clear(owner, name);
  }

  get size(): number {
    return this.#heap.filter(({ live }) => live).length;
  }

  get next(): Millis | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  /** Takes the earliest timer that is due, if any. */
  takeDue(now: Millis): { owner: Owner; name: TimerName } | undefined {
    this.#dropCancelled();
    const top = this.#heap[0];
    if (top === undefined || top.at > now) return undefined;
    this.#pop();
    delete top.owner.alarms[top.name];
    return top;
  }

  #dropCancelled(): void {
    for (let top = this.#heap[0]; top !== undefined && !top.live; top = this.#heap[0]) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #compact(): void {
    const live = this.#heap.filter((entry) => entry.live).sort((a, b) => (before(a, b) ? -1 : 1));
    this.#heap = live;
    this.#cancelled = 0;
  }

  #push(entry: Entry<Owner>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || before(parent, entry)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = heap[down];
      if (child === undefined) break;
      const right = heap[down + 1];
      if (right !== undefined && before(right, child)) {
        child = right;
        down++;
      }
      if (before(last, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
  }
}

const before = <O>(a: Entry<O>, b: Entry<O>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

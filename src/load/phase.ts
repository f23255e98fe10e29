/** When attempts begin: the pace of a run, until its limit. */
import type { Millis } from '../ike/actions.ts';
import type { Limit, Pace } from './plan.ts';

/** Begins an attempt whose latency counts from `intended`; false when there is no room for it yet. */
export type Begin = (intended: Millis) => boolean;

export interface PhaseClock {
  /** Monotonic milliseconds, with their fraction. */
  now(): Millis;
  /** Calls `fire` not before `at`; returns what takes it back. */
  alarm(at: Millis, fire: () => void): () => void;
}

export const phaseClock: PhaseClock = {
  now: () => performance.now(),
  alarm(at, fire) {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

export class Phase {
  readonly #pace: Pace;
  readonly #limit: Limit;
  readonly #begin: Begin;
  readonly #clock: PhaseClock;
  readonly startedAt: Millis;
  /** Resolves when no more attempts are to begin and all are over. */
  readonly over: Promise<void>;
  #markOver = (): void => {};
  #begun = 0;
  #ended = 0;
  #cancel = (): void => {};
  #stopped = false;
  #filling = false;

  constructor(pace: Pace, limit: Limit, begin: Begin, clock: PhaseClock = phaseClock) {
    this.#pace = pace;
    this.#limit = limit;
    this.#begin = begin;
    this.#clock = clock;
    this.startedAt = clock.now();
    this.over = new Promise((resolve) => {
      this.#markOver = resolve;
    });
  }

  get inFlight(): number {
    return this.#begun - this.#ended;
  }

  start(): void {
    if (this.#pace.kind === 'closed' && this.#limit.kind === 'duration')
      this.#cancel = this.#clock.alarm(this.startedAt + this.#limit.milliseconds, () => this.#fill());
    this.#fill();
  }

  /** An attempt is over, its SA deleted or to be kept: there is room in a closed loop. */
  ended(): void {
    this.#ended++;
    this.#fill();
  }

  /** There is room again after `begin` said no. */
  room(): void {
    this.#fill();
  }

  /** No more attempts begin. */
  stop(): void {
    this.#stopped = true;
    this.#fill();
  }

  /** Attempts may be over before `begin` returns. */
  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    let hasRoom = true;
    for (let due = this.#due(); due !== undefined && hasRoom; due = this.#due()) {
      this.#begun++;
      hasRoom = this.#begin(due);
      if (!hasRoom) this.#begun--;
    }
    this.#filling = false;
    // Without room it is `room`, or the end of another, that goes on.
    if (this.#pace.kind === 'open' && hasRoom) this.#setAlarm(this.#intended(this.#pace.rate));
    if (this.#isSpent() && this.inFlight === 0) {
      this.#cancel();
      this.#markOver();
    }
  }

  /** When the attempt that is due was to begin, if one is. */
  #due(): Millis | undefined {
    if (this.#isSpent()) return undefined;
    const now = this.#clock.now();
    const { kind } = this.#pace;
    if (kind === 'closed') return this.inFlight < this.#pace.concurrency ? now : undefined;
    const intended = this.#intended(this.#pace.rate);
    return intended <= now ? intended : undefined;
  }

  #intended(rate: number): Millis {
    return this.startedAt + (this.#begun * 1000) / rate;
  }

  #isSpent(): boolean {
    const limit = this.#limit;
    if (this.#stopped) return true;
    if (limit.kind === 'count') return this.#begun >= limit.count;
    const at = this.#pace.kind === 'open' ? this.#intended(this.#pace.rate) : this.#clock.now();
    return at - this.startedAt >= limit.milliseconds;
  }

  #setAlarm(at: Millis): void {
    this.#cancel();
    if (this.#isSpent()) return;
    this.#cancel = this.#clock.alarm(at, () => this.#fill());
  }
}

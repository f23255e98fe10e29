/** A clock that stands still until it is told to go on. */
import type { Clock } from '../../src/daemon/clock.ts';

export class FakeClock implements Clock {
  time = 0;
  #alarms: { readonly at: number; readonly fire: () => void }[] = [];

  now(): number {
    return this.time;
  }

  unixTime(): number {
    return 1_700_000_000_000 + this.time;
  }

  alarm(at: number, fire: () => void): () => void {
    const alarm = { at, fire };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** When the alarms that are set will fire, in order. */
  get due(): number[] {
    return this.#alarms.map(({ at }) => at).sort((a, b) => a - b);
  }

  /** Goes on, and fires what is due on the way. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.#alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.fire();
    }
    this.time = end;
  }
}

/** Rate limit of events such as `drop`: one a second of each reason, with the count since the last. */
import type { Millis } from './actions.ts';

const every = 1000;
/** Reasons remembered; more of them in a second are not told. */
const mostReasons = 256;

export class Drops<Reason extends string> {
  readonly #seen = new Map<Reason, { reported: Millis; since: number }>();

  /** How many like it the event to emit now stands for; 0: emit none. */
  count(reason: Reason, now: Millis): number {
    const seen = this.#seen.get(reason);
    if (seen === undefined) {
      if (this.#seen.size >= mostReasons) this.#forget(now);
      if (this.#seen.size >= mostReasons) return 0;
      this.#seen.set(reason, { reported: now, since: 0 });
      return 1;
    }
    seen.since++;
    if (now - seen.reported < every) return 0;
    const { since } = seen;
    seen.reported = now;
    seen.since = 0;
    return since;
  }

  #forget(now: Millis): void {
    for (const [reason, { reported }] of this.#seen) if (now - reported >= every) this.#seen.delete(reason);
  }
}

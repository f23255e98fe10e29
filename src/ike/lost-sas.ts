/** Children whose packets ask for another although it is up: the data plane lost an SA, or lets nothing of the label use it. */
import type { Millis } from './actions.ts';

/** A packet that asks for what a child this old carries tells that the data plane has lost it. */
export const settledMillis = 5_000;
/** A rekey helps against the first only, and then at once. */
const betweenRekeys = 10 * 60_000;

export class LostSas {
  readonly #rekeyed = new Map<string, Millis>();

  /** Whether a rekey is worth it, from now on done. `key`: of the flow. */
  rekey(key: string, now: Millis): boolean {
    for (const [each, at] of this.#rekeyed) if (now - at >= betweenRekeys) this.#rekeyed.delete(each);
    if (this.#rekeyed.has(key)) return false;
    this.#rekeyed.set(key, now);
    return true;
  }
}

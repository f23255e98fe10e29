/** The only clock and the only timer the daemon's loop has. */
import type { Millis } from '../ike/actions.ts';

export interface Clock {
  /** Monotonic, whole milliseconds. */
  now(): Millis;
  /** Wall time in milliseconds since 1970. */
  unixTime(): number;
  /** Calls `fire` once, not before `at`; returns what takes it back. */
  alarm(at: Millis, fire: () => void): () => void;
}

/** The longest setTimeout takes; an alarm further off fires early and is set again. */
const longest = 0x7fff_ffff;

export const systemClock: Clock = {
  now: () => Math.floor(performance.now()),
  unixTime: () => Date.now(),
  alarm(at, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(0, at - Math.floor(performance.now())), longest));
    return () => clearTimeout(timer);
  },
};

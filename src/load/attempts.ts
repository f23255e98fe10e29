/** What a run is made of: attempts that begin when they are told to, and say what became of them. */
import type { Millis } from '../ike/actions.ts';
import type { Tally } from './tally.ts';

/** Told by attempts. */
export interface Listener {
  /** It came to a good end, `milliseconds` after it was to begin. */
  done(milliseconds: Millis): void;
  /** It failed, for a reason that is counted by its name, and told in words once. */
  failed(reason: string, text?: string): void;
  /** What was rekeyed after a good end took so long. */
  rekeyed(milliseconds: Millis): void;
  /** It is over: nothing more is sent for it unless it is held to the end. */
  ended(): void;
  /** There is room for further ones. */
  room(): void;
}

export interface Attempts {
  /** Begins one; false when there is no room yet. */
  begin(intended: Millis): boolean;
  /** Counts there from now on. */
  countIn(tally: Tally): void;
  /** Established, and held. */
  readonly held: number;
  /** Deletes what is held, unless it is to be left, and closes everything. */
  end(): Promise<void>;
}

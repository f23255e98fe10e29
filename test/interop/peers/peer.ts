/** The daemon at the far end, whichever it is: what a scene asks of it. It has one connection with us. */
import type { Finished } from './process.ts';

export interface Peer {
  readonly name: string;
  /** What it said. */
  readonly log: string;
  /** Exit code 0 when the connection is up. */
  up(): Promise<Finished>;
  rekey(what: 'child' | 'ike'): Promise<unknown>;
  /** Deletes the IKE SA, or its child `net` alone. */
  down(what: 'child' | 'ike'): Promise<unknown>;
  holding(): Promise<Holding>;
  /** An IKE SA and a child. Throws with its log when they do not come. */
  established(within?: number): Promise<unknown>;
  /** Nothing of any state. Throws likewise. */
  empty(within?: number): Promise<void>;
}

/** Its SAs. */
export interface Holding {
  /** `SPIi SPIr` of its established IKE SAs, in hexadecimal; undefined when it does not tell. */
  readonly ike: readonly (string | undefined)[];
  /** `inbound outbound` SPIs of its children in use, in hexadecimal. */
  readonly children: readonly string[];
  /** Nothing else is coming or going. */
  readonly atRest: boolean;
}

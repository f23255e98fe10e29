/** One EAP conversation, seen by whoever answers the engine's `eap` questions. RFC 3748, RFC 7296 §2.16. */
import type { Secret } from '../crypto/secret.ts';
import type { Eap } from '../wire/payloads/eap.ts';

export type EapPacket = Omit<Eap, 'kind'>;

/** How the conversation ended. `reason` is one line, safe for a terminal, without secrets. */
export type Outcome =
  | {
      readonly ok: true;
      /** EapType of the method that ran. */
      readonly method: number;
      /** 64 octets, of a method that makes a key (RFC 3748 §7.10). */
      readonly msk?: Secret;
      /**
       * Of an authenticator: whom the method proved the peer to be, which need not be IDi; of a method that proves no name (TLS),
       * who the peer said to be. Policy must compare it.
       */
      readonly identity?: string;
    }
  | { readonly ok: false; readonly reason: string };

/** What to send and where it stands: a packet, an outcome, or both. */
export interface Turn {
  readonly packet?: EapPacket;
  readonly outcome?: Outcome;
  /** The packet tells the peer of a failure, for this reason: it may say no more. */
  readonly failing?: string;
  /** What an authenticator wants the peer's user to read (RFC 3748 §5.2), safe for a terminal. */
  readonly notice?: string;
}

export interface EapSession {
  /**
   * Takes the other end's packet; without one an authenticator begins. Never throws on what came from outside. One turn at a time;
   * after the outcome every turn fails.
   */
  turn(packet?: EapPacket): Turn | Promise<Turn>;
  /** Lets go of what the method holds. The MSK handed out is the caller's. */
  close(): void;
}

export interface Limits {
  /** Packets taken from the other end. */
  readonly rounds: number;
  /** Octets taken from the other end. */
  readonly octets: number;
}

export const defaultLimits: Limits = { rounds: 50, octets: 65_536 };

/** Counts what came; says which limit it broke. */
export class Budget {
  #rounds = 0;
  #octets = 0;
  readonly #limits: Limits;

  constructor(limits: Limits = defaultLimits) {
    this.#limits = limits;
  }

  /** Undefined, or the reason to stop. */
  spend(packet: EapPacket): string | undefined {
    const { rounds, octets } = this.#limits;
    this.#rounds += 1;
    this.#octets += 5 + packet.data.length;
    if (this.#rounds > rounds) return `more than ${rounds} EAP packets`;
    if (this.#octets > octets) return `more than ${octets} octets of EAP`;
    return undefined;
  }
}

/** `then` at once where the value is there at once: a method without promises keeps the whole turn without. */
export function after<A, B>(value: A | Promise<A>, then: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** Message IDs in both directions: one request of ours outstanding, one of the peer's at a time. RFC 7296 §2.1-2.3. */
import type { Millis } from './actions.ts';

/** What to do with a request of the peer's. */
export type Verdict =
  | { readonly kind: 'new' }
  /** Answered before: send these octets again. */
  | { readonly kind: 'replay'; readonly response: readonly Uint8Array[] }
  /** A retransmission of what is being answered right now, or a later fragment of what was answered. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'future' };

interface Sent {
  readonly id: number;
  readonly octets: readonly Uint8Array[];
  readonly deadline: Millis;
  interval: Millis;
}

export class Window {
  /** Our next request's ID. */
  #next = 0;
  #sent: Sent | undefined;
  /** The peer's next request's ID. */
  #expected = 0;
  #answering: { readonly id: number; readonly octets: Uint8Array } | undefined;
  #answered:
    | { readonly id: number; readonly octets: Uint8Array; readonly response: readonly Uint8Array[] }
    | undefined;

  /** The ID our next request takes; IKE_SA_INIT retries (COOKIE, INVALID_KE_PAYLOAD) keep 0. */
  idFor(opening: boolean): number {
    return opening ? 0 : this.#next;
  }

  get outstanding(): number | undefined {
    return this.#sent?.id;
  }

  /** Starts waiting for the response to `octets`. Returns when to retransmit. */
  sent(id: number, octets: readonly Uint8Array[], now: Millis, interval: Millis, timeout: Millis): Millis {
    this.#sent = { id, octets, interval, deadline: now + timeout };
    this.#next = id + 1;
    return Math.min(now + interval, now + timeout);
  }

  /** The octets to send again and when next, or undefined when it is time to give up. */
  retransmit(now: Millis): { octets: readonly Uint8Array[]; again: Millis } | undefined {
    const sent = this.#sent;
    if (sent === undefined || now >= sent.deadline) return undefined;
    sent.interval *= 2;
    return { octets: sent.octets, again: Math.min(now + sent.interval, sent.deadline) };
  }

  /** The response to our outstanding request is taken. */
  concluded(): void {
    this.#sent = undefined;
  }

  /**
   * `octets` is the request's datagram, or its fragment 1; `later` tells another fragment of it.
   * A replay needs equal octets (RFC 7296 §2.1) and fragment 1 (RFC 7383 §2.6.1).
   */
  judge(id: number, octets: Uint8Array, later: boolean): Verdict {
    if (this.#answering?.id === id) return { kind: 'waiting' };
    if (id === this.#expected) return { kind: 'new' };
    if (id > this.#expected) return { kind: 'future' };
    const answered = this.#answered;
    if (answered?.id !== id) return { kind: 'stale' };
    if (later) return { kind: 'waiting' };
    return equal(answered.octets, octets)
      ? { kind: 'replay', response: answered.response }
      : { kind: 'stale' };
  }

  /** A step has begun to answer. */
  answering(id: number, octets: Uint8Array): void {
    this.#answering = { id, octets };
  }

  /** The answer is sent and remembered. */
  answered(id: number, response: readonly Uint8Array[]): void {
    this.#answered = { id, octets: this.#answering?.octets ?? new Uint8Array(0), response };
    this.#answering = undefined;
    this.#expected = id + 1;
  }

  /** The step failed without an answer; the peer may try the ID again. */
  notAnswered(): void {
    this.#answering = undefined;
  }
}

/** Public octets: no need for constant time. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

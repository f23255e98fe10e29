/** IKE fragmentation: putting a message together again. RFC 7383 §2.6. */
import type { Fragment } from '../../wire/payloads/fragment.ts';
import type { Path } from '../actions.ts';

/** The most octets one message may grow to. */
const octetLimit = 65_536;
/** The most fragments one message may have. */
const fragmentLimit = 128;

/** The IPv6 minimum MTU, for IPv4 too: what pluto and charon use. */
const datagramLimit = 1280;

/** The most octets an IKE message on this path may have before it is fragmented. RFC 7383 §2.5.1. */
export function messageLimit(path: Path): number {
  const ipHeader = path.local.address.includes(':') ? 40 : 20;
  const marker = path.socket === 'nat' ? 4 : 0;
  return datagramLimit - ipHeader - 8 - marker;
}

export type Taken =
  | { readonly kind: 'more' }
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'whole';
      readonly first: number;
      readonly inner: Uint8Array;
      readonly datagram: Uint8Array;
    };

/** One message's fragments: one at a time per SA and direction. */
export class Reassembly {
  readonly messageId: number;
  readonly response: boolean;
  #total = 0;
  #octets = 0;
  #pieces: (Uint8Array | undefined)[] = [];
  #missing = 0;
  #first = 0;
  #datagram: Uint8Array = new Uint8Array(0);

  constructor(messageId: number, response: boolean) {
    this.messageId = messageId;
    this.response = response;
  }

  /** Cheap look before decrypting: is this fragment of use? */
  wants(fragment: Fragment): boolean {
    if (fragment.number < 1 || fragment.number > fragment.total || fragment.total > fragmentLimit)
      return false;
    if (fragment.total !== this.#total) return fragment.total > this.#total;
    return this.#pieces[fragment.number - 1] === undefined;
  }

  /** Takes a fragment whose ICV holds. A larger Total Fragments discards what was there. */
  take(fragment: Fragment, inner: Uint8Array, datagram: Uint8Array): Taken {
    if (fragment.total > this.#total) this.#restart(fragment.total);
    this.#octets += inner.length;
    if (this.#octets > octetLimit) {
      this.#restart(this.#total);
      return { kind: 'refused' };
    }
    this.#pieces[fragment.number - 1] = inner;
    this.#missing--;
    if (fragment.number === 1) {
      this.#first = fragment.first;
      this.#datagram = datagram;
    }
    if (this.#missing > 0) return { kind: 'more' };
    return { kind: 'whole', first: this.#first, inner: this.#join(), datagram: this.#datagram };
  }

  #restart(total: number): void {
    this.#total = total;
    this.#missing = total;
    this.#octets = 0;
    this.#pieces = new Array<undefined>(total).fill(undefined);
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.#octets);
    let at = 0;
    for (const piece of this.#pieces) {
      if (piece === undefined) continue;
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}

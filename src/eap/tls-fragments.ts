/** TLS messages in pieces: the Type-Data of EAP-TLS, the same in both directions. RFC 5216 §2.1.5, §3. */

const flag = { length: 0x80, more: 0x40, start: 0x20 } as const;

/** Type-Data of the authenticator's first Request. */
export const tlsStart: Uint8Array = Uint8Array.of(flag.start);

/** What a piece that came calls for. */
export type Received =
  /** S: the handshake may begin. */
  | 'start'
  /** Our turn to send `next()`: the acknowledgement of more to come, or our next piece. */
  | 'next'
  /** The other end has all of ours, and nothing to say. */
  | 'acknowledged'
  /** TLS octets, whole. */
  | Uint8Array
  | { readonly wrong: string };

export interface FragmentLimits {
  /** Octets of TLS in a piece we send. */
  readonly fragment: number;
  /** Octets of TLS between two turns, either way. */
  readonly message: number;
}

export class TlsFragments {
  readonly #limits: FragmentLimits;
  #incoming: Uint8Array[] = [];
  #gathered = 0;
  /** As the first piece's TLS Message Length has it. */
  #announced: number | undefined;
  #outgoing: Uint8Array = new Uint8Array(0);
  #sent = 0;

  constructor(limits: FragmentLimits) {
    this.#limits = limits;
  }

  /** Whether there is TLS left to send. */
  get pending(): boolean {
    return this.#sent < this.#outgoing.length;
  }

  receive(data: Uint8Array): Received {
    // No octet at all is an acknowledgement too.
    const [flags = 0] = data;
    if (flags & flag.start) return this.#gathered > 0 || this.pending ? { wrong: 'a start amidst' } : 'start';
    const hasLength = (flags & flag.length) !== 0;
    if (hasLength && data.length < 5) return { wrong: 'a TLS Message Length cut short' };
    const piece = data.subarray(hasLength ? 5 : 1);
    if (this.pending) return piece.length === 0 ? 'next' : { wrong: 'TLS where an acknowledgement was due' };
    if (hasLength) {
      const announced = new DataView(data.buffer, data.byteOffset).getUint32(1);
      if (announced !== (this.#announced ?? announced)) return { wrong: 'another TLS Message Length' };
      this.#announced = announced;
    }
    return this.#gather(piece, (flags & flag.more) !== 0);
  }

  /** Takes over TLS octets to send; all before them are sent. */
  queue(octets: Uint8Array): void {
    this.#outgoing = octets;
    this.#sent = 0;
  }

  /** Type-Data of the next piece; without anything to send an acknowledgement. */
  next(): Uint8Array {
    const piece = this.#outgoing.subarray(this.#sent, this.#sent + this.#limits.fragment);
    const more = this.#sent + piece.length < this.#outgoing.length;
    const first = this.#sent === 0 && more;
    this.#sent += piece.length;
    const data = new Uint8Array((first ? 5 : 1) + piece.length);
    data[0] = (first ? flag.length : 0) | (more ? flag.more : 0);
    if (first) new DataView(data.buffer).setUint32(1, this.#outgoing.length);
    data.set(piece, data.length - piece.length);
    return data;
  }

  #gather(piece: Uint8Array, more: boolean): Received {
    if (more && piece.length === 0) return { wrong: 'an empty piece' };
    this.#gathered += piece.length;
    const most = Math.min(this.#announced ?? Number.POSITIVE_INFINITY, this.#limits.message);
    if (this.#gathered > most || (this.#announced ?? 0) > this.#limits.message)
      return { wrong: `a TLS message of more than ${most} octets` };
    this.#incoming.push(piece.slice());
    if (more) return 'next';
    if (this.#announced !== undefined && this.#gathered < this.#announced)
      return { wrong: `${this.#gathered} octets of TLS, ${this.#announced} announced` };
    return this.#whole();
  }

  #whole(): Received {
    const whole = new Uint8Array(this.#gathered);
    let at = 0;
    for (const piece of this.#incoming) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#incoming = [];
    this.#gathered = 0;
    this.#announced = undefined;
    return whole.length > 0 ? whole : 'acknowledged';
  }
}

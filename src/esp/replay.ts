/** Anti-replay window, and the high word of extended sequence numbers. RFC 4303 §3.4.3 and appendix A. */

const wordSize = 2 ** 32;

/** Which high words are thought of when nothing is checked: the nearest. */
const wholeSubspace = 2 ** 31;

/** `stale`: left of the window, or before the first number; `replay`: received before. */
export type SequenceVerdict = 'fresh' | 'stale' | 'replay';

/**
 * The last `size` numbers received, as a ring of 32-bit words (the form of RFC 6479).
 * `size` 0 refuses nothing. Nothing moves before `accept`, which is for authenticated packets only.
 */
export class ReplayWindow {
  readonly #size: number;
  readonly #esn: boolean;
  readonly #bits: Uint32Array;
  #top = 0;

  constructor(size: number, esn: boolean) {
    this.#size = size;
    this.#esn = esn;
    this.#bits = new Uint32Array(Math.ceil(size / 32) + 1);
  }

  /** The highest number accepted. */
  get top(): number {
    return this.#top;
  }

  /** The full number a packet's 32 bits stand for; undefined when it lies before the first. Appendix A2.2. */
  infer(low: number): number | undefined {
    if (!this.#esn) return low;
    const width = this.#size === 0 ? wholeSubspace : this.#size;
    const topHigh = Math.floor(this.#top / wordSize);
    const bottom = (this.#top % wordSize) - width + 1;
    let high = topHigh;
    if (bottom >= 0) high += low >= bottom ? 0 : 1;
    else high -= low >= bottom + wordSize ? 1 : 0;
    return high < 0 || high >= 2 ** 21 ? undefined : high * wordSize + low;
  }

  check(sequence: number): SequenceVerdict {
    if (this.#size === 0) return 'fresh';
    if (sequence === 0 || sequence <= this.#top - this.#size) return 'stale';
    return sequence <= this.#top && (this.#word(sequence) & bit(sequence)) !== 0 ? 'replay' : 'fresh';
  }

  /** Call after `check` said `fresh` and the packet was authenticated. */
  accept(sequence: number): void {
    if (sequence > this.#top) this.#advance(sequence);
    if (this.#size === 0) return;
    const at = this.#at(sequence);
    this.#bits[at] = (this.#bits[at] ?? 0) | bit(sequence);
  }

  #advance(sequence: number): void {
    const from = Math.floor(this.#top / 32);
    const steps = Math.min(Math.floor(sequence / 32) - from, this.#bits.length);
    for (let i = 1; i <= steps; i++) this.#bits[(from + i) % this.#bits.length] = 0;
    this.#top = sequence;
  }

  #word(sequence: number): number {
    return this.#bits[this.#at(sequence)] ?? 0;
  }

  #at(sequence: number): number {
    return Math.floor(sequence / 32) % this.#bits.length;
  }
}

const bit = (sequence: number): number => 1 << (sequence % 32);

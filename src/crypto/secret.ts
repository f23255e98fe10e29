/** Octets that never print: not by inspect, not by JSON, not by a template string. */

const redacted = '[secret]';

export class Secret {
  #octets: Uint8Array;

  /** Takes over `octets`; the caller keeps no other reference to them. */
  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get octets(): Uint8Array {
    return this.#octets;
  }

  get length(): number {
    return this.#octets.length;
  }

  /** Zeroes the octets in place. */
  destroy(): void {
    this.#octets.fill(0);
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}

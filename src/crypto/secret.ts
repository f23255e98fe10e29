/** Octets that never print: not by inspect, not by JSON, not by a template string. */

const redacted = '[secret]';

export class Secret {
  #octets: Uint8Array;
  #derived: Map<object, Uint8Array> | undefined;

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

  /** What `make` makes of the octets: once for each `by`, and zeroed with them. */
  derived(by: object, make: (octets: Uint8Array) => Uint8Array): Uint8Array {
    this.#derived ??= new Map();
    const known = this.#derived.get(by) ?? make(this.#octets);
    this.#derived.set(by, known);
    return known;
  }

  /** Zeroes the octets in place. */
  destroy(): void {
    this.#octets.fill(0);
    for (const octets of this.#derived?.values() ?? []) octets.fill(0);
    this.#derived = undefined;
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

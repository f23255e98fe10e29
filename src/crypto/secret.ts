/** Octets that never print: not by inspect, not by JSON, not by a template string. */

const redacted = '[secret]';

export class Secret {
  readonly #whole: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  #derived: Map<object, Uint8Array> | undefined;

  /** Takes over `octets`, or those from `start` to `end`: nobody but their other secrets keeps a reference to them. */
  constructor(octets: Uint8Array, start = 0, end = octets.length) {
    this.#whole = octets;
    this.#start = start;
    this.#end = end;
  }

  /** A view: an array of each secret's own would take ten times the room. */
  get octets(): Uint8Array {
    return this.#whole.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** What `make` makes of the octets: once for each `by`, and zeroed with them. */
  derived(by: object, make: (octets: Uint8Array) => Uint8Array): Uint8Array {
    this.#derived ??= new Map();
    const known = this.#derived.get(by) ?? make(this.octets);
    this.#derived.set(by, known);
    return known;
  }

  /** Zeroes the octets in place. */
  destroy(): void {
    this.#whole.fill(0, this.#start, this.#end);
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

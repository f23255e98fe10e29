import { WireError } from './error.ts';

/**
 * A cursor over octets from outside. Every call names the field it reads, so that a failure says which one was cut
 * short and where. Views only: what it returns shares memory with the octets given.
 */
export class Reader {
  private readonly octets: Uint8Array;
  /** From a place in `octets` to the position in the message. */
  private readonly shift: number;
  private offset: number;
  private readonly limit: number;

  /** `base` is the position of the first octet in the message, for errors. Reads from `start` to `end` only. */
  constructor(octets: Uint8Array, base = 0, start = 0, end = octets.length) {
    this.shift = base - start;
    this.offset = start;
    this.limit = end;
    // A Buffer's slice() and subarray() differ from those of the Uint8Array that our callers expect.
    this.octets =
      octets.constructor === Uint8Array
        ? octets
        : new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  /** Octets not read yet. */
  get remaining(): number {
    return this.limit - this.offset;
  }

  /** The position of the next octet in the message. */
  get at(): number {
    return this.shift + this.offset;
  }

  u8(field: string): number {
    const at = this.take(1, field);
    return this.octets[at] as number;
  }

  u16(field: string): number {
    const at = this.take(2, field);
    return ((this.octets[at] as number) << 8) | (this.octets[at + 1] as number);
  }

  u32(field: string): number {
    const at = this.take(4, field);
    const o = this.octets;
    const high = ((o[at] as number) << 8) | (o[at + 1] as number);
    return high * 0x10000 + (((o[at + 2] as number) << 8) | (o[at + 3] as number));
  }

  /** The next `length` octets. */
  bytes(length: number, field: string): Uint8Array {
    const at = this.take(length, field);
    return this.octets.subarray(at, at + length);
  }

  /** All octets left, none included. */
  rest(): Uint8Array {
    const at = this.offset;
    this.offset = this.limit;
    return this.octets.subarray(at, this.limit);
  }

  /** Passes over RESERVED octets: ignored on receipt. */
  skip(length: number, field = 'RESERVED'): void {
    this.take(length, field);
  }

  /** A reader of the next `length` octets that cannot reach past them. */
  sub(length: number, field: string): Reader {
    const at = this.take(length, field);
    return new Reader(this.octets, this.shift + at, at, at + length);
  }

  /** Throws when octets are left: a length field promised less than there is. */
  end(field: string): void {
    if (this.remaining > 0) this.fail(field, `${octetCount(this.remaining)} too many`);
  }

  /** Throws a WireError at `at`, by default the next octet. */
  fail(field: string, problem: string, at = this.at): never {
    throw new WireError(field, at, problem);
  }

  private take(length: number, field: string): number {
    const at = this.offset;
    if (length > this.limit - at) {
      this.fail(field, `need ${octetCount(length)}, ${this.remaining} left`);
    }
    this.offset = at + length;
    return at;
  }
}

const octetCount = (count: number): string => (count === 1 ? '1 octet' : `${count} octets`);

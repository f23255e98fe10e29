import { WireError } from './error.ts';

/**
 * A cursor over octets from outside. Every call names the field it reads, so that a failure says which one was cut
 * short and where. Views only: what it returns shares memory with the octets given.
 */
export class Reader {
  private readonly octets: Uint8Array;
  private readonly base: number;
  private offset = 0;

  /** `base` is the position of the first octet in the message, for errors. */
  constructor(octets: Uint8Array, base = 0) {
    // A Buffer's slice() and subarray() differ from those of the Uint8Array that our callers expect.
    this.octets =
      octets.constructor === Uint8Array
        ? octets
        : new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
    this.base = base;
  }

  /** Octets not read yet. */
  get remaining(): number {
    return this.octets.length - this.offset;
  }

  /** The position of the next octet in the message. */
  get at(): number {
    return this.base + this.offset;
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
    this.offset = this.octets.length;
    return this.octets.subarray(at);
  }

  /** Passes over RESERVED octets: ignored on receipt. */
  skip(length: number, field = 'RESERVED'): void {
    this.take(length, field);
  }

  /** A reader of the next `length` octets that cannot reach past them. */
  sub(length: number, field: string): Reader {
    const at = this.at;
    return new Reader(this.bytes(length, field), at);
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
    if (length > this.octets.length - at) {
      this.fail(field, `need ${octetCount(length)}, ${this.remaining} left`);
    }
    this.offset = at + length;
    return at;
  }
}

const octetCount = (count: number): string => (count === 1 ? '1 octet' : `${count} octets`);

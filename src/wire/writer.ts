/** The buffer of the last writer that finished: the next begins with it. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** What a message seldom goes beyond. */
const usualCapacity = 2048;

/** Appends octets to one growing buffer. Throws RangeError on a value that does not fit its field: a caller's bug. */
export class Writer {
  private octets: Uint8Array<ArrayBuffer>;
  private used = 0;

  constructor() {
    this.octets = spare ?? new Uint8Array(usualCapacity);
    spare = undefined;
  }

  /** Octets written so far, which is the position of the next one. */
  get length(): number {
    return this.used;
  }

  u8(value: number): void {
    checkRange(value, 0xff);
    const at = this.grow(1);
    this.octets[at] = value;
  }

  u16(value: number): void {
    this.patch16(this.grow(2), value);
  }

  u32(value: number): void {
    checkRange(value, 0xffffffff);
    const at = this.grow(4);
    this.octets[at] = value >>> 24;
    this.octets[at + 1] = value >>> 16;
    this.octets[at + 2] = value >>> 8;
    this.octets[at + 3] = value;
  }

  bytes(octets: Uint8Array): void {
    const at = this.grow(octets.length);
    this.octets.set(octets, at);
  }

  /** `length` zero octets, to be RESERVED or patched later. Returns their position. */
  reserve(length: number): number {
    const at = this.grow(length);
    this.octets.fill(0, at, this.used);
    return at;
  }

  patch8(at: number, value: number): void {
    checkRange(value, 0xff);
    this.octets[at] = value;
  }

  patch16(at: number, value: number): void {
    checkRange(value, 0xffff);
    this.octets[at] = value >>> 8;
    this.octets[at + 1] = value;
  }

  patch32(at: number, value: number): void {
    this.patch16(at, Math.floor(value / 0x10000));
    this.patch16(at + 2, value % 0x10000);
  }

  /** What was written, in memory of just that length. The writer must not be used after it. */
  finish(): Uint8Array {
    const written = this.octets.slice(0, this.used);
    if (this.octets.length === usualCapacity) spare = this.octets;
    return written;
  }

  private grow(length: number): number {
    const at = this.used;
    this.used += length;
    if (this.used > this.octets.length) {
      const larger = new Uint8Array(Math.max(this.used, this.octets.length * 2));
      larger.set(this.octets.subarray(0, at));
      this.octets = larger;
    }
    return at;
  }
}

function checkRange(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${value} is not an integer from 0 to ${max}`);
  }
}

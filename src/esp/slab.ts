/** Octets of packets to be, cut from larger pieces: an array of its own costs more than what is done with it. */

const size = 256 * 1024;
/** Longer ones get an array of their own. */
const longest = size / 8;
let slab = new Uint8Array(size);
let used = 0;

/** Zeros, which nobody else ever has. */
export function take(length: number): Uint8Array {
  if (length > longest) return new Uint8Array(length);
  if (used + length > size) {
    slab = new Uint8Array(size);
    used = 0;
  }
  const octets = slab.subarray(used, used + length);
  used += (length + 7) & ~7;
  return octets;
}

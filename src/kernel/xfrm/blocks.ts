/** Numbers from one to another as aligned blocks of powers of two: prefixes of addresses, masks of ports. */

export interface Block {
  readonly start: bigint;
  /** How many bits from the highest are the same in the whole block. */
  readonly fixed: number;
}

/** The fewest blocks that are exactly `first` to `last`, ascending, of numbers of so many bits. */
export function blocks(first: bigint, last: bigint, bits: number): Block[] {
  const found: Block[] = [];
  for (let start = first; start <= last; ) {
    const aligned = start === 0n ? bits : bitsOf(start & -start) - 1;
    const free = Math.min(aligned, bitsOf(last - start + 1n) - 1);
    found.push({ start, fixed: bits - free });
    start += 1n << BigInt(free);
  }
  return found;
}

/** How many these are, without making them. */
export function countBlocks(first: bigint, last: bigint): number {
  if (first > last) return 0;
  if (first === last) return 1;
  const whole = 1n << BigInt(bitsOf(first ^ last));
  const half = whole >> 1n;
  const low = first % whole;
  const high = last % whole;
  // From both halves of the smallest block around them, unless they are all of it.
  return low === 0n && high === whole - 1n ? 1 : ones(half - low) + ones(high - half + 1n);
}

const bitsOf = (number: bigint): number => number.toString(2).length;
const ones = (number: bigint): number => number.toString(2).replaceAll('0', '').length;

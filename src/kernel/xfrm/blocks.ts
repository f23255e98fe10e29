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
    let free = 0;
    while (free < bits && isAligned(start, free + 1) && start + (1n << BigInt(free + 1)) - 1n <= last) free++;
    found.push({ start, fixed: bits - free });
    start += 1n << BigInt(free);
  }
  return found;
}

const isAligned = (number: bigint, bits: number): boolean => (number & ((1n << BigInt(bits)) - 1n)) === 0n;

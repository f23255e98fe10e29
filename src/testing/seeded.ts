/** Numbers and octets that are the same for the same seed. Not for keys of real use. */
import type { Random } from '../crypto/provider.ts';

export interface Seeded {
  /** For an engine, a kernel or a crypto provider. */
  readonly random: Random;
  /** A whole number from 0 to `bound`, without `bound`. */
  integer(bound: number): number;
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean;
  /** One of the list. Throws RangeError on an empty one. */
  pick<T>(list: readonly T[]): T;
  /** The list in another order; the list itself stays. */
  shuffled<T>(list: readonly T[]): T[];
  /** A stream of its own, the same for the same name however much was drawn before. */
  fork(name: string): Seeded;
}

/** Equal seeds give equal streams, on every machine. */
export function seeded(seed: number | string): Seeded {
  const next = sfc32(String(seed));
  const integer = (bound: number): number => Math.floor((next() / 0x1_0000_0000) * bound);
  return {
    random(length) {
      const octets = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const word = next();
        for (let of = 0; of < 4 && at + of < length; of++) octets[at + of] = word >>> (8 * of);
      }
      return octets;
    },
    integer,
    chance: (probability) => next() < probability * 0x1_0000_0000,
    pick(list) {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[integer(list.length)] as (typeof list)[number];
    },
    shuffled(list) {
      const mixed = [...list];
      for (let at = mixed.length - 1; at > 0; at--) {
        const other = integer(at + 1);
        [mixed[at], mixed[other]] = [
          mixed[other] as (typeof list)[number],
          mixed[at] as (typeof list)[number],
        ];
      }
      return mixed;
    },
    fork: (name) => seeded(`${seed}/${name}`),
  };
}

/** Chris Doty-Humphrey's sfc32: small, fast, and good enough to be called random in a test. */
function sfc32(seed: string): () => number {
  let [a, b, c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (const character of seed) {
    a = Math.imul(a ^ (character.codePointAt(0) ?? 0), 0x85ebca6b);
    next();
  }
  for (let round = 0; round < 12; round++) next();
  return next;
}

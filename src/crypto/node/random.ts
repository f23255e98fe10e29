/** Random octets of the system, drawn many at a time: a call into node:crypto for a few octets costs as much as for thousands. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../provider.ts';

const pooled = 4096;

/** A source of its own. What was handed out is nowhere else: its place in the pool is zeroed. */
export function systemRandom(): Random {
  const pool = new Uint8Array(pooled);
  let at = pooled;
  return (length) => {
    if (length > pooled / 4) return randomFillSync(new Uint8Array(length));
    if (at + length > pooled) {
      randomFillSync(pool);
      at = 0;
    }
    const octets = pool.slice(at, at + length);
    pool.fill(0, at, at + length);
    at += length;
    return octets;
  };
}

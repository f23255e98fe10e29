/** Random octets from a pool: never the same octets twice, of any length, and the caller's own. */
import { expect, it } from 'vitest';
import { systemRandom } from '../../src/crypto/index.ts';
import { toHex } from '../../src/wire/index.ts';

it('hands out no octets twice, however often the pool is filled', () => {
  const random = systemRandom();
  const drawn = Array.from({ length: 2_000 }, () => toHex(random(16)));
  expect(new Set(drawn).size).toBe(drawn.length);
});

it('gives as many octets as asked for, more than the pool holds too', () => {
  const random = systemRandom();
  for (const length of [0, 1, 8, 32, 255, 1024, 1025, 4096, 10_000]) {
    const octets = random(length);
    expect(octets).toHaveLength(length);
    if (length > 8) expect(octets.some((octet) => octet !== 0)).toBe(true);
  }
});

it('keeps no hold of what it gave', () => {
  const random = systemRandom();
  const [first, second] = [random(32), random(32)];
  const kept = toHex(second);
  first.fill(0);
  expect(toHex(second)).toBe(kept);
  expect(first.buffer).not.toBe(second.buffer);
});

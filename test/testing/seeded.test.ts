import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/testing/index.ts';

describe('seeded', () => {
  it('is the same for the same seed, on every machine', () => {
    expect([...seeded(1).random(8)]).toEqual([...seeded(1).random(8)]);
    expect([...seeded('a').random(8)]).not.toEqual([...seeded('b').random(8)]);
    expect([...seeded('a').fork('x').random(8)]).not.toEqual([...seeded('a').fork('y').random(8)]);
  });

  it('a fork does not depend on what was drawn before', () => {
    const one = seeded(1);
    one.random(100);
    expect([...one.fork('x').random(8)]).toEqual([...seeded(1).fork('x').random(8)]);
  });

  it('every octet comes about as often', () => {
    const counts = new Array<number>(256).fill(0);
    for (const octet of seeded(3).random(256_000)) counts[octet] = (counts[octet] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it('small seeds differ from their first numbers on', () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => seeded(seed).integer(10));
    for (let digit = 0; digit < 10; digit++) {
      expect(firsts.filter((each) => each === digit).length).toBeGreaterThan(60);
    }
  });

  it('picks, shuffles and throws dice', () => {
    const numbers = seeded(4);
    expect(numbers.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
    expect([1, 2, 3]).toContain(numbers.pick([1, 2, 3]));
    expect(() => numbers.pick([])).toThrow(RangeError);
    const heads = Array.from({ length: 1000 }, () => numbers.chance(0.3)).filter(Boolean).length;
    expect(heads).toBeGreaterThan(250);
    expect(heads).toBeLessThan(350);
    expect([numbers.chance(0), numbers.chance(1)]).toEqual([false, true]);
  });
});

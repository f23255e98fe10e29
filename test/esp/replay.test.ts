import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../src/esp/replay.ts';

const word = 2 ** 32;

/** RFC 4303 §3.4.3 in words: remembers everything. */
class NaiveWindow {
  readonly #size: number;
  readonly #seen = new Set<number>();
  #top = 0;

  constructor(size: number) {
    this.#size = size;
  }

  check(sequence: number): string {
    if (sequence < 1 || sequence < this.#top - this.#size + 1) return 'stale';
    return this.#seen.has(sequence) ? 'replay' : 'fresh';
  }

  accept(sequence: number): void {
    this.#seen.add(sequence);
    this.#top = Math.max(this.#top, sequence);
  }
}

/** Numbers that wander: mostly near one another, at times far ahead. */
const walk = (start: number) =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -100, max: 100 }) },
        { weight: 2, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
      ),
      { maxLength: 300 },
    )
    .map((steps) => {
      let at = start;
      return steps.map((step) => {
        at = Math.max(0, at + step);
        return at;
      });
    });

describe('replay window', () => {
  it('judges as one that remembers everything', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 31, 32, 33, 64, 100, 1024, 4096), walk(1), (size, numbers) => {
        const window = new ReplayWindow(size, false);
        const naive = new NaiveWindow(size);
        for (const number of numbers) {
          const verdict = window.check(number);
          expect(verdict).toBe(naive.check(number));
          if (verdict !== 'fresh') continue;
          window.accept(number);
          naive.accept(number);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('judges so across the wrap of extended numbers, from 32 bits alone', () => {
    fc.assert(
      fc.property(fc.constantFrom(64, 100, 4096), walk(word - 200), (size, numbers) => {
        const window = new ReplayWindow(size, true);
        const naive = new NaiveWindow(size);
        window.accept(word - 200);
        naive.accept(word - 200);
        for (const number of numbers) {
          const expected = naive.check(number);
          const inferred = window.infer(number % word);
          if (expected === 'stale') {
            // Taken for a number of the next subspace, whose ICV then fails.
            expect(inferred).toBe(number + word);
            continue;
          }
          expect(inferred).toBe(number);
          expect(window.check(number)).toBe(expected);
          if (expected !== 'fresh') continue;
          window.accept(number);
          naive.accept(number);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    // Appendix A2.2, case A: the window lies within one subspace.
    [5 * word + 1000, 64, 937, 5 * word + 937],
    [5 * word + 1000, 64, 936, 6 * word + 936],
    [5 * word + 1000, 64, 0xffffffff, 5 * word + 0xffffffff],
    // Case B: it spans two.
    [5 * word + 10, 64, word - 53, 4 * word + word - 53],
    [5 * word + 10, 64, word - 54, 5 * word + word - 54],
    [5 * word + 10, 64, 11, 5 * word + 11],
    [5 * word + 63, 64, 0, 5 * word],
  ])('top %d, window %d: %d is %d', (top, size, low, sequence) => {
    const window = new ReplayWindow(size, true);
    window.accept(top);
    expect(window.infer(low)).toBe(sequence);
  });

  it('knows no number before the first', () => {
    expect(new ReplayWindow(64, true).infer(0xffffffff)).toBeUndefined();
    expect(new ReplayWindow(64, true).check(0)).toBe('stale');
    expect(new ReplayWindow(64, false).check(0)).toBe('stale');
  });

  it('of size 0 refuses nothing and still follows the high word', () => {
    const window = new ReplayWindow(0, true);
    window.accept(word - 1);
    expect(window.infer(0)).toBe(word);
    window.accept(word);
    expect(window.infer(word - 5)).toBe(word - 5);
    expect(window.check(word)).toBe('fresh');
    expect(window.top).toBe(word);
  });

  it('moves for nothing but accept', () => {
    const window = new ReplayWindow(64, false);
    expect(window.check(1000)).toBe('fresh');
    expect(window.check(1)).toBe('fresh');
    window.accept(1000);
    expect(window.check(1)).toBe('stale');
    expect(window.check(1000)).toBe('replay');
    expect(window.check(937)).toBe('fresh');
    expect(window.check(936)).toBe('stale');
  });
});

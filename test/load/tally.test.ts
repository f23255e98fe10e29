import { describe, expect, it } from 'vitest';
import { type LoadPlan, share } from '../../src/load/plan.ts';
import {
  addTally,
  columnsPerDecade,
  count,
  countDone,
  emptyTally,
  firstColumn,
} from '../../src/load/tally.ts';
import { planFor } from './plan.ts';

describe('a tally', () => {
  it('has latencies in microseconds, in columns and by seconds', () => {
    const tally = emptyTally();
    countDone(tally, 1.5, 100);
    countDone(tally, 2, 2100);
    expect(tally.latency.min).toBe(1500);
    expect(tally.series).toEqual([1, 0, 1]);
    const edge = (at: number): number => (firstColumn * 10 ** (at / columnsPerDecade)) / 1000;
    const at = tally.columns.findIndex((of) => of > 0);
    expect(edge(at)).toBeLessThanOrEqual(1.5);
    expect(edge(at + 1)).toBeGreaterThan(1.5);
  });

  it('keeps what is off its scale in its first and its last column', () => {
    const tally = emptyTally();
    countDone(tally, 0.0001, 0);
    countDone(tally, 3_000_000, 0);
    expect(tally.columns[0]).toBe(1);
    expect(tally.columns.at(-1)).toBe(1);
  });

  it('is the sum of those of the workers', () => {
    const [whole, part] = [emptyTally(), emptyTally()];
    for (const tally of [whole, part]) {
      countDone(tally, 3, 1500);
      count(tally.failures, 'TIMEOUT');
      tally.in.octets = 10;
    }
    part.milliseconds = 7;
    addTally(whole, part);
    expect(whole).toMatchObject({ done: 2, failures: { TIMEOUT: 2 }, milliseconds: 7, series: [0, 2] });
    expect(whole.latency.count).toBe(2);
    expect(whole.in.octets).toBe(20);
  });
});

describe('the shares of workers', () => {
  const shares = (plan: LoadPlan, workers: number): LoadPlan[] =>
    Array.from({ length: workers }, (_, at) => share(plan, at, workers));

  it('are together what was asked for', () => {
    const plan = planFor({
      pace: { kind: 'closed', concurrency: 10 },
      limit: { kind: 'count', count: 101 },
    });
    const all = shares(plan, 4);
    const sum = (of: (each: LoadPlan) => number): number => all.reduce((whole, each) => whole + of(each), 0);
    expect(sum(({ limit }) => (limit.kind === 'count' ? limit.count : 0))).toBe(101);
    expect(sum(({ pace }) => (pace.kind === 'closed' ? pace.concurrency : 0))).toBe(10);
  });

  it('have identities of their own', () => {
    const numbers = shares(planFor({}), 3).flatMap(({ numbers: { first, step } }) => [first, first + step]);
    expect(new Set(numbers).size).toBe(6);
  });

  it('divide addresses, and share them when there are too few', () => {
    const sources = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    expect(shares(planFor({ sources }), 2).map((each) => each.sources)).toEqual([
      ['127.0.0.1', '127.0.0.3'],
      ['127.0.0.2'],
    ]);
    expect(shares(planFor({ sources }), 4)[3]?.sources).toEqual(sources);
  });
});

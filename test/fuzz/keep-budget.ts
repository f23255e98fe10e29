/** Runs beside every file of the long runs, which fails when it took more than its budget. */
import { afterAll, beforeAll, expect } from 'vitest';
import { budgetOf } from './budgets.ts';

let before = process.cpuUsage();
let budget = 0;

beforeAll(() => {
  budget = budgetOf(expect.getState().testPath ?? '');
  before = process.cpuUsage();
});

afterAll(() => {
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  if (seconds > budget) throw new Error(`took ${Math.round(seconds)} s of ${budget}: test/fuzz/budgets.ts`);
});

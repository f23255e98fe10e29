/** The long runs keep within 15 minutes of CI: every file has its part, and the parts are no more than that. */
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { budgetOf, budgets } from './fuzz/budgets.ts';

test('the budgets of the long runs sum to 15 minutes at most', () => {
  const sum = Object.values(budgets).reduce((seconds, budget) => seconds + budget, 0);
  expect(sum).toBeLessThanOrEqual(15 * 60);
});

test('every long run has a budget, and no other file', () => {
  const files = globSync('{fuzz,soak}/**/*.test.ts', { cwd: import.meta.dirname });
  expect(Object.keys(budgets)).toEqual(files.sort());
  expect(() => budgetOf('/test/fuzz/other.test.ts')).toThrow('no budget');
});

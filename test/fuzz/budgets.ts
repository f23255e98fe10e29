/**
 * What the long runs may take of CI: processor seconds of each file, together 15 minutes, though files run side by side.
 * A file that takes more fails. Ten times the cases, in ten times the time: `IKEV2_FUZZ_SCALE=10 npm run test:fuzz`.
 */
export const budgets: Readonly<Record<string, number>> = {
  'fuzz/key-exchange-vectors.test.ts': 100,
  'fuzz/key-pairs.test.ts': 80,
  'fuzz/model-notices.test.ts': 40,
  'fuzz/model.test.ts': 100,
  'fuzz/octets.test.ts': 110,
  'fuzz/phases.test.ts': 100,
  'fuzz/programs.test.ts': 50,
  'fuzz/random-octets.test.ts': 80,
  'fuzz/structure.test.ts': 180,
  'soak/soak.test.ts': 60,
};

/** How much longer than in CI; never shorter, since the files count their cases. */
const scale = Math.max(Number(process.env.IKEV2_FUZZ_SCALE ?? 1), 1);

/** So many cases, of a longer run more. */
export const scaled = (cases: number): number => Math.round(cases * scale);

/** Seconds a file below `test/` may take of this run. Throws Error without a budget. */
export function budgetOf(path: string): number {
  const budget = budgets[path.replace(/^.*\/test\//, '')];
  if (budget === undefined) throw new Error(`${path} has no budget: test/fuzz/budgets.ts`);
  return budget * scale;
}

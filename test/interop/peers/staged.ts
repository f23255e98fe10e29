/** A test with a stage of its own, which may run beside others: `it.concurrent('...', async ({ stage }) => ...)`. */
import { test } from 'vitest';
import { Stage } from './stage.ts';

export const it = test.extend<{ stage: Stage }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from it which fixtures this one needs.
  stage: async ({}, use) => {
    const stage = new Stage();
    try {
      await use(stage);
    } finally {
      await stage.close();
    }
  },
});

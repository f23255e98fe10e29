import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { scaled } from './test/fuzz/budgets.ts';

/** Projects run one after another, in this order: fuzzing beside real peers would make time limits lie. */
const order = ['unit', 'fuzz', 'soak', 'interop', 'lab'];
const project = (name: string, include: string[], timeout: number, extra: object = {}) => ({
  test: {
    name,
    include,
    testTimeout: timeout,
    hookTimeout: timeout,
    sequence: { groupOrder: order.indexOf(name) },
    ...extra,
  },
});

/** Long runs side by side on every processor, each file within its part of the 15 minutes they have of CI. */
const long = { setupFiles: ['test/fuzz/keep-budget.ts'], maxWorkers: availableParallelism() };

export default defineConfig({
  test: {
    projects: [
      // Modules are read once for all files of a worker: half of the time went into that.
      project('unit', ['test/**/*.test.ts', '!test/{fuzz,soak,interop,lab}/**'], 30_000, {
        isolate: false,
        maxWorkers: availableParallelism(),
      }),
      project('fuzz', ['test/fuzz/**/*.test.ts'], scaled(900_000), long),
      project('soak', ['test/soak/**/*.test.ts'], 300_000, long),
      // Each test has namespaces of its own; most of its time is spent waiting for a peer.
      project('interop', ['test/interop/**/*.test.ts'], 120_000, { maxWorkers: 2 }),
      // One guest for all cases: each test waits for the guest's word on it.
      project('lab', ['test/lab/**/*.test.ts'], 800_000),
    ],
  },
});

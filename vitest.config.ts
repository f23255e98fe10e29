import { defineConfig } from 'vitest/config';

/** Projects run one after another, in this order: fuzzing beside real peers would make time limits lie. */
const order = ['unit', 'fuzz', 'soak', 'interop'];
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

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/**/*.test.ts', '!test/{fuzz,soak,interop}/**'], 30_000),
      project('fuzz', ['test/fuzz/**/*.test.ts'], 900_000),
      project('soak', ['test/soak/**/*.test.ts'], 300_000),
      // Real peers own ports, namespaces and processes: one file at a time.
      project('interop', ['test/interop/**/*.test.ts'], 120_000, { fileParallelism: false }),
    ],
  },
});

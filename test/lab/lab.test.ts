/** Real kernels: the cases of guest/cases, each boot of the guest once, each case a test of its own. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { cases } from './guest/cases/index.ts';
import type { Boot } from './guest/job.ts';
import { GuestMachine } from './guest-machine.ts';
import { lacking } from './needs.ts';

/** Milliseconds for all cases of one boot. */
const limit = 600_000;

const reason = lacking();
if (reason !== undefined) console.warn(`skipped: the kernel lab: ${reason}`);

for (const boot of ['plain', 'enforcing'] satisfies Boot[]) {
  const own = cases.filter((one) => one.boot === boot);
  if (own.length === 0) continue;
  const title = boot === 'plain' ? 'the kernel lab' : 'the kernel lab, SELinux enforcing';
  describe.skipIf(reason !== undefined)(
    reason === undefined ? title : `${title} (skipped: ${reason})`,
    () => {
      let machine: GuestMachine;

      // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern to know that nothing is asked for
      beforeAll(async ({}, { tasks }) => {
        const asked = new Set(tasks.filter(({ mode }) => mode === 'run').map(({ name }) => name));
        const job = { cases: own.map(({ name }) => name).filter((name) => asked.has(name)) };
        machine = await GuestMachine.boot({ boot, job, limit });
      });
      afterAll(() => machine?.close());

      for (const { name } of own) {
        it(name, async () => {
          const { failure } = await machine.report(name, limit);
          if (failure !== undefined) throw new Error(failure);
        });
      }
      it('the guest ends by itself, and our daemon with exit code 0', () => machine.halt());
    },
  );
}

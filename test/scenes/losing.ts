/** A line that loses everything until it is restored. */
import type { Pair } from '../../src/testing/index.ts';

export function losing({ network }: Pair): { restore(): void } {
  let isDown = true;
  network.fate(() => (isDown ? [] : undefined));
  return {
    restore: () => {
      isDown = false;
    },
  };
}

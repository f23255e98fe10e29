/**
 * Both ends ask for the same child at once: there are two of them then, which is as allowed as useless (RFC 7296 §2.8).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni TSi TSr } -->          <-- CREATE_CHILD_SA { SA Ni TSi TSr } |
 *     | CREATE_CHILD_SA { SA Nr TSi TSr } -->          <-- CREATE_CHILD_SA { SA Nr TSi TSr } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('create x create %o', (line) => {
  test.each(bothEnds)('both are there (%s, %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one creates': command.create(one, 'pair'),
          'the other creates': command.create(other, 'pair'),
        },
      },
      (both) => expectAtRest(both, ['pair', 'pair', 'pair']),
    );
    expect(orders).toBeGreaterThan(10);
  });
});

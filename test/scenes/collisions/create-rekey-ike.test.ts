/**
 * One end makes another child while the other rekeys the IKE SA. Each refuses the other's with TEMPORARY_FAILURE, and each
 * tries again after a random wait, until both are through (RFC 7296 §2.25.2).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni TSi TSr } -->                 <-- CREATE_CHILD_SA { SA Ni KE } |
 *     | CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } --> <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('create x rekey of the IKE SA %o', (line) => {
  test.each(bothEnds)('both are through (%s creates, %s rekeys)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one creates': command.create(one, 'pair'),
          'the other rekeys the IKE SA': command.rekeyIke(other),
        },
      },
      (both) => expectAtRest(both, ['pair', 'pair']),
    );
    expect(orders).toBeGreaterThan(20);
  });
});

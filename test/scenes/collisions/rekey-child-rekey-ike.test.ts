/**
 * One end rekeys the child, the other the IKE SA. Each refuses the other's with TEMPORARY_FAILURE, and each tries again
 * after a random wait, until both are through (RFC 7296 §2.25.1, §2.25.2).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { N(REKEY_SA) ... } -->               <-- CREATE_CHILD_SA { SA Ni KE } |
 *     | CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } --> <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, expectRekeyed, lines } from './orders.ts';

describe.each(lines)('rekey of the child x rekey of the IKE SA %o', (line) => {
  test.each(bothEnds)('both are new (%s the child, %s the IKE SA)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one rekeys the child': command.rekeyChildren(one),
          'the other rekeys the IKE SA': command.rekeyIke(other),
        },
      },
      (both) => {
        expectRekeyed(both);
        expectAtRest(both, ['pair']);
      },
    );
    expect(orders).toBeGreaterThan(20);
  });
});

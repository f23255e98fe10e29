/**
 * One end deletes the child while the other rekeys the IKE SA: the rekey is refused with TEMPORARY_FAILURE while the Delete
 * is on its way and tried again; the Delete is answered as ever (RFC 7296 §2.25.1).
 *
 *   one                                            other
 *     | INFORMATIONAL { D(child) } -->                        <-- CREATE_CHILD_SA { SA Ni KE } |
 *     | CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } -->               <-- INFORMATIONAL { D(child) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('delete of the child x rekey of the IKE SA %o', (line) => {
  test.each(bothEnds)('the child is gone, the IKE SA new (%s deletes, %s rekeys)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one deletes': command.deleteChild(one),
          'the other rekeys the IKE SA': command.rekeyIke(other),
        },
      },
      (both) => expectAtRest(both, []),
    );
    expect(orders).toBeGreaterThan(20);
  });
});

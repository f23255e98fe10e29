/**
 * One end rekeys the IKE SA that the other deletes. The rekey is refused with TEMPORARY_FAILURE while the Delete is on its
 * way; a Delete of what is being rekeyed is answered as ever, and the rekey forgotten (RFC 7296 §2.25.2). An heir that is
 * there before is deleted too.
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni KE } -->                            <-- INFORMATIONAL { D(IKE) } |
 *     | INFORMATIONAL { } -->                      <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectGone, lines } from './orders.ts';

describe.each(lines)('rekey x delete of the IKE SA %o', (line) => {
  test.each(bothEnds)('nothing is left (%s rekeys, %s deletes)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one rekeys': command.rekeyIke(one),
          'the other deletes': command.down(other),
        },
      },
      (both) => expectGone(both),
    );
    expect(orders).toBeGreaterThan(10);
  });
});

/**
 * An end rekeys the IKE SA and deletes it before the answer is there: the heir is deleted as well.
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni KE } -->
 *                                                            <-- CREATE_CHILD_SA { SA Nr KE } |
 *     | INFORMATIONAL { D(IKE) } on the old, INFORMATIONAL { D(IKE) } on the heir -->
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectGone, lines } from './orders.ts';

describe.each(lines)('rekey and delete of the IKE SA by one end %o', (line) => {
  test.each(bothEnds)('nothing is left (%s, not %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: other },
        commands: {
          'it rekeys': command.rekeyIke(one),
          'it deletes': command.down(one),
        },
      },
      (both) => expectGone(both),
    );
    expect(orders).toBeGreaterThan(5);
  });
});

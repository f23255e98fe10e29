/**
 * Both ends rekey the IKE SA. Of the four nonces the lowest loses: who made that IKE SA deletes it, the other deletes the
 * old one, and the children move to the one that is left (RFC 7296 §2.8.1, §2.25.2).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni KE } -->                      <-- CREATE_CHILD_SA { SA Ni KE } |
 *     | CREATE_CHILD_SA { SA Nr KE } -->                      <-- CREATE_CHILD_SA { SA Nr KE } |
 *     | INFORMATIONAL { D(IKE) } on the old -->       <-- INFORMATIONAL { D(IKE) } on its own |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('rekey x rekey of the IKE SA %o', (line) => {
  test.each(bothEnds)('one IKE SA is left, with the child (%s, %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one rekeys': command.rekeyIke(one),
          'the other rekeys': command.rekeyIke(other),
        },
      },
      (both) => expectAtRest(both, ['pair']),
    );
    expect(orders).toBeGreaterThan(20);
  });
});

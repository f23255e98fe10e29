/**
 * One end rekeys a child that the other deletes. What comes while it is being deleted is refused with TEMPORARY_FAILURE,
 * after that with CHILD_SA_NOT_FOUND; a Delete of what is being rekeyed is answered as ever (RFC 7296 §2.25.1). A child that
 * the rekey had made before stays.
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { N(REKEY_SA) ... } -->                     <-- INFORMATIONAL { D(old) } |
 *     | INFORMATIONAL { D(old) } -->               <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('rekey x delete of a child %o', (line) => {
  test.each(bothEnds)('no child, or the new one, at both ends (%s rekeys, %s deletes)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one rekeys': command.rekeyChildren(one),
          'the other deletes': command.deleteChild(other),
        },
      },
      (both) => expectAtRest(both, both[one].children.length === 0 ? [] : ['pair']),
    );
    expect(orders).toBeGreaterThan(20);
  });
});

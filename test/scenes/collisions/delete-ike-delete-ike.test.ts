/**
 * Both ends delete the IKE SA: each answers (RFC 7296 §1.4.1, §2.25.2).
 *
 *   one                                            other
 *     | INFORMATIONAL { D(IKE) } -->                                <-- INFORMATIONAL { D(IKE) } |
 *     | INFORMATIONAL { } -->                                            <-- INFORMATIONAL { } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectGone, lines } from './orders.ts';

describe.each(lines)('delete x delete of the IKE SA %o', (line) => {
  test.each(bothEnds)('nothing is left (%s, %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        commands: {
          'one deletes': command.down(one),
          'the other deletes': command.down(other),
        },
      },
      (both) => expectGone(both),
    );
    expect(orders).toBeGreaterThan(5);
  });
});

/**
 * Both ends rekey the same child. Of the four nonces the lowest loses: who made that child deletes it, the other deletes
 * the old one (RFC 7296 §2.8.1). When one rekey is through before the other's request arrives, that is refused (§2.25.1).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { N(REKEY_SA) ... } -->      <-- CREATE_CHILD_SA { N(REKEY_SA) ... } |
 *     | CREATE_CHILD_SA { SA Nr ... } -->                  <-- CREATE_CHILD_SA { SA Nr ... } |
 *     | INFORMATIONAL { D(old) } -->                        <-- INFORMATIONAL { D(its own) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('rekey x rekey of a child %o', (line) => {
  test.each(bothEnds)('one child is left (%s, %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one rekeys': command.rekeyChildren(one),
          'the other rekeys': command.rekeyChildren(other),
        },
      },
      (both) => expectAtRest(both, ['pair']),
    );
    expect(orders).toBeGreaterThan(20);
  });
});

/**
 * Both ends delete the same child: each answers without a Delete of its own (RFC 7296 §1.4.1, §2.25.1).
 *
 *   one                                            other
 *     | INFORMATIONAL { D(child) } -->                            <-- INFORMATIONAL { D(child) } |
 *     | INFORMATIONAL { } -->                                            <-- INFORMATIONAL { } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

describe.each(lines)('delete x delete of a child %o', (line) => {
  test.each(bothEnds)('the IKE SA is left alone (%s, %s)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        commands: {
          'one deletes': command.deleteChild(one),
          'the other deletes': command.deleteChild(other),
        },
      },
      (both) => expectAtRest(both, []),
    );
    expect(orders).toBeGreaterThan(10);
  });
});

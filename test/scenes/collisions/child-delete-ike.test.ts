/**
 * One end makes a child, or rekeys one, on an IKE SA that either end deletes: TEMPORARY_FAILURE while the Delete is on its
 * way, nothing at all in the end (RFC 7296 §2.25.2).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { SA Ni TSi TSr } -->                       <-- INFORMATIONAL { D(IKE) } |
 *     | INFORMATIONAL { } -->                      <-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectGone, lines } from './orders.ts';

describe.each(lines)('create x delete of the IKE SA %o', (line) => {
  test.each(bothEnds)('nothing is left (%s creates, %s deletes)', (one, other) => {
    const orders = everyOrder(
      {
        ...line,
        options: { seed: one },
        commands: {
          'one creates': command.create(one, 'pair'),
          'the other deletes': command.down(other),
        },
      },
      (both) => expectGone(both),
    );
    expect(orders).toBeGreaterThan(10);
  });

  test.each(bothEnds)('nothing is left (%s creates and deletes, not %s)', (one) => {
    const commands = { 'it creates': command.create(one, 'pair'), 'it deletes': command.down(one) };
    expect(everyOrder({ ...line, commands }, expectGone)).toBeGreaterThan(5);
  });

  test.each(bothEnds)('nothing is left (%s rekeys, %s deletes)', (one, other) => {
    const commands = { 'one rekeys': command.rekeyChildren(one), 'the other deletes': command.down(other) };
    expect(everyOrder({ ...line, commands }, expectGone)).toBeGreaterThan(10);
  });

  test.each(bothEnds)('nothing is left (%s rekeys and deletes, not %s)', (one) => {
    const commands = { 'it rekeys': command.rekeyChildren(one), 'it deletes': command.down(one) };
    expect(everyOrder({ ...line, commands }, expectGone)).toBeGreaterThan(5);
  });
});

/**
 * Both ends rekey the IKE SA, and the group of one is not the other's: it is told so while it answers. The rekey that is
 * through is the one; the other is begun again only where there is none (RFC 7296 §1.3.2, §2.8.2).
 *
 *   one (x25519, then ecp256)                      other (ecp256)
 *     | CREATE_CHILD_SA { SA Ni KE(31) } -->           <-- CREATE_CHILD_SA { SA Ni KE(19) } |
 *     | CREATE_CHILD_SA { SA Nr KE(19) } -->      <-- CREATE_CHILD_SA { N(INVALID_KE_PAYLOAD) } |
 *     |                                                   <-- INFORMATIONAL { D(IKE) } |
 */
import { describe, expect, test } from 'vitest';
import { bothEnds, command, everyOrder, expectAtRest, lines } from './orders.ts';

const halves = bothEnds.flatMap(([one, other]) =>
  (['one rekeys', 'the other rekeys'] as const).map((first) => [one, other, first] as const),
);

describe.each(lines)('rekey of the IKE SA x the same with another group %o', (line) => {
  test.each(halves)('one IKE SA is left (%s has two groups, %s one; %s first)', (one, other, first) => {
    const orders = everyOrder(
      {
        ...line,
        first,
        options: {
          seed: one,
          [one]: { ike: 'aes128gcm16-prfsha256-x25519-ecp256' },
          [other]: { ike: 'aes128gcm16-prfsha256-ecp256' },
        },
        commands: { 'one rekeys': command.rekeyIke(one), 'the other rekeys': command.rekeyIke(other) },
      },
      (both) => {
        expectAtRest(both, ['pair']);
        for (const host of [both.initiator, both.responder]) expect(host.told('ikeRekeyed')).not.toEqual([]);
      },
    );
    expect(orders).toBeGreaterThan(10);
  });
});

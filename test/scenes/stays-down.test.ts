/**
 * What is taken down while it is authenticated anew, the old IKE SA first (break-before-make), stays down.
 *
 *   initiator                                  responder
 *     | INFORMATIONAL { D } -->                      the lifetime is over soon; the answer is lost
 *   down, shutdown, or another policy
 *     | INFORMATIONAL { D } -->                      again
 *     |<-- INFORMATIONAL { }                         and no IKE_SA_INIT follows
 */
import { describe, expect, it } from 'vitest';
import { drop, on, type Pair, pair } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp } from './expect-up.ts';

const lifetime = { ike: 600_000, margin: 60_000, fuzz: 0, rekey: true, reauth: 'break-before-make' } as const;

/** The Delete before the new beginning is on its way, and not answered. */
function leaving() {
  const both = pair({ initiator: { entry: { lifetime } } }).up();
  const heal = both.network.fate(on({ exchange: ExchangeType.INFORMATIONAL, response: true }, drop));
  both.network.advance(541_000);
  expect(both.initiator.ikeSas.map(({ phase }) => phase)).toEqual(['deleting']);
  return { both, heal };
}

const begun = ({ initiator }: Pair): number =>
  initiator.told('message').filter(({ summary }) => summary.startsWith('IKE_SA_INIT request')).length;

describe('during a reauthentication that breaks first', () => {
  it.each([
    ['down', 'DELETED_BY_US', (both: Pair) => both.initiator.down(both.name)],
    ['shutdown', 'SHUTDOWN', (both: Pair) => both.initiator.command({ kind: 'shutdown' })],
    [
      'a policy without the connection',
      'POLICY_CHANGED',
      (both: Pair) => both.initiator.setPolicy({ ...both.policies.initiator, pad: [] }),
    ],
    [
      'a policy with another connection of that name',
      'POLICY_CHANGED',
      (both: Pair) => both.initiator.setPolicy(both.change('initiator', { esp: 'aes256gcm16' })),
    ],
  ] as const)('%s ends it', (_, code, end) => {
    const { both, heal } = leaving();
    end(both);
    heal();
    expectNothing(both);
    expect(begun(both)).toBe(1);
    expect(both.initiator.told('ikeDeleted').map(({ reason }) => reason.code)).toEqual([code]);
  });

  it('nothing of the kind: the new one follows', () => {
    const { both, heal } = leaving();
    heal();
    both.network.advance(30_000);
    expectUp(both);
    expect(begun(both)).toBe(2);
  });
});

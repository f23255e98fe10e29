/**
 * The peer rekeys a child and never deletes the old one, though it is its turn: after 30 s we do (RFC 7296 §2.8).
 *
 *   one                                            other
 *     | CREATE_CHILD_SA { N(REKEY_SA) ... } -->      |
 *     |      <-- CREATE_CHILD_SA { SA Nr TSi TSr }   |
 *     | INFORMATIONAL { } (its Delete is withheld)-> |
 *     |                          (30 s)              |
 *     |               <-- INFORMATIONAL { D(old) }   |
 */
import { expect, test } from 'vitest';
import { misbehave, pair } from '../../src/testing/index.ts';
import { command } from './collisions/orders.ts';

test.each([
  ['initiator', 'responder'],
  ['responder', 'initiator'],
] as const)('the %s leaves it behind, the %s deletes it', (one, other) => {
  const both = pair().up();
  misbehave(both.network, both[one], {
    rules: [
      {
        on: { direction: 'out', exchange: 'INFORMATIONAL', message: 'request', payload: 'D', nth: 1 },
        do: { action: 'remove', payload: 'D' },
      },
    ],
  });
  command.rekeyChildren(one)(both);
  both.network.advance(20_000);
  expect(both[other].children).toHaveLength(2);
  both.network.advance(15_000);
  expect(both[other].children).toHaveLength(1);
  expect(both[one].children).toHaveLength(1);
  expect(both[other].told('childDeleted')).toHaveLength(1);
});

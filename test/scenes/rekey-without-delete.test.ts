/**
 *   one                                             other
 *   CREATE_CHILD_SA { N(REKEY_SA) ... }           ->
 *                                                 <-  CREATE_CHILD_SA { SA Nr TSi TSr }
 *   ... again and again, and no Delete            ->
 *                                                 <-  CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }
 *
 * Who rekeys and never deletes fills nobody's tables: four children wait for a Delete beside the newest one, then the next
 * rekey has to wait too (RFC 7296 §2.25). Deleted by us after 30 s, they make room.
 */
import { expect, test } from 'vitest';
import { misbehave, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { bothEnds, command } from './collisions/orders.ts';
import { expectMirrored, expectNothing } from './expect-up.ts';

test.each(bothEnds)('the %s rekeys, the %s is not filled', (one, other) => {
  const both = pair({ [other]: { entry: { mostChildren: 1 } } }).up();
  const { network } = both;
  const faulty = misbehave(network, both[one], {
    rules: [
      {
        on: { direction: 'out', exchange: 'INFORMATIONAL', message: 'request', payload: 'D' },
        do: { action: 'remove', payload: 'D' },
      },
    ],
  });
  let most = 0;
  for (let rekeys = 0; rekeys < 60; rekeys++) {
    command.rekeyChildren(one)(both);
    network.advance(60);
    most = Math.max(most, both[other].children.length);
  }
  expect(most).toBe(5);
  const refusals = network.flights.filter(
    ({ header, payloads = [] }) =>
      header?.exchange === ExchangeType.CREATE_CHILD_SA &&
      notifies(payloads, NotifyType.TEMPORARY_FAILURE).length > 0,
  );
  expect(refusals.length).toBeGreaterThan(0);
  faulty.stop();
  network.advance(300_000);
  expect([both[one].children.length, both[other].children.length]).toEqual([1, 1]);
  expectMirrored(both.initiator, both.responder);
  both.initiator.down(both.name);
  expectNothing(both);
});

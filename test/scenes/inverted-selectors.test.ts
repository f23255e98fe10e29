/**
 *   initiator                                       responder
 *   { SA Ni TSi=10.1.0.0-10.1.255.255 TSr }       ->
 *                                                 <-  { SA Nr TSi=255.0.0.0-10.1.255.255 TSr }
 *   INFORMATIONAL { D }                           ->
 *
 * A range that ends before it starts is none, of addresses or of ports but for OPAQUE (RFC 7296 §3.13.1): not what we
 * offered, and nothing to narrow to.
 */
import { describe, expect, it } from 'vitest';
import { type FaultAction, misbehave, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { command } from './collisions/orders.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const set = (payload: 'TSi' | 'TSr', field: string, to: string | number): FaultAction => ({
  action: 'set',
  payload,
  field: `selectors.*.${field}`,
  to,
});

const inverted: readonly (readonly [string, FaultAction[]])[] = [
  ['addresses of TSi', [set('TSi', 'start', '255.0.0.0')]],
  ['addresses of TSr', [set('TSr', 'end', '1.0.0.0')]],
  ['ports of TSi', [set('TSi', 'startPort', 80), set('TSi', 'endPort', 79)]],
];

describe.each(inverted)('inverted %s', (_what, acts) => {
  it.each(['request', 'response'] as const)('in the %s of a rekey: the old child goes on', (message) => {
    const both = pair({ child: { narrowing: true } }).up();
    const old = only(both.initiator.children);
    misbehave(both.network, message === 'request' ? both.initiator : both.responder, {
      rules: [{ on: { direction: 'out', exchange: 'CREATE_CHILD_SA', message, nth: 1 }, do: acts }],
    });
    command.rekeyChildren('initiator')(both);
    both.network.settle();
    const failed = only(both.initiator.told('childFailed')).reason;
    if (message === 'response') expect(failed.code).toBe('BAD_MESSAGE');
    else expect(failed.notify).toBe(NotifyType.TS_UNACCEPTABLE);
    both.network.advance(100_000);
    expectUp(both);
    expect(only(both.initiator.children).inboundSpi).toBe(old.inboundSpi);
    both.initiator.down(both.name);
    expectNothing(both);
  });

  it('in the request of IKE_AUTH: TS_UNACCEPTABLE', () => {
    const both = pair({ child: { narrowing: true } });
    misbehave(both.network, both.initiator, {
      rules: [{ on: { direction: 'out', exchange: 'IKE_AUTH', message: 'request' }, do: acts }],
    });
    both.up();
    const answer = both.network.flights[3]?.payloads ?? [];
    expect(notifies(answer, NotifyType.TS_UNACCEPTABLE)).toHaveLength(1);
    expect([both.initiator.children, both.responder.children]).toEqual([[], []]);
    both.initiator.down(both.name);
    expectNothing(both);
  });
});

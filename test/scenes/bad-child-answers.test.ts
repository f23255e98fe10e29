/**
 *   initiator                                       responder
 *   CREATE_CHILD_SA { N(REKEY_SA) SA Ni TSi TSr } ->
 *                                                 <-  CREATE_CHILD_SA { SA TSi TSr }      no Nr
 *   INFORMATIONAL { D(new) }                      ->
 *                                                 <-  INFORMATIONAL { D(new) }
 *
 * An answer that makes no child is refused by deleting the new child at the peer, who believes in it. The old one goes on
 * at both ends, and nobody deletes it later (RFC 7296 §1.3.1, §2.10).
 */
import { expect, test } from 'vitest';
import { type FaultAction, misbehave, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import { command } from './collisions/orders.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const answers: readonly (readonly [string, FaultAction])[] = [
  ['without Nr', { action: 'remove', payload: 'Nr' }],
  ['without SA', { action: 'remove', payload: 'SA' }],
  ['without traffic selectors', { action: 'remove', payload: ['TSi', 'TSr'] }],
  ['with nothing', { action: 'keep', payload: [] }],
];

test.each(answers)('a rekey answered %s: the old child goes on', (_what, act) => {
  const both = pair().up();
  const { network, initiator, responder } = both;
  const old = only(initiator.children);
  misbehave(network, responder, {
    rules: [{ on: { direction: 'out', exchange: 'CREATE_CHILD_SA', message: 'response', nth: 1 }, do: act }],
  });
  command.rekeyChildren('initiator')(both);
  network.settle();
  expect(only(initiator.told('childFailed')).reason.code).toBe('BAD_MESSAGE');
  // The patience of the responder, who took the old child for replaced, is over too.
  network.advance(100_000);
  expectUp(both);
  expect(only(initiator.children)).toMatchObject({
    inboundSpi: old.inboundSpi,
    outboundSpi: old.outboundSpi,
  });
  command.rekeyChildren('responder')(both);
  network.advance(100_000);
  expectUp(both);
  initiator.down(both.name);
  expectNothing(both);
});

test('a rekey of a child of AH: there is none, as there is none of another SPI', () => {
  const both = pair().up();
  const { network, initiator, responder } = both;
  misbehave(network, initiator, {
    rules: [
      {
        on: { direction: 'out', exchange: 'CREATE_CHILD_SA', message: 'request', nth: 1 },
        do: { action: 'set', payload: 'N(REKEY_SA)', field: 'protocol', to: 'AH' },
      },
    ],
  });
  const old = only(responder.children);
  command.rekeyChildren('initiator')(both);
  network.until(() => initiator.told('childDeleted').length > 0);
  const [rekey, refusal] = network.flights.filter(
    ({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA,
  );
  const spi = notifies(rekey?.payloads ?? [], NotifyType.REKEY_SA)[0]?.spi;
  expect(notifies(refusal?.payloads ?? [], NotifyType.CHILD_SA_NOT_FOUND)).toMatchObject([
    { protocol: ProtocolId.AH, spi },
  ]);
  expect(responder.children.map(({ inboundSpi }) => inboundSpi)).toContain(old.inboundSpi);
});

test.each<[string, FaultAction]>([
  ['SA', { action: 'remove', payload: 'SA' }],
  ['traffic selectors', { action: 'remove', payload: ['TSi', 'TSr'] }],
  ['all of the child', { action: 'remove', payload: ['SA', 'TSi', 'TSr'] }],
])('IKE_AUTH answered without %s: the IKE SA alone, at both ends', (_what, act) => {
  const both = pair();
  const { network, initiator, responder } = both;
  misbehave(network, responder, {
    rules: [{ on: { direction: 'out', exchange: 'IKE_AUTH', message: 'response', nth: 1 }, do: act }],
  });
  both.up();
  expect(only(initiator.told('childFailed')).reason.code).toBe('BAD_MESSAGE');
  for (const host of [initiator, responder]) {
    expect(host.established).toHaveLength(1);
    expect([host.children, host.memory.sas]).toEqual([[], []]);
  }
  initiator.up(both.name);
  network.settle();
  expectUp(both);
  initiator.down(both.name);
  expectNothing(both);
});

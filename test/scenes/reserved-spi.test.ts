/**
 *   initiator                                       responder
 *   { SA(SPI 0) Ni TSi TSr }                      ->
 *                                                 <-  { N(NO_PROPOSAL_CHOSEN) }
 *
 *   { SA Ni TSi TSr }                             ->
 *                                                 <-  { SA(SPI 255) Nr TSi TSr }
 *   INFORMATIONAL { D }                           ->
 *
 * SPIs 0 to 255 are no SA's (RFC 4303 §2.1): in UDP, 0 is where the marker of IKE is. The proposal is not acceptable; an
 * answer with such a one makes no child. The IKE SA lives, and so does the child that a rekey was to replace.
 */
import { describe, expect, it } from 'vitest';
import { type FaultAction, misbehave, type Pair, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { command } from './collisions/orders.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const reserved = ['00000000', '00000007', '000000ff'];

function withSpi(both: Pair, message: 'request' | 'response', exchange: string, spi: string): void {
  const act: FaultAction = { action: 'set', payload: 'SA', field: 'proposals.*.spi', to: spi };
  misbehave(both.network, message === 'request' ? both.initiator : both.responder, {
    rules: [{ on: { direction: 'out', exchange, message, nth: 1 }, do: act }],
  });
}

const refused = ({ network }: Pair) =>
  network.flights.filter(({ payloads = [] }) => notifies(payloads, NotifyType.NO_PROPOSAL_CHOSEN).length > 0);

describe.each(reserved)('SPI %s', (spi) => {
  it.each(['request', 'response'] as const)('in the %s of IKE_AUTH: the IKE SA alone', (message) => {
    const both = pair();
    withSpi(both, message, 'IKE_AUTH', spi);
    both.up();
    expect(refused(both)).toHaveLength(message === 'request' ? 1 : 0);
    for (const host of [both.initiator, both.responder]) {
      expect(host.established).toHaveLength(1);
      expect([host.children, host.memory.sas]).toEqual([[], []]);
    }
    expect(both.initiator.told('childFailed')).toHaveLength(1);
    both.initiator.up(both.name);
    both.network.settle();
    expectUp(both);
    both.initiator.down(both.name);
    expectNothing(both);
  });

  it.each(['request', 'response'] as const)('in the %s of a rekey: the old child goes on', (message) => {
    const both = pair().up();
    const old = only(both.initiator.children);
    withSpi(both, message, 'CREATE_CHILD_SA', spi);
    command.rekeyChildren('initiator')(both);
    both.network.advance(100_000);
    expect(refused(both)).toHaveLength(message === 'request' ? 1 : 0);
    expect(both.initiator.told('childFailed')).toHaveLength(1);
    expectUp(both);
    expect(only(both.initiator.children).inboundSpi).toBe(old.inboundSpi);
    both.initiator.down(both.name);
    expectNothing(both);
  });
});

it.each(['0000000000000000', ''])(
  'SPI %s of an heir in the request of a rekey of the IKE SA: refused',
  (spi) => {
    const both = pair().up();
    withSpi(both, 'request', 'CREATE_CHILD_SA', spi);
    command.rekeyIke('initiator')(both);
    both.network.settle();
    expect(only(both.initiator.told('ikeRekeyFailed')).reason.notify).toBe(NotifyType.NO_PROPOSAL_CHOSEN);
    expectUp(both);
  },
);

/**
 *   initiator                                 responder
 *   IKE_AUTH 1 { IDi AUTH SA TSi TSr }   ->
 *                                        <-   IKE_AUTH 1 { IDr AUTH N(TS_UNACCEPTABLE) }
 *
 * A child that comes to nothing is refused by a notify; the IKE SA stays (RFC 7296 §1.2). Selectors are narrowed to what both
 * want (§2.9).
 */
import { describe, expect, it } from 'vitest';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

function expectChildless({ initiator, responder }: Pair): void {
  for (const end of [initiator, responder]) {
    expect(end.established).toHaveLength(1);
    expect(end.children).toEqual([]);
    expect(end.memory.sas).toEqual([]);
    expect(end.memory.policies).toEqual([]);
    expect(end.held.childSpis).toBe(0);
  }
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it('no selectors in common: TS_UNACCEPTABLE', () => {
    const both = pair({
      initiator: { ...ends.initiator, subnet: '10.1.0.0/16', peerSubnet: '10.3.0.0/16' },
      responder: { ...ends.responder, subnet: '10.2.0.0/16', peerSubnet: '10.1.0.0/16' },
    }).up();
    expectChildless(both);
    const reason = only(both.initiator.told('childFailed')).reason;
    expect(reason).toMatchObject({ code: 'PEER_REFUSED', notify: NotifyType.TS_UNACCEPTABLE });
    expect(reason.text).toContain('10.1.0.0/16 === 10.3.0.0/16');
    expect(only(both.responder.told('childFailed')).reason.notify).toBe(NotifyType.TS_UNACCEPTABLE);
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('a refused child', () => {
  it('no common ESP proposal: NO_PROPOSAL_CHOSEN', () => {
    const both = pair({ initiator: { esp: 'aes128gcm16' }, responder: { esp: 'aes256-sha2_512' } }).up();
    expectChildless(both);
    expect(only(both.initiator.told('childFailed')).reason.notify).toBe(NotifyType.NO_PROPOSAL_CHOSEN);
  });

  it.each(['tunnel', 'transport'] as const)(
    'the initiator wants %s mode, the responder the other',
    (mode) => {
      const other = mode === 'tunnel' ? 'transport' : 'tunnel';
      const both = pair({ initiator: { mode }, responder: { mode: other } }).up();
      expectChildless(both);
      expect(only(both.responder.told('childFailed')).reason.text).toContain(`${mode} mode`);
      both.initiator.down('pair');
      expectNothing(both);
    },
  );

  it('a responder that turns the mode round: the initiator deletes that child, the IKE SA stays', () => {
    const both = pair({ mode: 'transport' });
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.filter((each) => each.kind !== 'notify' || each.type !== NotifyType.USE_TRANSPORT_MODE),
        ),
      ),
    );
    both.up();
    expectChildless(both);
    expect(only(both.responder.told('childDeleted')).reason).toBe('deleted by the peer');
  });

  it('a responder that widens the selectors: likewise', () => {
    const both = pair({ subnet: '10.1.0.0/16' });
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((each) =>
            each.kind === 'tsr'
              ? {
                  ...each,
                  selectors: each.selectors.map((one) =>
                    one.kind === 'range' ? { ...one, start: new Uint8Array(4) } : one,
                  ),
                }
              : each,
          ),
        ),
      ),
    );
    both.up();
    expectChildless(both);
    expect(only(both.initiator.told('childFailed')).reason.text).toContain('widened');
  });
});

describe('narrowing', () => {
  it('to what both want', () => {
    const both = pair({
      initiator: { subnet: '10.1.0.0/16', peerSubnet: '10.2.0.0/16' },
      responder: { subnet: '10.2.3.0/24', peerSubnet: '10.1.0.0/17' },
    }).up();
    expectUp(both);
    expect(only(both.initiator.children)).toMatchObject({ local: '10.1.0.0/17', remote: '10.2.3.0/24' });
  });

  it('several ranges each', () => {
    const both = pair({
      initiator: { subnet: '10.1.0.0/24,10.1.2.0/24', peerSubnet: '0.0.0.0/0' },
      responder: { subnet: '10.2.0.0/24,10.4.0.0/24', peerSubnet: '10.1.0.0/16' },
    }).up();
    expectUp(both);
    expect(only(both.initiator.children)).toMatchObject({
      local: '10.1.0.0/24 10.1.2.0/24',
      remote: '10.2.0.0/24 10.4.0.0/24',
    });
    expect(both.initiator.memory.policies).toHaveLength(12);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('to a protocol and its ports', () => {
    const selector = {
      start: Uint8Array.of(10, 2, 0, 0),
      end: Uint8Array.of(10, 2, 255, 255),
      protocol: 6,
      startPort: 80,
      endPort: 80,
    };
    const both = pair({
      initiator: { subnet: '10.1.0.0/16', peerSubnet: '10.2.0.0/16' },
      responder: { peerSubnet: '10.1.0.0/16', child: { local: [selector] } },
    }).up();
    expectUp(both);
    expect(only(both.initiator.children).remote).toBe('10.2.0.0/16[tcp/80]');
  });
});

describe('childless', () => {
  it('neither wants a child: IKE_AUTH goes without (RFC 6023)', () => {
    const both = pair({ childless: true }).up();
    expectChildless(both);
    const request = both.network.flights[2]?.payloads ?? [];
    expect(['sa', 'tsi', 'tsr'].map((kind) => find(request, kind as 'sa'))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(both.initiator.told('childFailed')).toEqual([]);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('the responder has no child for it: refused, and the IKE SA stays', () => {
    const both = pair({ responder: { childless: true } }).up();
    expectChildless(both);
    expect(only(both.initiator.told('childFailed')).reason.code).toBe('PEER_REFUSED');
  });

  it('the initiator wants none of a responder that has one', () => {
    const both = pair({ initiator: { childless: true } }).up();
    expectChildless(both);
  });

  it('the responder says it can', () => {
    const both = pair().up();
    const response = both.network.flights[1]?.payloads ?? [];
    expect(notifies(response, NotifyType.CHILDLESS_IKEV2_SUPPORTED)).toHaveLength(1);
  });
});

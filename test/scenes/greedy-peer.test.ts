/**
 * What an authenticated peer can ask for has bounds, and what it names cannot be taken from another.
 *
 *   client                                     we
 *     | IKE_AUTH { ... SA TSi TSr } -->              forty selectors
 *     |<-- IKE_AUTH { ... TSi TSr }                  sixteen of them
 *
 *     | IKE_AUTH { ... SA(SPI of another's) } -->    the data plane has an SA of that name already
 *     |<-- IKE_AUTH { ... SA TSi TSr }
 *     |<-- INFORMATIONAL { D }                       the new child goes, the other one stays
 */
import { describe, expect, it } from 'vitest';
import { on, padEntry, pair, tampered } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectMirrored, expectUp, only } from './expect-up.ts';

describe('traffic selectors', () => {
  const many = Array.from({ length: 40 }, (_, n) => `10.1.${2 * n}.0/24`).join(',');

  it('more than sixteen of an end: sixteen are taken, and the peer hears that there are more', () => {
    const both = pair({
      initiator: { subnet: many },
      responder: { subnet: '10.2.0.0/16', peerSubnet: '10.1.0.0/16' },
    });
    both.up();
    expectUp(both);
    expect(only(both.responder.children).remote.split(' ')).toHaveLength(16);
    expect(both.responder.memory.policies).toHaveLength(3 * 16);
    const answer = both.network.flights[3]?.payloads ?? [];
    expect(notifies(answer, NotifyType.ADDITIONAL_TS_POSSIBLE)).toHaveLength(1);
  });

  it('the first that is asked for is among them', () => {
    const both = pair({
      initiator: { subnet: `10.1.99.0/24,${many}` },
      responder: { subnet: '10.2.0.0/16', peerSubnet: '10.1.0.0/16' },
    }).up();
    expect(only(both.responder.children).remote).toMatch(/^10\.1\.99\.0\/24 /);
  });
});

describe('an outbound SPI that another SA has', () => {
  /** Two connections from one address, and the SPI that the second names is the first's. */
  function second() {
    const both = pair({
      initiator: { subnet: '10.1.0.0/16' },
      responder: { subnet: '10.2.0.0/16', peerSubnet: '10.0.0.0/8', peerIdentity: '%any' },
    }).up();
    const { network, initiator, responder, policies } = both;
    const first = only(responder.children);
    const other = padEntry({
      name: 'other',
      address: '10.0.0.1',
      identity: '@other',
      subnet: '10.9.0.0/16',
      peer: { address: '10.0.0.2', subnet: '10.2.0.0/16' },
    });
    initiator.setPolicy({ ...policies.initiator, pad: [...policies.initiator.pad, other] });
    const spi = Uint8Array.of(
      first.outboundSpi >>> 24,
      first.outboundSpi >>> 16,
      first.outboundSpi >>> 8,
      first.outboundSpi,
    );
    network.fate(
      on(
        { from: '10.0.0.1', exchange: ExchangeType.IKE_AUTH, response: false },
        tampered(network.keys, ({ payloads }) =>
          payloads.map((payload) =>
            payload.kind === 'sa'
              ? { ...payload, proposals: payload.proposals.map((each) => ({ ...each, spi })) }
              : payload,
          ),
        ),
      ),
    );
    initiator.up('other');
    network.settle();
    network.fates.length = 0;
    return { both, first };
  }

  it('does not take that SA down: its own child goes', () => {
    const { both, first } = second();
    const { responder, network } = both;
    expect(only(responder.told('childFailed')).reason.text).toBe('addSa: EEXIST');
    expect(responder.established).toHaveLength(2);
    expect(only(responder.children)).toMatchObject({
      inboundSpi: first.inboundSpi,
      outboundSpi: first.outboundSpi,
    });
    const id = { spi: first.outboundSpi, destination: '10.0.0.1' };
    expect(responder.memory.sa(id)?.reqid).toBe(first.reqid);
    expect(responder.memory.sas).toHaveLength(2);
    expect(responder.memory.policies.map(({ reqid }) => reqid)).toEqual([
      first.reqid,
      first.reqid,
      first.reqid,
    ]);
    // And when all of the second goes, too.
    both.initiator.down('other');
    network.advance(100_000);
    expect(responder.memory.sa(id)?.reqid).toBe(first.reqid);
  });
});

describe('a rekey whose outbound SA the data plane refuses', () => {
  it.each(['initiator', 'responder'] as const)('by the %s: the new child goes with the old one', (end) => {
    const both = pair().up();
    const host = both[end];
    const { inboundSpi } = only(host.children);
    // Of the rekey: the inbound SA, then the outbound one.
    host.memory.refuse(2, 'ENOMEM', 'addSa');
    host.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.advance(20_000);
    expect(only(host.told('childFailed')).reason.text).toBe('addSa: ENOMEM');
    const fresh = only(
      host.told('childEstablished').filter(({ replaces }) => replaces?.inboundSpi === inboundSpi),
    );
    // Nobody believes in a child that cannot send.
    for (const each of [both.initiator, both.responder]) {
      expect(each.children).toEqual([]);
      expect(each.memory.sas).toEqual([]);
    }
    expect(
      host
        .told('childDeleted')
        .map(({ child }) => child.inboundSpi)
        .sort(),
    ).toEqual([inboundSpi, fresh.child.inboundSpi].sort());
    expectMirrored(both.initiator, both.responder);
    expect(host.established).toHaveLength(1);
  });
});

it('a rekeyed child whose Delete never comes ends at its hard end, and its heir goes on', () => {
  const child = { lifetime: { time: 120_000, octets: 0, packets: 0 } };
  const lifetime = { ike: 0, margin: 0, fuzz: 0, rekey: false, reauth: false } as const;
  const both = pair({
    entry: { retransmit: { interval: 500, timeout: 1_000_000 } },
    responder: { child, entry: { lifetime } },
  }).up();
  const { network, initiator, responder } = both;
  const old = only(responder.children).inboundSpi;
  network.advance(60_000);
  network.fate(on({ from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL, response: false }, () => []));
  initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
  network.advance(30_000);
  expect(responder.children.map(({ state }) => state)).toEqual(['replaced', 'new']);
  network.advance(40_000);
  const heir = only(responder.children);
  expect([heir.inboundSpi === old, heir.state]).toEqual([false, 'installed']);
  expect(responder.memory.sa({ spi: heir.outboundSpi, destination: '10.0.0.1' })).toBeDefined();
  expect(responder.memory.sa({ spi: old, destination: '10.0.0.2' })).toBeUndefined();
});

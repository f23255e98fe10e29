/**
 * On demand: policies stand before any child, and a packet asks for it. RFC 4301 §4.4.1, RFC 7296 §2.9.
 *
 *   packet ->  I: acquire            R
 *              IKE_SA_INIT, IKE_AUTH { TSi: the packet's, the policy's } ->
 *              <- the child
 *   packet ->  I: acquire            R
 *              CREATE_CHILD_SA ->
 */
import { describe, expect, test } from 'vitest';
import { formatSelector } from '../../src/policy/selector.ts';
import type { Pair } from '../../src/testing/index.ts';
import { findAll } from '../../src/wire/message.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { gateway, poolOf, road, traffic } from './configuration-pair.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';
import { bothOnDemand, flowStates, onDemand, packet, policyText, reqidOf } from './ondemand-stage.ts';
import { several } from './subnets.ts';

const policies = (reqid: number): string[] =>
  ['in', 'fwd', 'out'].map((direction) => `${direction} ${reqid} 10.1.0.0/16 10.2.0.0/16`);

const requests = (both: Pair, exchange: string): number =>
  both.initiator
    .told('message')
    .filter(
      ({ direction, summary, retransmission }) =>
        direction === 'out' && !retransmission && summary.startsWith(`${exchange} request`),
    ).length;

/** TSi and TSr of the requests for children that the initiator sent. */
const asked = (both: Pair): string[] =>
  both.network.flights
    .filter(({ header, source }) => source.address === '10.0.0.1' && header?.response === false)
    .flatMap(({ payloads = [] }) =>
      ['tsi' as const, 'tsr' as const].flatMap((kind) =>
        findAll(payloads, kind).map(({ selectors }) => selectors.map(formatSelector).join(' ')),
      ),
    );

describe('at load', () => {
  test('policies stand for in, fwd and out; nothing is negotiated', () => {
    const both = onDemand();
    both.network.advance(0);
    const reqid = reqidOf(both.initiator);
    expect(both.initiator.memory.policies.map(policyText)).toEqual(policies(reqid));
    expect(both.initiator.memory.policies[0]).toMatchObject({
      mode: 'tunnel',
      localAddress: '10.0.0.1',
      remoteAddress: '10.0.0.2',
    });
    expect(both.initiator.status).toMatchObject({
      ikeSas: [],
      routes: [{ connection: 'pair', child: 'pair', what: 'protect', reqid, negotiating: 0 }],
      shunts: [],
    });
    expect(both.network.flights).toHaveLength(0);
  });

  test('a peer of any address has none', () => {
    const both = onDemand({}, { initiator: { peerAddress: '%any' } });
    both.network.advance(0);
    expect(both.initiator.memory.policies).toEqual([]);
    both.initiator.command({ kind: 'route', name: both.name });
    expect(both.initiator.failures.map(({ code }) => code)).toEqual(['LOCAL']);
  });
});

describe('the first packet', () => {
  test.each([true, false])('brings the child up in IKE_AUTH; narrowing=%s', (narrowing) => {
    const both = onDemand({ narrowing });
    const reqid = reqidOf(both.initiator);
    const { sequence } = packet(both.initiator, '10.1.0.7', '10.2.0.9');
    expect(both.initiator.status.routes[0]?.negotiating).toBe(1);
    both.network.settle();
    expectUp(both);
    expect(requests(both, 'CREATE_CHILD_SA')).toBe(0);
    expect(only(both.initiator.children)).toMatchObject({
      reqid,
      local: '10.1.0.0/16',
      remote: '10.2.0.0/16',
    });
    expect(asked(both)).toEqual(
      narrowing
        ? ['10.1.0.7/32[tcp/40000] 10.1.0.0/16', '10.2.0.9/32[tcp/80] 10.2.0.0/16']
        : ['10.1.0.0/16', '10.2.0.0/16'],
    );
    // Its policies stand beside those it came of, under the same name.
    expect(both.initiator.memory.policies.map(policyText)).toEqual([...policies(reqid), ...policies(reqid)]);
    const [inbound, outbound] = both.initiator.memory.sas;
    expect([inbound?.direction, inbound?.acquire]).toEqual(['in', undefined]);
    expect([outbound?.direction, outbound?.acquire]).toEqual(['out', sequence]);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'protected']);
    expect(both.initiator.status.routes[0]?.negotiating).toBe(0);
    expect(both.initiator.held.flows).toBe(0);
  });

  test('after the child is gone brings another; the policies stayed all the time', () => {
    const both = onDemand();
    const reqid = reqidOf(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    both.initiator.down(both.name);
    both.network.advance(60_000);
    expect(both.initiator.established).toEqual([]);
    expect(both.initiator.memory.policies.map(policyText)).toEqual(policies(reqid));
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
    expect(only(both.initiator.children).reqid).toBe(reqid);
  });

  test('of several children only the one it is for comes up; `up` brings the others', () => {
    const both = several(3, { initiator: { entry: { start: 'ondemand' } } });
    const [, second] = both.initiator.status.routes;
    packet(both.initiator, '10.1.2.1', '10.2.2.1', { reqid: second?.reqid ?? 0 });
    both.network.settle();
    expect(both.initiator.children.map(({ child, reqid }) => [child, reqid])).toEqual([
      ['c2', second?.reqid],
    ]);
    both.initiator.up(both.name);
    both.network.settle();
    expect(both.initiator.children.map(({ child }) => child)).toEqual(['c2', 'c1', 'c3']);
    expect(both.initiator.children.map(({ reqid }) => reqid).sort()).toEqual(
      both.initiator.status.routes.map(({ reqid }) => reqid),
    );
    expectMirrored(both.initiator, both.responder);
  });

  test('`up` while it is negotiated brings the others too', () => {
    const both = several(3, { initiator: { entry: { start: 'ondemand' } } }, { pfs: true });
    const [, second] = both.initiator.status.routes;
    packet(both.initiator, '10.1.2.1', '10.2.2.1', { reqid: second?.reqid ?? 0 });
    both.initiator.up(both.name);
    both.network.settle();
    expect(both.initiator.children.map(({ child }) => child)).toEqual(['c2', 'c1', 'c3']);
    expect(both.initiator.established).toHaveLength(1);
    // PFS from the second on: its group is known by then.
    expect(
      both.initiator
        .told('message')
        .filter(({ summary }) => / Ni KE /.test(summary) && summary.startsWith('CREATE')),
    ).toHaveLength(2);
  });

  test('through a peer that narrows to the packet, a second one gets a child of its own', () => {
    const both = onDemand({}, { responder: { peerSubnet: '10.1.0.7/32', subnet: '10.2.0.0/16' } });
    const reqid = reqidOf(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    const first = only(both.initiator.children);
    expect([first.local, first.remote]).toEqual(['10.1.0.7/32', '10.2.0.0/16']);
    expect(first.reqid).not.toBe(reqid);
    // What the peer does not take at all.
    packet(both.initiator, '10.1.0.8', '10.2.0.9');
    both.network.settle();
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'protected', 'negotiating', 'failed']);
    expect(both.initiator.told('flow').at(-1)?.detail).toMatch(/narrowed/);
  });
});

describe('meanwhile', () => {
  test('an equal packet is merged, its number taken', () => {
    const both = onDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    const { sequence } = packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
    expect(both.initiator.memory.sas.find(({ direction }) => direction === 'out')?.acquire).toBe(sequence);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'ignored', 'protected']);
  });

  test('another packet waits for the same IKE SA, and is carried by the first child', () => {
    const both = onDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    packet(both.initiator, '10.1.0.8', '10.2.0.10');
    expect(both.initiator.status.routes[0]?.negotiating).toBe(2);
    both.network.settle();
    expectUp(both);
    expect(requests(both, 'IKE_SA_INIT')).toBe(1);
    expect(requests(both, 'CREATE_CHILD_SA')).toBe(0);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'negotiating', 'protected', 'protected']);
  });

  test('packets for several children make one IKE SA', () => {
    const both = several(3, { initiator: { entry: { start: 'ondemand' } } });
    for (const [at, { reqid }] of both.initiator.status.routes.entries())
      packet(both.initiator, `10.1.${at + 1}.1`, `10.2.${at + 1}.1`, { reqid });
    both.network.settle();
    expect(both.initiator.children.map(({ child }) => child)).toEqual(['c1', 'c2', 'c3']);
    expect(requests(both, 'IKE_SA_INIT')).toBe(1);
    expectMirrored(both.initiator, both.responder);
  });

  test('a packet during an IKE rekey is for the heir', () => {
    for (const who of ['initiator', 'responder'] as const) {
      for (const wait of [0, 5, 10, 15, 20, 25]) {
        const both = several(2, { initiator: { entry: { start: 'ondemand' } } });
        const [first, second] = both.initiator.status.routes;
        packet(both.initiator, '10.1.1.1', '10.2.1.1', { reqid: first?.reqid ?? 0 });
        both.network.settle();
        both[who].command({ kind: 'rekey', name: both.name, what: 'ike' });
        both.network.advance(wait);
        packet(both.initiator, '10.1.2.1', '10.2.2.1', { reqid: second?.reqid ?? 0 });
        both.network.settle();
        both.network.advance(30_000);
        expect(both.initiator.children.map(({ child }) => child)).toEqual(['c1', 'c2']);
        expect(both.initiator.established).toHaveLength(1);
        expect(requests(both, 'IKE_SA_INIT')).toBe(1);
        expectMirrored(both.initiator, both.responder);
      }
    }
  });

  test('both ends ask at once: one IKE SA is left, and the child it has is carried at both', () => {
    for (const wait of [0, 5, 10, 15, 25, 35]) {
      const both = bothOnDemand();
      packet(both.initiator, '10.1.0.7', '10.2.0.9');
      both.network.advance(wait);
      if (both.responder.held.ikeSas < 2) packet(both.responder, '10.2.0.9', '10.1.0.7');
      both.network.advance(60_000);
      expect(both.initiator.established).toHaveLength(1);
      expectMirrored(both.initiator, both.responder);
      expect(both.initiator.children).toHaveLength(1);
      expect([both.initiator.held.flows, both.responder.held.flows]).toEqual([0, 0]);
      for (const each of [both.initiator, both.responder])
        expect(each.children.map(({ reqid }) => reqid)).toEqual([reqidOf(each)]);
      for (const { name } of [both]) {
        both.initiator.down(name);
        both.network.advance(60_000);
        for (const each of [both.initiator, both.responder]) each.command({ kind: 'unroute', name });
      }
      expectNothing(both);
    }
  });

  test('a child the peer asks for takes the place of the on-demand policy', () => {
    const both = bothOnDemand();
    const reqid = reqidOf(both.responder);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect(only(both.responder.children).reqid).toBe(reqid);
    expect(both.responder.memory.policies).toHaveLength(6);
  });
});

describe('what is asked for in vain', () => {
  test('no policy of that reqid, or not of its traffic', () => {
    const both = onDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9', { reqid: 4711 });
    both.network.advance(1_000);
    packet(both.initiator, '10.9.0.7', '10.2.0.9');
    expect(both.network.flights).toHaveLength(0);
    expect(both.initiator.told('flow').map(({ state, connection }) => [state, connection])).toEqual([
      ['ignored', undefined],
      ['ignored', undefined],
    ]);
    expect(both.initiator.held.flows).toBe(0);
  });

  test('a flood is bounded, and told of once a second', () => {
    const both = onDemand();
    for (let n = 0; n < 5_000; n++) packet(both.initiator, `10.1.${n >> 8}.${n & 255}`, '10.2.0.9');
    expect(both.initiator.held.flows).toBe(64);
    expect(both.initiator.held.ikeSas).toBe(1);
    expect(flowStates(both.initiator).filter((state) => state === 'ignored').length).toBeLessThan(3);
    both.network.settle();
    expectUp(both);
    expect(both.initiator.held.flows).toBe(0);
    expect(requests(both, 'CREATE_CHILD_SA')).toBe(0);
    for (let n = 0; n < 5_000; n++) packet(both.initiator, `10.1.${n >> 8}.${n & 255}`, '10.2.0.9');
    both.network.settle();
    expect(requests(both, 'CREATE_CHILD_SA')).toBe(0);
  });

  test('a packet its child should carry makes the child anew: the data plane has lost it', () => {
    const both = onDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    const before = only(both.initiator.children);
    // The notice crossed with the child.
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.advance(20_000);
    expect(only(both.initiator.children)).toEqual(before);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    packet(both.initiator, '10.1.0.8', '10.2.0.9');
    both.network.advance(20_000);
    const after = only(both.initiator.children);
    expect(after.inboundSpi).not.toBe(before.inboundSpi);
    expect(after.reqid).toBe(before.reqid);
    expect(
      both.network.flights.filter(
        ({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA && !header.response,
      ),
    ).toHaveLength(1);
    expectUp(both);
  });
});

describe('a client of internal addresses', () => {
  test('whose peer left a part out of its child: packets of that part ask in vain, and once a second are told of', () => {
    const both = road({
      gateway: gateway([poolOf('10.3.0.0/24')]),
      behind: '10.2.0.0/16',
      initiator: { peerSubnet: '0.0.0.0/0', entry: { start: 'ondemand' } },
    });
    const reqid = reqidOf(both.initiator);
    packet(both.initiator, '10.0.0.1', '10.2.0.9');
    both.network.settle();
    expect(traffic(both.initiator)).toEqual(['10.3.0.0/32 === 10.2.0.0/16']);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'protected']);
    const before = requests(both, 'CREATE_CHILD_SA');
    for (const wait of [0, 10_000, 10_000]) {
      both.network.advance(wait);
      packet(both.initiator, '10.0.0.1', '198.51.100.9', { reqid });
      both.network.settle();
    }
    expect(both.initiator.told('flow').at(-1)).toMatchObject({
      state: 'ignored',
      detail: 'its child is up, and the peer left this out of it',
    });
    // A packet given no address of the child's yet.
    both.network.advance(10_000);
    packet(both.initiator, '10.0.0.1', '10.2.0.9', { reqid });
    expect(both.initiator.told('flow').at(-1)?.detail).toBe('its child is up');
    expect(requests(both, 'CREATE_CHILD_SA')).toBe(before);
    expect(both.initiator.children).toHaveLength(1);
    expect(both.initiator.held.flows).toBe(0);
  });
});

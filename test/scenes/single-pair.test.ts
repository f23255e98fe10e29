/**
 * A peer that takes one pair of selectors for each child only: the same traffic is asked for again, a child for each pair of
 * networks, and none of it is lost (RFC 7296 §2.9).
 *
 *   initiator                                                          responder
 *     | CREATE_CHILD_SA { SA Ni TSi(a b) TSr(c d) } -->                        |
 *     |                          <-- CREATE_CHILD_SA { N(SINGLE_PAIR_REQUIRED) } |
 *     | CREATE_CHILD_SA { SA Ni TSi(a) TSr(c) } --> ... a-d, b-c, b-d          |
 */
import { describe, expect, test } from 'vitest';
import { on, type Pair, type PairOptions, pair, tamper } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';
import { flowStates, packet } from './ondemand-stage.ts';
import { answering, refusal } from './subnets.ts';

const many = {
  initiator: { subnet: '10.1.0.0/24,10.1.2.0/24' },
  responder: { subnet: '10.2.0.0/24,10.4.0.0/24' },
};
const pairs = [
  '10.1.0.0/24 10.2.0.0/24',
  '10.1.0.0/24 10.4.0.0/24',
  '10.1.2.0/24 10.2.0.0/24',
  '10.1.2.0/24 10.4.0.0/24',
];

const selectors = (payloads: readonly Payload[]): number[] =>
  (['tsi', 'tsr'] as const).map((kind) => find(payloads, kind)?.selectors.length ?? 0);

/** SINGLE_PAIR_REQUIRED in CREATE_CHILD_SA to more than a pair. */
const single = (both: Pair) =>
  answering(both, (request) =>
    selectors(request).some((count) => count > 1) ? refusal(NotifyType.SINGLE_PAIR_REQUIRED) : undefined,
  );

/** And in IKE_AUTH, which has no child then. */
function singleFromTheStart(options: PairOptions = many): Pair & { readonly asked: (readonly Payload[])[] } {
  const both = pair(options);
  both.network.fate(
    on({ exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 }, ({ octets }) => [
      {
        octets: tamper(both.network.keys, octets, ({ payloads }) =>
          payloads.filter(({ kind }) => kind !== 'sa' && kind !== 'tsi' && kind !== 'tsr'),
        ),
      },
    ]),
  );
  both.network.fate(
    on({ exchange: ExchangeType.IKE_AUTH, response: true }, ({ octets }) => [
      {
        octets: tamper(both.network.keys, octets, ({ payloads }) => [
          ...payloads,
          ...refusal(NotifyType.SINGLE_PAIR_REQUIRED),
        ]),
      },
    ]),
  );
  const asked = single(both);
  return { ...both, asked, up: both.up };
}

const carried = ({ initiator }: Pair): string[] =>
  initiator.children.map(({ local, remote }) => `${local} ${remote}`).sort();

describe('SINGLE_PAIR_REQUIRED', () => {
  test('in IKE_AUTH: a child for each pair of networks', () => {
    const both = singleFromTheStart();
    both.up();
    expect(carried(both)).toEqual(pairs);
    expect(both.asked.map(selectors)).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(both.initiator.told('childFailed')).toEqual([]);
    expectMirrored(both.initiator, both.responder);
    both.initiator.down('pair');
    expectNothing(both);
  });

  test('to another child', () => {
    const both = pair(many).up();
    const asked = single(both);
    both.initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' });
    both.network.settle();
    expect(asked.map(selectors)).toEqual([
      [2, 2],
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(both.initiator.children).toHaveLength(5);
    expectMirrored(both.initiator, both.responder);
  });

  test('to a rekey: the old child goes when all of its traffic has a new one', () => {
    const both = pair(many).up();
    const [old] = both.initiator.children;
    single(both);
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    both.network.settle();
    expect(carried(both)).toEqual(pairs);
    const told = both.initiator.events.filter(
      ({ kind }) => kind === 'childEstablished' || kind === 'childDeleted',
    );
    expect(told.at(-1)).toMatchObject({ kind: 'childDeleted', child: { inboundSpi: old?.inboundSpi } });
    expectMirrored(both.initiator, both.responder);
    both.responder.down('pair');
    expectNothing(both);
  });

  test('the children are rekeyed one by one afterwards', () => {
    const both = singleFromTheStart();
    both.up();
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    both.network.advance(10_000);
    expect(carried(both)).toEqual(pairs);
    expectMirrored(both.initiator, both.responder);
  });

  test('with a rekey of the IKE SA in between', () => {
    for (const wait of [0, 10, 20, 30, 40, 50, 60]) {
      const both = pair(many).up();
      single(both);
      both.initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' });
      both.network.advance(wait);
      both.responder.command({ kind: 'rekey', name: 'pair', what: 'ike' });
      both.network.advance(120_000);
      expect(new Set(carried(both)).size).toBe(5);
      expect(only(both.initiator.ikeSas)).toMatchObject({ spiI: only(both.responder.ikeSas).spiI });
      expectMirrored(both.initiator, both.responder);
    }
  });

  test('only pairs of one address family are asked for', () => {
    const both = pair({
      initiator: { subnet: '10.1.0.0/24,2001:db8:1::/64' },
      responder: { subnet: '10.2.0.0/24,2001:db8:2::/64' },
    }).up();
    const asked = single(both);
    both.initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' });
    both.network.settle();
    expect(asked).toHaveLength(3);
    expectMirrored(both.initiator, both.responder);
  });

  test('again and again, and to a single pair: refused', () => {
    const both = pair(many).up();
    const asked = answering(both, () => refusal(NotifyType.SINGLE_PAIR_REQUIRED));
    both.initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' });
    both.network.settle();
    expect(asked).toHaveLength(5);
    expect(both.initiator.told('childFailed')).toHaveLength(4);
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  test('TEMPORARY_FAILURE to one of the pairs: it is asked for later, as that pair', () => {
    const both = pair(many).up();
    const asked = answering(both, (request, nth) => {
      if (selectors(request).some((count) => count > 1)) return refusal(NotifyType.SINGLE_PAIR_REQUIRED);
      return nth === 3 ? refusal(NotifyType.TEMPORARY_FAILURE) : undefined;
    });
    both.initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' });
    both.network.advance(60_000);
    expect(asked).toHaveLength(6);
    expect(new Set(carried(both)).size).toBe(5);
    expectMirrored(both.initiator, both.responder);
  });
});

describe('SINGLE_PAIR_REQUIRED to a packet', () => {
  const onDemandMany = (narrowing: boolean): PairOptions => ({
    initiator: { ...many.initiator, child: { narrowing }, entry: { start: 'ondemand' } },
    responder: many.responder,
  });

  test('of a policy that takes no part of itself: a child for each pair, and the packet is carried', () => {
    const both = singleFromTheStart(onDemandMany(false));
    packet(both.initiator, '10.1.2.7', '10.2.0.9');
    both.network.settle();
    expect(carried(both)).toEqual(pairs);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'protected']);
    expect(both.initiator.held.flows).toBe(0);
    expectMirrored(both.initiator, both.responder);
    // What is missing of it is asked for again, and nothing twice.
    const gone = both.initiator.children.find(({ local }) => local.startsWith('10.1.2.'));
    both.initiator.command({ kind: 'deleteChild', spi: gone?.inboundSpi ?? 0 });
    both.network.settle();
    expect(carried(both)).toHaveLength(3);
    packet(both.initiator, '10.1.2.7', gone?.remote.replace('.0/24', '.9') ?? '');
    both.network.settle();
    expect(carried(both)).toEqual(pairs);
    expect(flowStates(both.initiator).slice(2)).toEqual(['negotiating', 'protected']);
  });

  test('of a policy that does: the packet alone', () => {
    const both = singleFromTheStart(onDemandMany(true));
    packet(both.initiator, '10.1.2.7', '10.2.0.9');
    both.network.settle();
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'protected']);
    expect(both.initiator.children).toHaveLength(1);
    expectMirrored(both.initiator, both.responder);
  });

  test('and to its pair again: the flow fails, and nothing waits', () => {
    const both = pair(onDemandMany(false));
    answering(both, () => refusal(NotifyType.SINGLE_PAIR_REQUIRED));
    packet(both.initiator, '10.1.2.7', '10.2.0.9');
    both.network.settle();
    const [first] = both.initiator.children;
    both.initiator.command({ kind: 'deleteChild', spi: first?.inboundSpi ?? 0 });
    both.network.settle();
    packet(both.initiator, '10.1.2.7', '10.2.0.9');
    both.network.settle();
    expect(flowStates(both.initiator).at(-1)).toBe('failed');
    expect(both.initiator.held.flows).toBe(0);
  });
});

describe('sent', () => {
  const transport: PairOptions = { mode: 'transport', entry: { encapsulation: 'yes' } };

  test('in transport mode through a NAT, to more than one address: there is one original address to put in', () => {
    const both = pair({ ...transport, initiator: { subnet: 'dynamic,10.0.0.7' } }).up();
    const [refused] = both.responder.told('childFailed');
    expect(refused?.reason).toMatchObject({ notify: NotifyType.SINGLE_PAIR_REQUIRED });
    // Of the two pairs one is the responder's policy.
    expect(carried(both)).toContain('10.0.0.1/32 10.0.0.2/32');
    expectMirrored(both.initiator, both.responder);
  });

  test('not to several selectors of one address, nor in tunnel mode', () => {
    const both = pair({ ...transport, subnet: 'dynamic,dynamic' }).up();
    expectUp(both);
    const tunnel = pair({ entry: { encapsulation: 'yes' }, ...many }).up();
    expectUp(tunnel);
    for (const { network } of [both, tunnel])
      for (const { payloads = [] } of network.flights)
        expect(notifies(payloads, NotifyType.SINGLE_PAIR_REQUIRED)).toEqual([]);
  });
});

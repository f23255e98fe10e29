/**
 * Flows under SELinux: a policy's label is of no packet, and each label of flows that may use it gets a child of its own,
 * when a packet of it asks. The policies are there once, for all of them, as long as the IKE SA.
 *
 *   initiator                                             responder
 *     | IKE_AUTH { IDi AUTH } -->                                       `up`: no label is known
 *     |<-- IKE_AUTH { IDr AUTH }
 *     | CREATE_CHILD_SA { SA Ni TSi(... app1_t) TSr(... app1_t) } -->   a packet of app1_t
 *     |<-- CREATE_CHILD_SA { SA Nr TSi(... app1_t) TSr(... app1_t) }
 */
import { describe, expect, it, test } from 'vitest';
import { formatLabel, labelFrom } from '../../src/policy/label.ts';
import type { Host, Pair, PairOptions } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectMirrored, expectNothing, only } from './expect-up.ts';
import { access, app1, app2, changing, label, labelledPair, nospd, ranges, spdLabel } from './labels.ts';
import { nets } from './subnets.ts';

const host = (text: string) => {
  const [one] = nets(text);
  if (one === undefined || one.dynamic) throw new SyntaxError(text);
  return {
    kind: 'range',
    protocol: 17,
    startPort: 1025,
    endPort: 1025,
    start: one.start,
    end: one.end,
  } as const;
};

let sequence = 100;

/** A packet of that label goes out at an end. */
function packet(end: Host, peer: Host, text: string, network: Pair['network'], settle = true): number {
  const policy = end.memory.policies.find(({ direction, label: of }) => direction === 'out' && of);
  if (policy === undefined) throw new Error(`${end.name} has no labelled policy`);
  sequence++;
  end.feed({
    type: 'kernel',
    notice: {
      kind: 'acquire',
      reqid: policy.reqid,
      sequence,
      local: host(end.address),
      remote: host(peer.address),
      ...(text !== '' && { label: labelFrom(text) }),
    },
  });
  if (settle) network.settle();
  return sequence;
}

const labelled = (options: PairOptions = {}) =>
  labelledPair({
    labels: access,
    mode: 'transport',
    child: { label: labelFrom(spdLabel), template: true },
    ...options,
  });
const onDemand: PairOptions = { entry: { start: 'ondemand' } };
const labels = ({ children }: Host): (string | undefined)[] => children.map((child) => child.label).sort();
const count = (both: Pair, exchange: number): number =>
  both.network.flights.filter(({ header }) => header?.exchange === exchange && !header.response).length;

/** One set of policies, of the policy's label; each SA has its flow's, and they share a reqid. */
function expectShared({ memory }: Host): void {
  expect(memory.policies.map(({ direction }) => direction).sort()).toEqual(['in', 'out']);
  expect(new Set(memory.policies.map((policy) => policy.label && formatLabel(policy.label)))).toEqual(
    new Set([spdLabel]),
  );
  expect(new Set([...memory.policies, ...memory.sas].map(({ reqid }) => reqid)).size).toBe(1);
}

describe('`up`', () => {
  it('makes an IKE SA alone, with the policies; packets of two labels then make two children', () => {
    const both = labelled().up();
    const { initiator, responder, network } = both;
    const [request] = network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH);
    expect(['sa', 'tsi', 'tsr'].some((kind) => request?.payloads?.some((each) => each.kind === kind))).toBe(
      false,
    );
    for (const end of [initiator, responder]) {
      expect(only(end.established).children).toEqual([]);
      expectShared(end);
    }
    const first = packet(initiator, responder, app1, network);
    packet(initiator, responder, app2, network);
    packet(initiator, responder, app1, network);
    for (const end of [initiator, responder]) {
      expect(labels(end)).toEqual([app1, app2]);
      expectShared(end);
    }
    expectMirrored(initiator, responder);
    expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(2);
    const out = initiator.memory.sas.filter(({ direction }) => direction === 'out');
    expect(out[0]?.acquire).toBe(first);
    initiator.down(both.name);
    expectNothing(both);
  });

  it('a second `up` has nothing to add, and a child cannot be asked for by name', () => {
    const both = labelled().up();
    both.initiator.up(both.name);
    both.network.settle();
    expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(0);
    both.initiator.command({ kind: 'upChild', name: both.name, child: both.name });
    expect(only(both.initiator.told('ikeFailed')).reason.text).toMatch(/when a packet tells its label/);
  });
});

describe('on demand', () => {
  it('the first label rides in IKE_AUTH, those that come meanwhile wait, each gets its child', () => {
    const both = labelled(onDemand);
    const { initiator, responder, network } = both;
    network.advance(1);
    expectShared(initiator);
    packet(initiator, responder, app1, network, false);
    packet(initiator, responder, app2, network, false);
    packet(initiator, responder, app1, network);
    expect(labels(initiator)).toEqual([app1, app2]);
    expect(count(both, ExchangeType.IKE_SA_INIT)).toBe(1);
    expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(1);
    const [request] = network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH);
    expect(find(request?.payloads ?? [], 'tsi')?.selectors).toEqual([
      expect.objectContaining({ protocol: 0 }),
      label(app1),
    ]);
    for (const end of [initiator, responder]) expectShared(end);
    expectMirrored(initiator, responder);
    // The policies stay for the next packet.
    initiator.down(both.name);
    network.settle();
    expect(initiator.memory.sas).toEqual([]);
    expectShared(initiator);
    expect(responder.memory.policies.length).toBe(2);
    packet(initiator, responder, app2, network);
    expect(labels(initiator)).toEqual([app2]);
  });

  it('TS_UNACCEPTABLE in IKE_AUTH: the IKE SA that nobody else wants goes', () => {
    const both = labelled({
      ...onDemand,
      responder: { labels: { ...access, denial: () => ({ check: 'setcontext', said: 'denied' }) } },
    });
    const { initiator, responder, network } = both;
    network.advance(1);
    packet(initiator, responder, app1, network);
    expect(only(initiator.told('childFailed')).reason).toMatchObject({
      notify: NotifyType.TS_UNACCEPTABLE,
      label: { check: 'peer', label: app1 },
    });
    expect(only(responder.told('childFailed')).reason.label).toMatchObject({
      check: 'setcontext',
      label: app1,
      template: spdLabel,
    });
    network.advance(10_000);
    expect(initiator.established).toEqual([]);
    expect(responder.established).toEqual([]);
    expectShared(initiator);
  });

  it('TS_UNACCEPTABLE in CREATE_CHILD_SA: the IKE SA and its other children stay', () => {
    const both = labelled({
      ...onDemand,
      responder: {
        labels: {
          ...access,
          denial: (flow, template) =>
            formatLabel(flow) === app2 ? { check: 'polmatch', said: 'no' } : access.denial(flow, template),
        },
      },
    });
    const { initiator, responder, network } = both;
    network.advance(1);
    packet(initiator, responder, app1, network);
    packet(initiator, responder, app2, network);
    network.advance(10_000);
    expect(labels(initiator)).toEqual([app1]);
    expect(only(responder.told('labelRefused')).reason.label).toMatchObject({
      check: 'polmatch',
      label: app2,
      template: spdLabel,
    });
    expect(only(initiator.told('childFailed')).reason.label).toMatchObject({ check: 'peer', label: app2 });
    expectMirrored(initiator, responder);
  });

  test.each([
    ['that may not use the policy', nospd, 'polmatch'],
    ['without a label', '', 'missing'],
    ['that is none', 'a b', 'form'],
  ])('a packet %s asks in vain, and it is told once', (_, text, check) => {
    const both = labelled(onDemand);
    const { initiator, responder, network } = both;
    network.advance(1);
    packet(initiator, responder, text, network);
    packet(initiator, responder, text, network);
    expect(only(initiator.told('labelRefused')).reason).toMatchObject({
      code: 'LOCAL',
      label: { check, template: spdLabel },
    });
    expect(network.flights).toEqual([]);
    expect(initiator.held.flows).toBe(0);
  });
});

it('a packet whose label another security module made asks in vain, and it is told once a second', () => {
  const { initiator, responder, network } = labelled(onDemand);
  network.advance(1);
  const notice = {
    kind: 'acquire',
    reqid: initiator.memory.policies[0]?.reqid ?? 0,
    ...{ local: host(initiator.address), remote: host(responder.address), foreign: { doi: 1, alg: 2 } },
  } as const;
  for (let i = 0; i < 3; i++) initiator.feed({ type: 'kernel', notice });
  network.settle();
  expect(network.flights).toEqual([]);
  expect(initiator.told('labelRefused')).toEqual([]);
  expect(only(initiator.told('flow'))).toMatchObject({
    ...{ state: 'ignored', connection: initiator.status.routes[0]?.connection },
    detail: "its label is of doi 1, alg 2: not SELinux's",
  });
});

describe('a reauthentication', () => {
  const life = { ike: 600_000, margin: 60_000, fuzz: 0, rekey: true } as const;
  const authenticatedAnew = (reauth: 'make-before-break' | 'break-before-make') => {
    const both = labelled({ initiator: { entry: { lifetime: { ...life, reauth } } } }).up();
    const first = only(both.initiator.established).spiI;
    for (const text of [app1, app2]) packet(both.initiator, both.responder, text, both.network);
    both.network.advance(580_000);
    expect(only(both.initiator.established).spiI).not.toBe(first);
    for (const end of [both.initiator, both.responder]) expectShared(end);
    return both;
  };

  it('that makes before it breaks brings all labels back', () => {
    const { initiator, responder } = authenticatedAnew('make-before-break');
    expect(labels(initiator)).toEqual([app1, app2]);
    expectMirrored(initiator, responder);
    for (const end of [initiator, responder]) expect(end.memory.sas).toHaveLength(4);
    expect(initiator.told('childFailed')).toEqual([]);
  });

  it('that breaks before it makes leaves them to packets', () => {
    const { initiator, responder, network } = authenticatedAnew('break-before-make');
    expect(labels(initiator)).toEqual([]);
    packet(initiator, responder, app1, network);
    expect(labels(responder)).toEqual([app1]);
    expectMirrored(initiator, responder);
  });
});

describe('collisions', () => {
  it('both ends ask for the same label at once: it settles, and packets of it go both ways', () => {
    const both = labelled().up();
    const { initiator, responder, network } = both;
    packet(initiator, responder, app1, network, false);
    packet(responder, initiator, app1, network, false);
    network.settle();
    network.advance(30_000);
    const expectTwo = () => {
      expectMirrored(initiator, responder);
      // As pluto does: each end's, and neither goes. The kernel sends by the newer, and takes by both.
      expect(labels(initiator)).toEqual([app1, app1]);
      expect(initiator.held.flows + responder.held.flows).toBe(0);
      for (const end of [initiator, responder]) {
        expectShared(end);
        expect(end.memory.sas).toHaveLength(4);
      }
    };
    expectTwo();
    for (const end of [initiator, responder])
      packet(end, end === initiator ? responder : initiator, app1, network);
    initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    network.advance(30_000);
    expectTwo();
    initiator.command({ kind: 'deleteChild', spi: initiator.children[0]?.inboundSpi ?? 0 });
    // What is still on its way to the one that goes may arrive.
    network.advance(30_000);
    expectMirrored(initiator, responder);
    expect(labels(initiator)).toEqual([app1]);
    for (const end of [initiator, responder]) expectShared(end);
  });

  it('both ends begin for the same label at once: one IKE SA is left', () => {
    const both = labelled(onDemand);
    const { initiator, responder, network } = both;
    network.advance(1);
    packet(initiator, responder, app1, network, false);
    packet(responder, initiator, app2, network, false);
    network.settle();
    network.advance(30_000);
    expect(only(initiator.established).spiI).toBe(only(responder.established).spiI);
    expectMirrored(initiator, responder);
    for (const text of [app1, app2]) {
      packet(initiator, responder, text, network);
      expect(labels(initiator)).toContain(text);
    }
    for (const end of [initiator, responder]) expectShared(end);
  });

  test.each(['initiator', 'responder'] as const)(
    'a packet during the IKE rekey of the %s: the child is made on the new SA',
    (end) => {
      const both = labelled().up();
      const { initiator, responder, network } = both;
      packet(initiator, responder, app1, network);
      both[end].command({ kind: 'rekey', name: both.name, what: 'ike' });
      packet(initiator, responder, app2, network, false);
      network.settle();
      network.advance(10_000);
      expect(labels(initiator)).toEqual([app1, app2]);
      expect(only(initiator.established).children).toHaveLength(2);
      for (const each of [initiator, responder]) expectShared(each);
      initiator.down(both.name);
      expectNothing(both);
    },
  );

  test.each(['initiator', 'responder'] as const)('a rekey by the %s keeps each label apart', (end) => {
    const both = labelled().up();
    const { initiator, responder, network } = both;
    for (const text of [app1, app2]) packet(initiator, responder, text, network);
    both[end].command({ kind: 'rekey', name: both.name, what: 'children' });
    network.settle();
    network.advance(10_000);
    expect(labels(initiator)).toEqual([app1, app2]);
    expect(labels(responder)).toEqual([app1, app2]);
    expectMirrored(initiator, responder);
    for (const each of [initiator, responder]) {
      expectShared(each);
      expect(each.memory.sas).toHaveLength(4);
    }
  });

  it('one child is deleted: its policies stay for the others', () => {
    const both = labelled().up();
    const { initiator, responder, network } = both;
    for (const text of [app1, app2]) packet(initiator, responder, text, network);
    const gone = initiator.children.find((child) => child.label === app1);
    initiator.command({ kind: 'deleteChild', spi: gone?.inboundSpi ?? 0 });
    network.settle();
    for (const end of [initiator, responder]) {
      expect(labels(end)).toEqual([app2]);
      expectShared(end);
    }
    packet(initiator, responder, app1, network);
    expect(labels(responder)).toEqual([app1, app2]);
  });

  it('a peer that answers with another label makes no child', () => {
    const both = labelled().up();
    changing(both, 'response', (all) => [...ranges(all), label(app2)], ExchangeType.CREATE_CHILD_SA);
    packet(both.initiator, both.responder, app1, both.network);
    both.network.settle();
    expect(only(both.initiator.told('childFailed')).reason.label).toMatchObject({
      check: 'match',
      label: app2,
      template: app1,
    });
    expect(both.initiator.children).toEqual([]);
    expect(both.responder.children).toEqual([]);
  });
});

it('500 labels at one peer: 500 children, one set of policies, and few questions', () => {
  let asked = 0;
  const any = { mode: 'selinux', denial: () => void asked++ } as const;
  const both = labelled({ ...onDemand, labels: any });
  const { initiator, responder, network } = both;
  network.advance(1);
  const texts = Array.from({ length: 500 }, (_, at) => `u:r:app${at}_t:s0:c${at}`);
  for (const text of texts) packet(initiator, responder, text, network, false);
  network.settle();
  expect(initiator.children).toHaveLength(500);
  expect(labels(responder)).toEqual([...texts].sort());
  for (const end of [initiator, responder]) expectShared(end);
  expect(initiator.memory.sas).toHaveLength(1000);
  // For each packet, for each request but IKE_AUTH when it goes out, and for each when it comes in.
  expect(asked).toBe(500 + 499 + 500);
  expect(count(both, ExchangeType.CREATE_CHILD_SA)).toBe(499);
  initiator.down(both.name);
  network.settle();
  expect(initiator.memory.sas).toEqual([]);
}, 120_000);

/** What becomes of packets while their child is negotiated, and when that fails; what never has a child. RFC 4301 §4.4.1. */
import { describe, expect, test } from 'vitest';
import type { ShuntEntry, SpdEntry } from '../../src/policy/policy.ts';
import { expectUp } from './expect-up.ts';
import { losing } from './losing.ts';
import { flowStates, onDemand, packet, policyText, reqidOf, watching } from './ondemand-stage.ts';
import { spd } from './subnets.ts';

const minute = 60_000;

/** The responder never answers. */
function silent(child: Partial<Omit<SpdEntry, 'name'>> = {}) {
  const both = onDemand(child);
  const line = losing(both);
  return { both, line };
}

describe('while it is negotiated', () => {
  test('packets wait in the data plane unless the connection says otherwise', () => {
    const both = onDemand();
    both.network.advance(0);
    const applied = watching(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    expect(applied()).toEqual([]);
    expect(both.initiator.status.shunts).toEqual([]);
  });

  test('negotiationshunt=passthrough: host to host in clear, until the child is there', () => {
    const both = onDemand({ negotiationShunt: 'passthrough' });
    both.network.advance(0);
    const reqid = reqidOf(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    expect(both.initiator.memory.policies.slice(3).map(policyText)).toEqual(
      ['in', 'fwd', 'out'].map((way) => `${way} ${reqid} 10.1.0.7/32 10.2.0.9/32 bypass shunt`),
    );
    expect(both.initiator.status.shunts).toMatchObject([
      { connection: 'pair', child: 'pair', local: '10.1.0.7/32', what: 'bypass', why: 'negotiation', reqid },
    ]);
    const applied = watching(both.initiator);
    both.network.settle();
    expectUp(both);
    // It goes when what protects is there.
    expect(applied()).toEqual([
      ...['addSa in', 'addPolicy in', 'addPolicy fwd', 'addSa out', 'addPolicy out'],
      ...['deletePolicy out bypass', 'deletePolicy fwd bypass', 'deletePolicy in bypass'],
    ]);
    expect(both.initiator.status.shunts).toEqual([]);
  });

  test('of a policy that takes no part of itself the shunt is for the whole', () => {
    const { both } = silent({ negotiationShunt: 'passthrough', narrowing: false });
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    packet(both.initiator, '10.1.0.8', '10.2.0.9');
    expect(both.initiator.status.shunts.map(({ local, remote }) => [local, remote])).toEqual([
      ['10.1.0.0/16', '10.2.0.0/16'],
    ]);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'ignored']);
  });
});

describe('when it failed', () => {
  test.each([
    ['none', undefined],
    ['passthrough', 'bypass'],
    ['drop', 'discard'],
  ] as const)('failureshunt=%s', (failureShunt, what) => {
    const { both, line } = silent({ failureShunt, negotiationShunt: 'passthrough' });
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    const applied = watching(both.initiator);
    both.network.advance(2 * minute);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'failed']);
    expect(both.initiator.told('ikeFailed').map(({ reason }) => reason.code)).toEqual(['TIMEOUT']);
    expect(both.initiator.status.shunts).toMatchObject(
      what ? [{ what, why: 'failure', local: '10.1.0.7/32', remote: '10.2.0.9/32' }] : [],
    );
    const added = applied().filter((each) => each.startsWith('addPolicy'));
    // What takes the place of the shunt before is there before that goes.
    expect(applied().slice(0, added.length)).toEqual(added);
    expect(added).toEqual(
      what === 'bypass'
        ? ['addPolicy in bypass', 'addPolicy fwd bypass', 'addPolicy out bypass']
        : what === 'discard'
          ? ['addPolicy out discard']
          : [],
    );
    line.restore();
    // No new attempt while it lasts; without one the data plane asks when it likes.
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect(both.initiator.established).toHaveLength(what ? 0 : 1);
    if (what) both.network.advance(15 * minute);
    expect(both.initiator.status.shunts).toEqual([]);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
  });

  test('a child that comes up all the same ends it', () => {
    const { both, line } = silent({ failureShunt: 'drop', shuntLifetime: 60 * minute });
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.advance(2 * minute);
    expect(both.initiator.status.shunts).toMatchObject([{ what: 'discard', why: 'failure' }]);
    line.restore();
    both.initiator.up(both.name);
    both.network.settle();
    expectUp(both);
    expect(both.initiator.status.shunts).toEqual([]);
    expect(both.initiator.held.flows).toBe(0);
  });

  test('a peer that refuses the child', () => {
    const both = onDemand({ failureShunt: 'drop' }, { responder: { peerSubnet: '10.7.0.0/16' } });
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect(both.initiator.established).toHaveLength(1);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'failed']);
    expect(both.initiator.told('flow').at(-1)?.detail).toMatch(/TS_UNACCEPTABLE/);
    // Another flow is asked of the same IKE SA.
    packet(both.initiator, '10.1.0.8', '10.2.0.9');
    both.network.settle();
    expect(both.initiator.status.shunts.map(({ local }) => local)).toEqual(['10.1.0.7/32', '10.1.0.8/32']);
  });

  test('no shared key is known beforehand: the peer hears nothing', () => {
    const both = onDemand({ failureShunt: 'drop' });
    const policy = { ...both.policies.initiator, preSharedKeys: [] };
    both.initiator.setPolicy(policy);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    expect(both.network.flights).toHaveLength(0);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'failed']);
  });
});

describe('what never has a child', () => {
  const shunt = (
    name: string,
    remote: string,
    action: SpdEntry['action'],
    start: ShuntEntry['start'] = 'ondemand',
  ) => ({
    ...spd(name, '10.1.0.0/16', remote, { action }),
    connection: name.split('/')[0] ?? name,
    start,
  });
  const clear = shunt('clear', '10.8.0.0/16', 'bypass');
  const block = shunt('block', '10.9.0.0/16', 'discard', 'start');

  test('stands from the load on, and changes without a gap', () => {
    const both = onDemand();
    const policy = (...shunts: ShuntEntry[]) => ({ ...both.policies.initiator, shunts });
    both.initiator.setPolicy(policy(clear, block));
    expect(both.initiator.memory.policies.slice(3).map(policyText)).toEqual([
      ...['in', 'fwd', 'out'].map((way) => `${way} 0 10.1.0.0/16 10.8.0.0/16 bypass`),
      ...['in', 'fwd', 'out'].map((way) => `${way} 0 10.1.0.0/16 10.9.0.0/16 discard`),
    ]);
    expect(both.initiator.status.shunts.map(({ connection, what, why }) => [connection, what, why])).toEqual([
      ['clear', 'bypass', 'policy'],
      ['block', 'discard', 'policy'],
    ]);
    const applied = watching(both.initiator);
    both.initiator.setPolicy(policy(clear, { ...block, action: 'bypass' }));
    expect(applied()).toEqual([
      ...['addPolicy in bypass', 'addPolicy fwd bypass', 'addPolicy out bypass'],
      ...['deletePolicy out discard', 'deletePolicy fwd discard', 'deletePolicy in discard'],
    ]);
    both.initiator.setPolicy(policy());
    expect(both.initiator.memory.policies).toHaveLength(3);
    both.initiator.command({ kind: 'shutdown' });
    expect(both.initiator.memory.policies).toEqual([]);
  });

  test('of a connection that only is added, once it is routed; and no longer when it is unrouted', () => {
    const both = onDemand();
    const parts = ['clear/0x1', 'clear/0x2'].map((name, at) =>
      shunt(name, `10.${at + 8}.0.0/16`, 'bypass', 'add'),
    );
    const load = (...shunts: ShuntEntry[]) =>
      both.initiator.setPolicy({ ...both.policies.initiator, shunts });
    const say = (kind: 'route' | 'unroute', name = 'clear') => both.initiator.command({ kind, name });
    const standing = () => both.initiator.status.shunts.map(({ connection, child }) => [connection, child]);
    load(...parts, block);
    expect(standing()).toEqual([['block', 'block']]);
    say('route');
    expect(standing()).toEqual([
      ['clear', 'clear/0x1'],
      ['clear', 'clear/0x2'],
      ['block', 'block'],
    ]);
    expect(both.initiator.memory.policies).toHaveLength(3 + 9);
    // Again, and with a policy read anew: nothing moves.
    const applied = watching(both.initiator);
    say('route');
    load(...parts, block);
    expect(applied()).toEqual([]);
    say('unroute');
    say('unroute', 'block');
    load(...parts, block);
    expect(standing()).toEqual([]);
    expect(both.initiator.memory.policies).toHaveLength(3);
    // What was said was of what it was.
    load(...parts, { ...block, action: 'bypass' });
    expect(standing()).toEqual([['block', 'block']]);
    say('route');
    load({ ...block, action: 'bypass' });
    load(...parts, block);
    expect(standing()).toEqual([['block', 'block']]);
    expect(both.initiator.failures).toEqual([]);
    both.initiator.command({ kind: 'shutdown' });
    expect(both.initiator.memory.policies).toEqual([]);
  });

  test('routed at load, then only added: what is enforced stays as it is for as long as that is wanted', () => {
    const both = onDemand();
    const load = (start: ShuntEntry['start']) =>
      both.initiator.setPolicy({ ...both.policies.initiator, shunts: [{ ...clear, start }] });
    load('ondemand');
    const applied = watching(both.initiator);
    load('start');
    expect(applied()).toEqual([]);
    load('add');
    expect(both.initiator.status.shunts).toEqual([]);
    expect(both.initiator.memory.policies).toHaveLength(3);
  });

  test('a data plane that does not take it is told of', () => {
    const both = onDemand();
    both.initiator.memory.refuse(1, 'EINVAL', 'addPolicy');
    both.initiator.setPolicy({ ...both.policies.initiator, shunts: [clear] });
    both.network.settle();
    expect(both.initiator.told('routeFailed')).toMatchObject([
      { connection: 'pair', child: 'pair', reason: { code: 'KERNEL', text: 'addPolicy: EINVAL' } },
    ]);
  });
});

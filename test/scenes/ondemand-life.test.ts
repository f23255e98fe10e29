/** On-demand policies through reloads, commands, a peer's death and a data plane that refuses. RFC 4301 §4.4.1, RFC 7296 §2.4. */
import { describe, expect, test } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';
import { losing } from './losing.ts';
import {
  bothOnDemand,
  flowStates,
  onDemand,
  packet,
  policyText,
  reqidOf,
  watching,
} from './ondemand-stage.ts';

const added = ['addPolicy in', 'addPolicy fwd', 'addPolicy out'];
const deleted = ['deletePolicy out', 'deletePolicy fwd', 'deletePolicy in'];
const down = ['deleteSa', 'deleteSa'];

describe('a reload', () => {
  test('leaves what is unchanged as it was', () => {
    const both = onDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    const applied = watching(both.initiator);
    both.initiator.setPolicy(both.change('initiator', {}));
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    expect(applied()).toEqual([]);
    expectUp(both);
  });

  test('puts the new policies there before the old ones go', () => {
    const both = onDemand();
    const before = reqidOf(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    const applied = watching(both.initiator);
    both.initiator.setPolicy(both.change('initiator', { entry: { start: 'ondemand', keyingTries: 7 } }));
    expect(applied()).toEqual([...added, ...deleted, ...down, ...deleted]);
    expect(reqidOf(both.initiator)).toBe(before + 1);
    both.network.advance(30_000);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
    expect(only(both.initiator.children).reqid).toBe(before + 1);
  });

  test('takes away what is gone, and what is not on demand any more, with what was asked for it', () => {
    for (const change of ['gone', 'add'] as const) {
      const both = onDemand({ negotiationShunt: 'passthrough' });
      losing(both);
      packet(both.initiator, '10.1.0.7', '10.2.0.9');
      expect(both.initiator.memory.policies).toHaveLength(6);
      both.initiator.setPolicy(
        change === 'gone'
          ? { ...both.policies.initiator, pad: [] }
          : both.change('initiator', { entry: { start: 'add' } }),
      );
      expect(both.initiator.memory.policies).toEqual([]);
      both.network.advance(120_000);
      expect(flowStates(both.initiator)).toEqual(['negotiating']);
      expectNothing(both);
    }
  });
});

describe('commands', () => {
  test('route and unroute', () => {
    const both = pair({ initiator: { subnet: '10.1.0.0/16' }, responder: { subnet: '10.2.0.0/16' } });
    const { initiator, name } = both;
    initiator.command({ kind: 'route', name });
    initiator.command({ kind: 'route', name });
    expect(initiator.memory.policies).toHaveLength(3);
    // Through a reload.
    initiator.setPolicy(both.change('initiator', {}));
    expect(initiator.memory.policies).toHaveLength(3);
    packet(initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
    initiator.command({ kind: 'unroute', name });
    // What is up stays.
    expectUp(both);
    expect(initiator.memory.policies).toHaveLength(3);
    expect(initiator.status.routes).toEqual([]);
    initiator.down(name);
    expectNothing(both);
  });

  test('route beside a child that is up: it goes on carrying its packets, under its own reqid', () => {
    const both = pair({ initiator: { subnet: '10.1.0.0/16' }, responder: { subnet: '10.2.0.0/16' } }).up();
    const { initiator, name } = both;
    const { reqid } = only(initiator.children);
    initiator.command({ kind: 'route', name });
    expect(initiator.status.routes).toMatchObject([{ reqid }]);
    expect(initiator.memory.deciding.map((each) => each.reqid)).toEqual([reqid, reqid, reqid]);
    initiator.down(name);
    both.network.advance(30_000);
    packet(initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect(only(initiator.children).reqid).toBe(reqid);
  });

  test('route beside a child whose peer has moved: what decides names the new end, and goes on doing so', () => {
    const both = pair({
      entry: { encapsulation: 'yes' },
      initiator: { subnet: '10.1.0.0/16' },
      responder: { subnet: '10.2.0.0/16' },
    }).up();
    const { initiator, name } = both;
    const { inboundSpi, reqid } = only(initiator.children);
    const id = { spi: inboundSpi, destination: initiator.address };
    const move = (address: string) =>
      initiator.feed({ type: 'kernel', notice: { kind: 'mapping', id, address, port: 4500 } });
    const deciding = () => initiator.memory.deciding.map((each) => [each.reqid, each.remoteAddress]);
    move('203.0.113.9');
    initiator.command({ kind: 'route', name });
    expect(deciding()).toEqual(Array(3).fill([reqid, '203.0.113.9']));
    move('203.0.113.10');
    expect(deciding()).toEqual(Array(3).fill([reqid, '203.0.113.10']));
    move('10.0.0.2');
    initiator.command({ kind: 'down', name });
    both.network.advance(30_000);
    expect(initiator.memory.policies).toHaveLength(3);
    packet(initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect(deciding()).toEqual(Array(3).fill([reqid, '10.0.0.2']));
    initiator.command({ kind: 'unroute', name });
    initiator.down(name);
    expectNothing(both);
  });

  test('unroute holds through a reload', () => {
    const both = onDemand();
    both.initiator.command({ kind: 'unroute', name: both.name });
    both.initiator.setPolicy(both.change('initiator', {}));
    expect(both.initiator.status.routes).toEqual([]);
    expect(both.initiator.memory.policies).toEqual([]);
  });

  test('after shutdown nothing is left', () => {
    const both = bothOnDemand();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    const applied = watching(both.initiator);
    for (const end of [both.initiator, both.responder]) end.command({ kind: 'shutdown' });
    expect(applied()).toEqual([...deleted, ...down, ...deleted]);
    expectNothing(both);
  });
});

describe('the peer dies', () => {
  const dpd = { dpdDelay: 10_000, retransmit: { interval: 500, timeout: 5_000 } } as const;

  test('the policies stay, and the next packet makes an IKE SA', () => {
    const both = onDemand({}, { initiator: { entry: dpd } });
    const reqid = reqidOf(both.initiator);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    both.responder.crash();
    both.network.advance(60_000);
    expect(both.initiator.established).toEqual([]);
    expect(both.initiator.memory.policies.map(policyText)).toEqual(
      ['in', 'fwd', 'out'].map((way) => `${way} ${reqid} 10.1.0.0/16 10.2.0.0/16`),
    );
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
  });

  test('a packet asked of the IKE SA that is dead already is asked of another', () => {
    const both = onDemand({}, { initiator: { entry: dpd } });
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    both.initiator.command({ kind: 'deleteChild', spi: only(both.initiator.children).inboundSpi });
    both.network.settle();
    expect(both.initiator.children).toEqual([]);
    both.responder.crash();
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.advance(20_000);
    expectUp(both);
    expect(flowStates(both.initiator).slice(2)).toEqual(['negotiating', 'protected']);
  });

  test('dpdaction=hold: without being on demand, its traffic waits', () => {
    const entry = { ...dpd, dpdAction: 'hold' } as const;
    const both = pair({
      initiator: { subnet: '10.1.0.0/16', entry },
      responder: { subnet: '10.2.0.0/16' },
    }).up();
    const applied = watching(both.initiator);
    both.responder.crash();
    both.network.advance(60_000);
    expect(both.initiator.established).toEqual([]);
    // At no moment without a policy.
    expect(applied()).toEqual([...added, ...deleted, ...down]);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
    both.initiator.down(both.name);
    expectNothing(both);
  });
});

describe('a data plane that refuses', () => {
  test('an on-demand policy: the operator is told, the rest goes on', () => {
    const both = onDemand();
    both.initiator.memory.refuse(3, 'ENOMEM', 'addPolicy');
    both.network.advance(0);
    expect(both.initiator.told('routeFailed')).toMatchObject([
      { connection: 'pair', child: 'pair', reason: { code: 'KERNEL', text: 'addPolicy: ENOMEM' } },
    ]);
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expectUp(both);
  });

  test('a policy of the child beside it: the child goes, at both ends', () => {
    const both = onDemand();
    both.network.advance(0);
    both.initiator.memory.refuse(3, 'ENOMEM', 'addPolicy');
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.advance(30_000);
    expect(both.initiator.told('childFailed').map(({ reason }) => reason.text)).toEqual([
      'addPolicy: ENOMEM',
    ]);
    expect([both.initiator.children, both.responder.children]).toEqual([[], []]);
    expect(both.initiator.told('routeFailed')).toEqual([]);
  });

  test.each([
    ['initiator', 'ENOSYS'],
    ['responder', 'EPROTONOSUPPORT'],
  ] as const)('an algorithm of the child at the %s: the IKE SA is kept', (end, errno) => {
    const both = onDemand();
    both.network.advance(0);
    both[end].memory.refuse(1, errno, 'addSa');
    packet(both.initiator, '10.1.0.7', '10.2.0.9');
    both.network.settle();
    expect([both.initiator.established.length, both.responder.established.length]).toEqual([1, 1]);
    expect([both.initiator.children, both.responder.children]).toEqual([[], []]);
    expect(
      both[end].told('childFailed').map(({ reason }) => reason.text.replace(/^NO_PROPOSAL_CHOSEN: /, '')),
    ).toEqual([`the kernel cannot do ESP with AES_GCM_16-128 ESN (${errno})`]);
    if (end === 'responder')
      expect(both.initiator.told('childFailed')[0]?.reason.text).toMatch(/NO_PROPOSAL_CHOSEN/);
    expect(flowStates(both.initiator)).toEqual(['negotiating', 'failed']);
  });
});

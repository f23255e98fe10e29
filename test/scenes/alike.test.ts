/**
 * Two connections between the same ends, as the same identities: they differ in their networks alone. A responder takes a
 * request for the one whose networks fit, as pluto does, and the child is that one's. RFC 7296 §2.9, RFC 4301 §4.4.3.
 *
 *   initiator                                   responder (net: 10.1.0.0/16 === 10.2.0.0/16, six: IPv6)
 *     | IKE_AUTH { SA TSi TSr of net } -->                net's
 *     | CREATE_CHILD_SA { SA TSi TSr of six } -->         six's, on the IKE SA of net
 *     | IKE_AUTH { SA TSi TSr of six } -->                or six's own IKE SA, beside that of net
 */
import { describe, expect, it } from 'vitest';
import { parseIdentity } from '../../src/policy/identity.ts';
import type { PadEntry } from '../../src/policy/policy.ts';
import { type Host, type Pair, pair } from '../../src/testing/index.ts';
import { expectMirrored, expectNothing, only } from './expect-up.ts';
import { spd } from './subnets.ts';

const networks = { net: ['10.1.0.0/16', '10.2.0.0/16'], six: ['fd01::/64', 'fd02::/64'] } as const;

type Name = keyof typeof networks;

const childOf = (name: Name, end: keyof Pair['policies']) => {
  const [left, right] = networks[name];
  return end === 'initiator' ? spd(name, left, right) : spd(name, right, left);
};

type Changes = Partial<Record<Name, Partial<PadEntry>>>;

/** The two connections at one end, in this order. */
function give(both: Pair, end: keyof Pair['policies'], order: readonly Name[], changes: Changes = {}): void {
  const policy = both.policies[end];
  const entry = only(policy.pad);
  const pad = order.map((name) => ({ ...entry, name, children: [childOf(name, end)], ...changes[name] }));
  both[end].setPolicy({ ...policy, pad });
}

/** Both connections at both ends; the responder has them in this order. */
function twins(order: readonly Name[], changes?: Changes): Pair {
  const both = pair({ initiator: { identity: '@a' }, responder: { identity: '@b' } });
  give(both, 'initiator', ['net', 'six'], changes);
  give(both, 'responder', order, changes);
  return both;
}

/** At the initiator one connection has both children: the second comes on the IKE SA of the first. */
function shared(order: readonly Name[], changes?: Changes): Pair {
  const both = pair({
    initiator: { entry: { children: [childOf('net', 'initiator'), childOf('six', 'initiator')] } },
  });
  give(both, 'responder', order, changes);
  return both.up();
}

function up({ initiator, network }: Pair, ...names: readonly Name[]): void {
  for (const name of names) {
    initiator.up(name);
    network.settle();
  }
}

const connections = ({ children }: Host): string[] => children.map(({ connection }) => connection).sort();
const orders: readonly (readonly Name[])[] = [
  ['net', 'six'],
  ['six', 'net'],
];

describe('an IKE SA for each of two connections', () => {
  for (const order of orders) {
    it(`both stay up; the responder has ${order.join(' before ')}`, () => {
      for (const names of orders) {
        const both = twins(order);
        up(both, ...names);
        both.network.advance(60_000);
        for (const host of [both.initiator, both.responder]) {
          expect(host.established.map(({ connection }) => connection).sort()).toEqual(['net', 'six']);
          for (const { connection, children } of host.established)
            expect(children.map((child) => [child.connection, child.child])).toEqual([
              [connection, connection],
            ]);
        }
        expectMirrored(both.initiator, both.responder);
      }
    });
  }

  it('the first says that it is the first (INITIAL_CONTACT), the second does not', () => {
    const both = twins(['net', 'six']);
    up(both, 'net', 'six');
    const said = both.initiator
      .told('message')
      .filter(({ summary }) => summary.startsWith('IKE_AUTH request'))
      .map(({ summary }) => summary.includes('INITIAL_CONTACT'));
    expect(said).toEqual([true, false]);
  });

  it('uniqueids: one that begins anew takes the place of its own IKE SA alone', () => {
    const both = twins(['net', 'six']);
    up(both, 'net', 'six');
    const before = both.responder.established;
    both.initiator.crash();
    give(both, 'initiator', ['net', 'six']);
    up(both, 'six');
    const after = both.responder.established;
    const spiOf = (name: Name, sas = after) => only(sas.filter(({ connection }) => connection === name)).spiI;
    expect(spiOf('net')).toBe(spiOf('net', before));
    expect(spiOf('six')).not.toBe(spiOf('six', before));
  });

  it('one goes, the other stays', () => {
    const both = twins(['net', 'six']);
    up(both, 'net', 'six');
    both.responder.down('six');
    both.network.settle();
    expect(connections(both.initiator)).toEqual(['net']);
    expect(connections(both.responder)).toEqual(['net']);
    both.initiator.down('net');
    expectNothing(both);
  });
});

describe('one IKE SA for two connections', () => {
  for (const order of orders) {
    it(`each child is of its own; the responder has ${order.join(' before ')}`, () => {
      const both = shared(order);
      expect(only(both.responder.established).connection).toBe('net');
      expect(connections(both.responder)).toEqual(['net', 'six']);
      expectMirrored(both.initiator, both.responder);
    });
  }

  it('rekeys of either end leave the children to whom they are of', () => {
    const both = shared(['net', 'six']);
    for (const [end, name] of [
      ['initiator', 'pair'],
      ['responder', 'six'],
      ['responder', 'net'],
    ] as const) {
      for (const what of ['children', 'ike'] as const) {
        both[end].command({ kind: 'rekey', name, what });
        both.network.settle();
        both.network.advance(40_000);
        expect(connections(both.responder)).toEqual(['net', 'six']);
        expect(connections(both.initiator)).toEqual(['pair', 'pair']);
        expectMirrored(both.initiator, both.responder);
      }
    }
    // One of each for both rekeys by the peer, and one for its own.
    expect(
      both.responder
        .told('childEstablished')
        .map(({ child }) => child.connection)
        .sort(),
    ).toEqual(['net', 'net', 'net', 'six', 'six', 'six']);
  });

  it("lifetimes are those of the child's own connection", () => {
    const lifetime = { ike: 0, margin: 10_000, fuzz: 0, rekey: false, reauth: false } as const;
    const both = pair({
      initiator: { entry: { children: [childOf('net', 'initiator'), childOf('six', 'initiator')] } },
    });
    const short = { ...childOf('six', 'responder'), lifetime: { time: 60_000, octets: 0, packets: 0 } };
    give(both, 'responder', ['net', 'six'], { six: { children: [short], lifetime } });
    both.up();
    both.network.advance(61_000);
    expect(connections(both.responder)).toEqual(['net']);
  });

  it('authentication anew has the children of both again', () => {
    const children = [childOf('net', 'responder'), childOf('six', 'responder')];
    const both = pair({ responder: { entry: { children } } });
    const lifetime = {
      ike: 100_000,
      margin: 20_000,
      fuzz: 0,
      rekey: true,
      reauth: 'make-before-break',
    } as const;
    give(both, 'initiator', ['net', 'six'], { net: { lifetime } });
    up(both, 'net');
    both.responder.up('pair');
    both.network.settle();
    expect(connections(both.initiator)).toEqual(['net', 'six']);
    const { spiI } = only(both.initiator.established);
    both.network.advance(90_000);
    expect(only(both.initiator.established).spiI).not.toBe(spiI);
    expect(connections(both.initiator)).toEqual(['net', 'six']);
    expectMirrored(both.initiator, both.responder);
  });

  it('`down` of one takes its child alone, of the other then the IKE SA', () => {
    for (const [first, last] of orders) {
      if (!first || !last) continue;
      const both = shared(['net', 'six']);
      both.responder.down(first);
      both.network.settle();
      expect(connections(both.responder)).toEqual([last]);
      expect(both.initiator.established).toHaveLength(1);
      both.responder.down(last);
      expectNothing(both);
    }
  });

  it('`up` of one that the peer has brought up already does nothing', () => {
    const both = shared(['net', 'six']);
    both.responder.up('six');
    both.network.settle();
    expect(both.responder.established).toHaveLength(1);
    expect(both.responder.children).toHaveLength(2);
  });

  it('one that is changed or gone takes its child with it, and no more', () => {
    for (const order of [['net'], ['net', 'six']] as const) {
      const both = shared(['net', 'six']);
      give(both, 'responder', order, { six: { dpdDelay: 30_000 } });
      both.network.settle();
      expect(connections(both.responder)).toEqual(['net']);
      expect(both.initiator.children.map(({ child }) => child)).toEqual(['net']);
      expectMirrored(both.initiator, both.responder);
    }
  });

  it.each<[string, Partial<PadEntry['remote']>]>([
    ['identity', { identity: parseIdentity('@other') }],
    ['address', { address: '10.0.0.9' }],
    ['proof', { auth: [{ kind: 'null' }] }],
  ])('one with another %s of the peer is none of them', (_, change) => {
    const remote = { ...only(pair().policies.responder.pad).remote, ...change };
    const both = shared(['net', 'six'], { six: { remote } });
    expect(connections(both.responder)).toEqual(['net']);
    expect(only(both.initiator.told('childFailed')).reason.code).toBe('PEER_REFUSED');
    expectMirrored(both.initiator, both.responder);
  });

  it('what is refused names all that were looked at', () => {
    const both = pair({ initiator: { subnet: '10.9.0.0/16', peerSubnet: '10.8.0.0/16' } });
    give(both, 'responder', ['net', 'six']);
    both.up();
    const { reason } = only(both.responder.told('childFailed'));
    expect(reason.text).toContain('fits no child of net, six');
  });
});

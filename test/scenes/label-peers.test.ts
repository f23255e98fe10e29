/**
 * A connection for several peers (`right=%any`) with a label: policies of each peer's, and flows of each peer's, though
 * labels are the same. Policies go where their peer goes.
 */
import { describe, expect, it, test } from 'vitest';
import { labelFrom } from '../../src/policy/label.ts';
import { connection, type EndOptions, type Host, type Pair } from '../../src/testing/index.ts';
import { only } from './expect-up.ts';
import { access, app1, app2, labelledPair, spdLabel } from './labels.ts';
import { host } from './ondemand-stage.ts';

const template: EndOptions = { mode: 'transport', child: { label: labelFrom(spdLabel), template: true } };

/** `both` with a gateway that knows neither of its peers, and the second of them. */
function twoPeers(): Pair & { readonly second: Host } {
  const anybody = { peerAddress: '%any', peerIdentity: '%any' };
  const both = labelledPair({ ...template, labels: access, responder: anybody });
  const ends = { address: '10.0.0.3', peer: { address: both.responder.address } };
  const second = both.network.host({
    ...{ name: 'second', addresses: [ends.address], labels: access },
    policy: connection({ ...template, ...ends, name: both.name }),
  });
  both.up();
  second.up(both.name);
  both.network.settle();
  return { ...both, second };
}

/** A packet of `at` to an address, which no SA is for; the policy's other end is `by`. */
function packet(at: Host, to: string, text: string, by = to): void {
  const policy = at.memory.policies.find(
    ({ direction, remoteAddress }) => direction === 'out' && remoteAddress === by,
  );
  if (policy === undefined) throw new Error(`no policy of ${at.name} to ${by}`);
  const ends = { local: host(at.address), remote: host(to) };
  at.feed({
    type: 'kernel',
    notice: { kind: 'acquire', reqid: policy.reqid, ...ends, label: labelFrom(text) },
  });
}

const labels = (at: Host): (string | undefined)[] => at.children.map(({ label }) => label).sort();
const remotes = (at: Host): string[] =>
  at.memory.deciding.map(({ direction, remoteAddress }) => `${direction} ${remoteAddress}`).sort();

describe('two peers of one connection', () => {
  it('have policies each, which go with them', () => {
    const { initiator, responder, second, network, name } = twoPeers();
    expect(remotes(responder)).toEqual(['in 10.0.0.1', 'in 10.0.0.3', 'out 10.0.0.1', 'out 10.0.0.3']);
    expect(new Set(responder.memory.policies.map(({ reqid }) => reqid)).size).toBe(2);
    initiator.down(name);
    network.settle();
    expect(remotes(responder)).toEqual(['in 10.0.0.3', 'out 10.0.0.3']);
    packet(responder, second.address, app1);
    network.settle();
    expect(labels(second)).toEqual([app1]);
  });

  test.each([
    ['one label each', app1, app2],
    ['the same label, at once', app1, app1],
  ])('%s', (_, ofFirst, ofSecond) => {
    const { initiator, responder, second, network } = twoPeers();
    packet(responder, initiator.address, ofFirst);
    packet(responder, second.address, ofSecond);
    network.settle();
    expect(labels(initiator)).toEqual([ofFirst]);
    expect(labels(second)).toEqual([ofSecond]);
    expect(labels(responder)).toEqual([ofFirst, ofSecond].sort());
    expect(responder.held.flows).toBe(0);
    for (const peer of [initiator, second]) {
      const [policy] = responder.memory.policies.filter((each) => each.remoteAddress === peer.address);
      const [sa] = responder.memory.sas.filter(({ id }) => id.destination === peer.address);
      expect(sa?.reqid).toBe(policy?.reqid);
    }
  });
});

describe('a peer that moves', () => {
  const moved = '203.0.113.9';
  const move = (at: Host, to: string): void => {
    const child = only(at.children);
    const id = { spi: child.inboundSpi, destination: at.address };
    at.feed({ type: 'kernel', notice: { kind: 'mapping', id, address: to, port: 4500 } });
  };

  test.each([
    ['of a connection for several', { peerAddress: '%any', peerIdentity: '%any' }],
    ['of a connection for one', {}],
  ])('%s takes its policies with it; labels after that are asked for there', (_, responder) => {
    const both = labelledPair({
      ...template,
      labels: access,
      entry: { encapsulation: 'yes' },
      responder,
    }).up();
    const { initiator: peer, responder: we, network } = both;
    packet(we, peer.address, app1);
    network.settle();
    move(we, moved);
    expect(remotes(we)).toEqual([`in ${moved}`, `out ${moved}`]);
    expect(we.memory.policies).toHaveLength(2);
    const [reqid] = we.memory.policies.map((each) => each.reqid);
    expect(new Set(we.memory.sas.map((sa) => sa.reqid))).toEqual(new Set([reqid]));
    packet(we, peer.address, app2, moved);
    expect(only(we.established).path.remote.address).toBe(moved);
    expect(we.told('flow').at(-1)).toMatchObject({ state: 'negotiating' });
    // The way back is as it was, and nobody answers there.
    move(we, peer.address);
    network.advance(5_000);
    expect(remotes(we)).toEqual([`in ${peer.address}`, `out ${peer.address}`]);
    expect(labels(we)).toEqual([app1, app2]);
    expect(labels(peer)).toEqual([app1, app2]);
    we.down(both.name);
    network.settle();
    expect(we.memory.policies).toEqual([]);
  });
});

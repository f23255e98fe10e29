/**
 *   initiator (10.0.0.1)     NAT (203.0.113.1)     responder (198.51.100.2)
 *   :500   IKE_SA_INIT 0  ->  :40000           ->  :500      the hashes differ: a NAT
 *   :4500  IKE_AUTH 1     ->  :40001           ->  :4500     with the non-ESP marker from now on
 *
 * NAT detection moves both ends to the NAT sockets; ESP is encapsulated in UDP. The endpoint of a peer behind a NAT moves
 * with a new authenticated message, and with nothing else (RFC 7296 §2.23).
 */
import { describe, expect, it } from 'vitest';
import {
  type NatBehaviour,
  on,
  type Pair,
  type PairOptions,
  pair,
  tamper,
  VirtualNetwork,
} from '../../src/testing/index.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const inside = '10.0.0.1';
const outside = '203.0.113.1';
const far = '198.51.100.2';
const subnets = { initiator: { subnet: '10.1.0.0/16' }, responder: { subnet: '10.2.0.0/16' } };

/** The initiator behind a NAT. */
function behindNat(
  options: PairOptions & { mapping?: NatBehaviour } = {},
): Pair & { nat: ReturnType<VirtualNetwork['nat']> } {
  const network = new VirtualNetwork();
  const { mapping = 'endpoint-independent', ...rest } = options;
  const nat = network.nat({ outside, inside: [inside], mapping, filtering: mapping });
  const made = pair({
    ...rest,
    network,
    initiator: { address: inside, ...subnets.initiator, ...rest.initiator },
    responder: {
      address: far,
      peerAddress: '%any',
      peerIdentity: inside,
      ...subnets.responder,
      ...rest.responder,
    },
  });
  return { ...made, nat };
}

const marked = (octets: Uint8Array): boolean => octets.subarray(0, 4).every((octet) => octet === 0);

describe.each(cryptos)('with %s', (_name, ends) => {
  it('the initiator behind a NAT', () => {
    const both = behindNat(ends);
    both.up();
    expectUp(both);
    expect(only(both.initiator.established)).toMatchObject({
      nat: { here: true, peer: false },
      path: { socket: 'nat', local: { port: 4500 }, remote: { address: far, port: 4500 } },
    });
    expect(only(both.responder.established)).toMatchObject({
      nat: { here: false, peer: true },
      path: { socket: 'nat', remote: { address: outside, port: 40_001 } },
    });
    const [request, response, ...rest] = both.network.flights.map(({ octets }) => marked(octets));
    expect([request, response]).toEqual([false, false]);
    expect(rest).toEqual([true, true]);
    for (const { kernel, memory } of [both.initiator, both.responder]) {
      expect(kernel.name).toBe('memory');
      for (const sa of memory.sas) expect(sa.encapsulation).toBeDefined();
    }
    const out = both.responder.memory.sas.find(({ direction }) => direction === 'out');
    expect(out).toMatchObject({
      id: { destination: outside },
      encapsulation: { sourcePort: 4500, destinationPort: 40_001 },
    });
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('NAT', () => {
  it('the responder behind a NAT that forwards to it', () => {
    const network = new VirtualNetwork();
    const forward = { 500: { address: inside, port: 500 }, 4500: { address: inside, port: 4500 } };
    network.nat({ outside, inside: [inside], forward });
    const both = pair({
      network,
      initiator: { address: far, peerAddress: outside, ...subnets.initiator },
      responder: { address: inside, ...subnets.responder },
    }).up();
    expectUp(both);
    expect(only(both.initiator.established).nat).toEqual({ here: false, peer: true });
    expect(only(both.responder.established).nat).toEqual({ here: true, peer: false });
  });

  it('both behind NATs', () => {
    const network = new VirtualNetwork();
    network.nat({ outside, inside: [inside] });
    const forward = { 500: { address: '10.9.9.9', port: 500 }, 4500: { address: '10.9.9.9', port: 4500 } };
    network.nat({ outside: far, inside: ['10.9.9.9'], forward });
    const both = pair({
      network,
      initiator: { address: inside, peerAddress: far, ...subnets.initiator },
      responder: { address: '10.9.9.9', peerAddress: '%any', peerIdentity: inside, ...subnets.responder },
    }).up();
    expectUp(both);
    expect(only(both.initiator.established).nat).toEqual({ here: true, peer: true });
    expect(only(both.responder.established).nat).toEqual({ here: true, peer: true });
    both.responder.down('pair');
    expectNothing(both);
  });

  it('without a NAT nothing moves and nothing is encapsulated', () => {
    const both = pair().up();
    for (const { established, memory } of [both.initiator, both.responder]) {
      expect(only(established)).toMatchObject({ nat: { here: false, peer: false }, path: { socket: 'ike' } });
      for (const sa of memory.sas) expect(sa.encapsulation).toBeUndefined();
    }
  });

  it('keepalives go out from behind the NAT, and reach no engine', () => {
    const both = behindNat({ entry: { natKeepalive: 20_000 } });
    both.up();
    const heard = both.responder.events.length;
    both.network.advance(61_000);
    const keepalives = both.network.flights.filter(({ octets }) => octets.length === 1);
    expect(keepalives.map(({ source, octets }) => [source.address, octets[0]])).toEqual([
      [inside, 0xff],
      [inside, 0xff],
      [inside, 0xff],
    ]);
    expect(both.responder.events.length).toBe(heard);
  });

  it('a mapping for each peer port is as good', () => {
    const both = behindNat({ mapping: 'address-and-port-dependent' });
    both.up();
    expectUp(both);
  });
});

describe('a peer behind a NAT moves', () => {
  it('with a new authenticated message, and its SAs with it', () => {
    const both = behindNat();
    both.up();
    both.nat.rebind('203.0.113.99');
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    const { remote } = only(both.responder.established).path;
    expect(remote).toEqual({ address: '203.0.113.99', port: 41_002 });
    expect(only(both.responder.told('endpointChanged')).path.remote).toEqual(remote);
    const out = both.responder.memory.sas.find(({ direction }) => direction === 'out');
    expect(out).toMatchObject({
      id: { destination: remote.address },
      encapsulation: { destinationPort: remote.port },
    });
    expectUp(both);
    both.responder.down('pair');
    expectNothing(both);
  });

  it('not with an old datagram replayed from elsewhere', () => {
    const both = behindNat();
    both.up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    const before = only(both.responder.established).path;
    for (const flight of [...both.network.flights]) {
      if (flight.source.address !== inside) continue;
      both.network.send({ address: '192.0.2.66', port: 4500 }, flight.destination, flight.octets);
    }
    both.network.settle();
    expect(both.responder.established[0]?.path).toEqual(before);
    expect(both.responder.told('endpointChanged')).toEqual([]);
    expectUp(both);
  });

  it('not with a datagram whose ICV is wrong', () => {
    const both = behindNat();
    both.up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    const request = both.network.flights.at(-1);
    if (!request) throw new Error('nothing sent');
    const broken = request.octets.map((octet, at) => (at === request.octets.length - 1 ? octet ^ 1 : octet));
    both.network.send({ address: '192.0.2.66', port: 4500 }, request.destination, broken);
    both.network.settle();
    expect(both.responder.told('endpointChanged')).toEqual([]);
    expectUp(both);
  });

  it('not with a request that jumps ahead', () => {
    const both = behindNat();
    both.up();
    const auth = both.network.flights[2];
    if (!auth) throw new Error('no IKE_AUTH');
    const future = tamper(both.network.keys, auth.octets, () => ({
      payloads: [],
      exchange: 37,
      messageId: 9,
    }));
    both.network.send({ address: '192.0.2.66', port: 4500 }, auth.destination, future);
    both.network.settle();
    expect(both.responder.told('endpointChanged')).toEqual([]);
  });

  it('a peer that is behind no NAT never moves', () => {
    const both = pair().up();
    both.network.fate(
      on({ from: '10.0.0.1', exchange: 37 }, () => [{ source: { address: '10.0.0.77', port: 500 } }]),
    );
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.advance(100);
    expect(only(both.responder.established).path.remote.address).toBe('10.0.0.1');
    expect(both.responder.told('endpointChanged')).toEqual([]);
  });

  it('the end behind the NAT does not follow its peer elsewhere', () => {
    const both = behindNat({ mapping: 'endpoint-independent' });
    both.up();
    both.network.fate(
      on({ from: far, exchange: 37 }, () => [{ source: { address: '198.51.100.77', port: 4500 } }]),
    );
    both.responder.command({ kind: 'liveness', name: 'pair' });
    both.network.advance(100);
    expect(only(both.initiator.established).path.remote.address).toBe(far);
  });

  it('by what the data plane saw of it', () => {
    const both = behindNat();
    both.up();
    const spi = only(both.responder.children).inboundSpi;
    const notice = {
      kind: 'mapping',
      id: { spi, destination: far },
      address: '203.0.113.50',
      port: 5000,
    } as const;
    both.responder.feed({ type: 'kernel', notice });
    expect(only(both.responder.established).path.remote).toEqual({ address: '203.0.113.50', port: 5000 });
    expect(both.responder.memory.sas.find(({ direction }) => direction === 'out')?.id.destination).toBe(
      '203.0.113.50',
    );
  });
});

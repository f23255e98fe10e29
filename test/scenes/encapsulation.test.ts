/**
 *   encapsulation=yes   the source hash is no address's: both ends see a NAT and encapsulate
 *   encapsulation=no    no hashes at all: nobody looks for a NAT
 *   encapsulation=auto  as the hashes say
 *
 *   A peer with a port of its own gets the marker from the first datagram on, NAT or not, as pluto has it.
 */
import { describe, expect, it } from 'vitest';
import { pair, VirtualNetwork } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const hashes = [NotifyType.NAT_DETECTION_SOURCE_IP, NotifyType.NAT_DETECTION_DESTINATION_IP];

describe('encapsulation', () => {
  it.each(['initiator', 'responder'] as const)('yes at the %s makes both encapsulate', (end) => {
    const both = pair({ [end]: { entry: { encapsulation: 'yes' } } }).up();
    expectUp(both);
    for (const { memory, established } of [both.initiator, both.responder]) {
      expect(only(established).path.socket).toBe('nat');
      for (const sa of memory.sas)
        expect(sa.encapsulation).toEqual({ sourcePort: 4500, destinationPort: 4500 });
    }
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('no sends no hashes and stays on port 500', () => {
    const both = pair({ entry: { encapsulation: 'no' } }).up();
    expectUp(both);
    for (const { payloads = [], source } of both.network.flights) {
      expect(hashes.flatMap((type) => notifies(payloads, type))).toEqual([]);
      expect(source.port).toBe(500);
    }
  });

  it('no at one end: a NAT is not found, and not needed', () => {
    const both = pair({ initiator: { entry: { encapsulation: 'no' } } }).up();
    expectUp(both);
    for (const { memory } of [both.initiator, both.responder])
      for (const sa of memory.sas) expect(sa.encapsulation).toBeUndefined();
  });

  it('auto looks and finds nothing', () => {
    const both = pair({ entry: { encapsulation: 'auto' } }).up();
    expectUp(both);
    expect(notifies(both.network.flights[0]?.payloads ?? [], hashes[0] ?? 0)).toHaveLength(1);
  });
});

describe('ports of our own', () => {
  it('both sockets elsewhere; the marker is on every datagram', () => {
    const network = new VirtualNetwork();
    const both = pair({
      network,
      initiator: { peerPort: 7000, ports: { ike: 500, nat: 4500 } },
      responder: { ports: { ike: 6999, nat: 7000 } },
    }).up();
    expectUp(both);
    for (const { octets } of network.flights) expect([...octets.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(only(both.initiator.established).path).toMatchObject({ socket: 'nat', remote: { port: 7000 } });
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('a datagram without the marker on the NAT socket is none of ours', () => {
    const both = pair().up();
    const request = both.network.flights[0];
    if (!request) throw new Error('nothing sent');
    both.network.send(
      { address: '10.0.0.1', port: 4500 },
      { address: '10.0.0.2', port: 4500 },
      request.octets,
    );
    both.network.settle();
    expect(only(both.responder.told('drop')).reason).toBe('no-marker');
  });
});

describe('ESP in UDP through the userspace data plane', () => {
  it.each(['tunnel', 'transport'] as const)('%s mode: a ping comes back, both ways', (mode) => {
    const both = pair({ kernel: 'userspace', mode }).up();
    for (const host of [both.initiator, both.responder]) {
      const replies: unknown[] = [];
      const { reqid } = only(host.children);
      expect(host.userspace.ping({ reqid }, (reply) => replies.push(reply))).toBeDefined();
      both.network.settle();
      expect(replies).toHaveLength(1);
    }
    expect(
      both.network.flights.filter(({ header, octets }) => header === undefined && octets.length > 1),
    ).toHaveLength(4);
  });
});

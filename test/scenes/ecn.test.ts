/**
 * ECN in tunnel mode (RFC 7296 §2.24, RFC 6040): the inner header goes through as it is, its ECN field too. Over UDP sockets the
 * outer header's field is neither set nor seen: it is Not-ECT, the compatibility mode of RFC 6040 §4.1, in which a congested
 * router drops and never marks, so that no mark is lost.
 *
 *   one                                                other
 *     | ESP in UDP (Not-ECT) { IP ECT(0) ... } -->       |
 */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { makePacket } from '../../src/esp/ip.ts';
import { UserspaceKernel } from '../../src/kernel/userspace.ts';
import { pair } from '../../src/testing/index.ts';

const codepoints = [
  ['Not-ECT', 0],
  ['ECT(1)', 1],
  ['ECT(0)', 2],
  ['CE', 3],
] as const;

/** DSCP AF41 and this ECN, in an IPv4 or IPv6 packet. */
function marked(version: 4 | 6, ecn: number): Uint8Array {
  const own = version === 4 ? Uint8Array.of(10, 1, 0, 1) : Uint8Array.of(0xfd, 1, ...new Uint8Array(13), 1);
  const peer = version === 4 ? Uint8Array.of(10, 2, 0, 1) : Uint8Array.of(0xfd, 2, ...new Uint8Array(13), 1);
  const packet = makePacket(own, peer, 17, new Uint8Array(100));
  const trafficClass = (34 << 2) | ecn;
  if (version === 4) packet[1] = trafficClass;
  else [packet[0], packet[1]] = [0x60 | (trafficClass >> 4), (trafficClass & 0xf) << 4];
  return packet;
}

test.each(codepoints)('%s comes out as it went in, in IPv4 and IPv6', (_, ecn) => {
  const arrived: Uint8Array[] = [];
  const inner = {
    initiator: { subnet: '10.1.0.0/16,fd01::/16' },
    responder: { subnet: '10.2.0.0/16,fd02::/16' },
  };
  const network = pair().network;
  const kernel = new UserspaceKernel({
    crypto: nodeCrypto,
    random: network.seeded.random,
    now: () => network.now,
    transmit: () => {},
    deliver: (packet) => {
      arrived.push(packet.slice());
      return undefined;
    },
  });
  const both = pair({
    crypto: nodeCrypto,
    initiator: { kernel: 'userspace', ...inner.initiator },
    responder: { kernel, ...inner.responder },
  }).up();
  const sent = [marked(4, ecn), marked(6, ecn)];
  for (const packet of sent) expect(both.initiator.userspace.send(packet)).toBe(true);
  both.network.settle();
  expect(arrived).toEqual(sent);
});

/** A UDP datagram as the IP packet that carried it, for captures. RFC 768. */
import { checksum, makePacket, Protocol } from '../esp/ip.ts';
import type { Endpoint } from '../ike/actions.ts';
import { parseAddress } from '../wire/index.ts';

/** An IPv4 or IPv6 packet with right lengths and checksums. Both ends are of one family. */
export function udpPacket(source: Endpoint, destination: Endpoint, payload: Uint8Array): Uint8Array {
  const from = addressOctets(source.address);
  const to = addressOctets(destination.address);
  const udp = new Uint8Array(8 + payload.length);
  const view = new DataView(udp.buffer);
  view.setUint16(0, source.port);
  view.setUint16(2, destination.port);
  view.setUint16(4, udp.length);
  udp.set(payload, 8);
  const tail = Uint8Array.of(0, Protocol.UDP, udp.length >> 8, udp.length & 0xff);
  view.setUint16(6, checksum(from, to, tail, udp) || 0xffff);
  return makePacket(from, to, Protocol.UDP, udp);
}

/** A scope (`fe80::1%eth0`) has no octets of its own. */
const addressOctets = (address: string): Uint8Array =>
  parseAddress(address.replace(/%.*/, '')) ?? new Uint8Array(4);

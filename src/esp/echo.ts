/** ICMP and ICMPv6 echo, made and answered. RFC 792, RFC 4443 §4. */
import { checksum, type IpHeader, makePacket, Protocol } from './ip.ts';

export interface Echo {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

const headerLength = 8;

const types = {
  4: { protocol: Protocol.ICMP, request: 8, reply: 0 },
  6: { protocol: Protocol.ICMPV6, request: 128, reply: 129 },
} as const;

/** An echo request as a whole IP packet, of the addresses' version. */
export const echoRequest = (echo: Echo): Uint8Array => encode('request', echo);

export const echoReply = (echo: Echo): Uint8Array => encode('reply', echo);

/**
 * Reads an echo message of a packet and its header. Undefined for everything else, for fragments, and
 * when the checksum is wrong.
 */
export function parseEcho(
  packet: Uint8Array,
  header: IpHeader,
): (Echo & { readonly kind: 'request' | 'reply' }) | undefined {
  const { protocol, request, reply } = types[header.version];
  const message = packet.subarray(header.upperAt, header.length);
  if (header.protocol !== protocol || header.fragment !== 'whole') return undefined;
  if (message.length < headerLength || message[1] !== 0) return undefined;
  const type = message[0];
  if (type !== request && type !== reply) return undefined;
  if (messageChecksum(header.source, header.destination, message) !== 0) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return {
    kind: type === request ? 'request' : 'reply',
    source: header.source,
    destination: header.destination,
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
    data: message.subarray(headerLength),
  };
}

/** The reply to a request; undefined for what must not be answered (multicast ends, RFC 4443 §4.2 by choice). */
export function answerEcho(request: Echo): Uint8Array | undefined {
  if (isGroup(request.destination) || isGroup(request.source)) return undefined;
  return echoReply({ ...request, source: request.destination, destination: request.source });
}

function encode(kind: 'request' | 'reply', echo: Echo): Uint8Array {
  const { protocol, [kind]: type } = types[echo.source.length === 4 ? 4 : 6];
  const message = new Uint8Array(headerLength + echo.data.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, type);
  view.setUint16(4, echo.identifier);
  view.setUint16(6, echo.sequence);
  message.set(echo.data, headerLength);
  view.setUint16(2, messageChecksum(echo.source, echo.destination, message));
  return makePacket(echo.source, echo.destination, protocol, message);
}

/** ICMPv6 covers a pseudo-header. RFC 8200 §8.1. */
function messageChecksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  if (source.length === 4) return checksum(message);
  const tail = new Uint8Array(8);
  new DataView(tail.buffer).setUint32(0, message.length);
  tail[7] = Protocol.ICMPV6;
  return checksum(source, destination, tail, message);
}

const isGroup = (address: Uint8Array): boolean => {
  const first = address[0] ?? 0;
  return address.length === 4 ? first === 0 || first >= 224 : first === 0xff;
};

/** What becomes of a packet that came in on an SA. RFC 4303 §3.4, RFC 4301 §5.2. */
import { type IpHeader, makePacket, matches, Protocol, readHeader } from './ip.ts';
import { dummyNextHeader, type Opened, open, parseHeader } from './packet.ts';
import { count, type InboundSa, type Mode } from './sa.ts';

export type InboundDrop =
  /** No whole ESP packet of the SA's suite. */
  | 'malformed'
  /** Left of the anti-replay window. */
  | 'stale'
  | 'replay'
  | 'bad-icv'
  /** Authenticated, but what is inside is no IP packet. */
  | 'bad-inner'
  /** Authenticated, but traffic the SA was not negotiated for. */
  | 'selectors';

export type Received =
  /** `newest`: of all packets of the SA so far this one is the latest the peer sent. */
  | {
      readonly kind: 'packet';
      readonly packet: Uint8Array;
      readonly header: IpHeader;
      readonly newest: boolean;
    }
  | { readonly kind: 'dummy'; readonly newest: boolean }
  /** `packet`: the first octets of what did not fit the selectors. */
  | { readonly kind: 'drop'; readonly reason: InboundDrop; readonly packet?: Uint8Array };

/** Opens an ESP packet of `sa` and checks it. Never throws on what came from outside. */
export function receive(sa: InboundSa, octets: Uint8Array, now: number): Received {
  const esp = parseHeader(octets);
  if (esp === undefined) return drop('malformed');
  const sequence = sa.window.infer(esp.low);
  if (sequence === undefined) return drop('stale');
  const verdict = sa.window.check(sequence);
  if (verdict !== 'fresh') return drop(verdict);
  const opened = open(sa.protection, octets, sequence);
  if (opened === 'icv') return drop('bad-icv');
  if (opened === 'length') return drop('malformed');
  const newest = sequence > sa.window.top;
  sa.window.accept(sequence);
  if (opened === 'padding') return drop('bad-inner');
  if (opened.nextHeader === dummyNextHeader) return { kind: 'dummy', newest };
  const packet = carried(sa.mode, opened);
  const header = packet && readHeader(packet);
  if (packet === undefined || header === undefined) return drop('bad-inner');
  if (!matches(header, sa.remote, sa.local)) {
    return { kind: 'drop', reason: 'selectors', packet: packet.slice(0, shownOctets) };
  }
  count(sa, opened.payload.length, now);
  return { kind: 'packet', packet: packet.subarray(0, header.length), header, newest };
}

/** Octets of a packet that are shown to the peer that sent it (RFC 7296 §3.10.1, INVALID_SELECTORS). */
const shownOctets = 64;

const drop = (reason: InboundDrop): Received => ({ kind: 'drop', reason });

function carried(mode: Mode, { nextHeader, payload }: Opened): Uint8Array | undefined {
  if (mode.kind === 'transport') return makePacket(mode.remote, mode.local, nextHeader, payload);
  const version = (payload[0] ?? 0) >> 4;
  return nextHeader === (version === 4 ? Protocol.IPV4 : Protocol.IPV6) ? payload : undefined;
}

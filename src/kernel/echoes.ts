/** Echo requests of ours that wait for their reply, and the answers to those of the peer. */
import type { Random } from '../crypto/provider.ts';
import { answerEcho, type Echo, echoRequest, parseEcho } from '../esp/echo.ts';
import { compare, type IpHeader, matches, readHeader, type Selector } from '../esp/ip.ts';
import type { EspSa, InboundSa, OutboundSa } from '../esp/sa.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';

/** A request on its way. */
export interface Ping {
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  /** Forgets it: a late reply is dropped. */
  cancel(): void;
}

export interface PingReply {
  readonly from: string;
  readonly sequence: number;
  /** Octets of data that came back. */
  readonly size: number;
  /** From request to reply. */
  readonly milliseconds: number;
}

export interface PingTarget {
  /** Addresses in text; without them one of each end's selectors is taken. */
  readonly to?: string;
  readonly from?: string;
  /** Octets of data; 56 when not given. */
  readonly size?: number;
}

interface Pending {
  readonly reqid: number;
  readonly echo: Echo;
  readonly sentAt: number;
  readonly reply: (reply: PingReply) => void;
}

export class Echoes {
  readonly #identifier: number;
  readonly #now: () => number;
  readonly #pending = new Map<number, Pending>();
  #sequence = 0;

  constructor(random: Random, now: () => number) {
    const [high = 0, low = 0] = random(2);
    this.#identifier = (high << 8) | low;
    this.#now = now;
  }

  /** A request the SA may carry, as an IP packet; undefined when its selectors leave no room for one. */
  start(
    sa: OutboundSa,
    target: PingTarget,
    reply: (reply: PingReply) => void,
  ): { readonly packet: Uint8Array; readonly ping: Ping } | undefined {
    const sequence = (this.#sequence + 1) & 0xffff;
    const data = Uint8Array.from({ length: target.size ?? 56 }, (_, i) => i);
    for (const [source, destination] of pairs(sa, target)) {
      const echo = { source, destination, identifier: this.#identifier, sequence, data };
      const packet = echoRequest(echo);
      const header = readHeader(packet);
      if (header === undefined || !matches(header, sa.local, sa.remote)) continue;
      this.#sequence = sequence;
      const pending = { reqid: sa.reqid, echo, sentAt: this.#now(), reply };
      this.#pending.set(sequence, pending);
      const cancel = () => {
        if (this.#pending.get(sequence) === pending) this.#pending.delete(sequence);
      };
      return {
        packet,
        ping: { from: formatAddress(source), to: formatAddress(destination), sequence, cancel },
      };
    }
    return undefined;
  }

  /** Whether a packet is the reply to a request of ours on the same child; then it has been told. */
  replied(sa: InboundSa, packet: Uint8Array, header: IpHeader): boolean {
    if (this.#pending.size === 0) return false;
    const echo = parseEcho(packet, header);
    if (echo?.kind !== 'reply' || echo.identifier !== this.#identifier) return false;
    const pending = this.#pending.get(echo.sequence);
    if (pending === undefined || pending.reqid !== sa.reqid) return false;
    if (!same(pending.echo.destination, echo.source) || !same(pending.echo.data, echo.data)) return false;
    this.#pending.delete(echo.sequence);
    pending.reply({
      from: formatAddress(echo.source),
      sequence: echo.sequence,
      size: echo.data.length,
      milliseconds: this.#now() - pending.sentAt,
    });
    return true;
  }

  /** The reply to a request of the peer; undefined for every other packet. */
  answer(packet: Uint8Array, header: IpHeader): Uint8Array | undefined {
    const echo = parseEcho(packet, header);
    return echo?.kind === 'request' ? answerEcho(echo) : undefined;
  }

  clear(): void {
    this.#pending.clear();
  }
}

/** Addresses of one version to try, likely ones first. */
function* pairs(sa: EspSa, target: PingTarget): Generator<readonly [Uint8Array, Uint8Array]> {
  const sources = candidates(target.from, sa.local, sa.path.source.address);
  for (const destination of candidates(target.to, sa.remote, sa.path.destination.address)) {
    for (const source of sources) {
      if (source.length === destination.length) yield [source, destination];
    }
  }
}

/** The address asked for; else the SA's own end, which `matches` may refuse, and one of each selector. */
function candidates(asked: string | undefined, selectors: readonly Selector[], end: string): Uint8Array[] {
  const first = parseAddress(asked ?? end);
  if (asked !== undefined) return first ? [first] : [];
  return [...(first ? [first] : []), ...selectors.map(memberOf)];
}

/** The only address of a selector, or the second: the first may be a network's. */
function memberOf({ start, end }: Selector): Uint8Array {
  const address = start.slice();
  if (compare(start, end) === 0) return address;
  for (let i = address.length - 1; i >= 0; i--) {
    const octet = ((address[i] ?? 0) + 1) & 0xff;
    address[i] = octet;
    if (octet !== 0) break;
  }
  return address;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compare(a, b) === 0;

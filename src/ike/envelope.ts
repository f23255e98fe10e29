/** Between one SA's messages and datagrams: protection, fragments, the marker, the path. RFC 7296 §2.23, RFC 7383. */
import { describe } from '../wire/describe.ts';
import type { Header, HeaderFields } from '../wire/header.ts';
import { encodeMessage, encodePayloads, parsePayloads } from '../wire/message.ts';
import { ExchangeType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import { addMarker } from '../wire/udp-encap.ts';
import type { Path } from './actions.ts';
import type { Services } from './context.ts';
import { Bug } from './errors.ts';
import { messageLimit, Reassembly } from './extensions/fragmentation.ts';
import type { IkeSa } from './ike-sa.ts';
import { labelTexts } from './labels.ts';
import { isKeyed } from './phase.ts';

/** How long an unfinished message's fragments are kept. */
const reassemblyMillis = 30_000;

/** A message whose protection, if any, holds. `datagram` is all of it, or its fragment 1. */
export interface Opened {
  readonly payloads: readonly Payload[];
  readonly datagram: Uint8Array;
}

export class Envelope {
  readonly #services: Services;
  readonly #sa: IkeSa;
  #reassembly: Reassembly | undefined;

  constructor(services: Services, sa: IkeSa) {
    this.#services = services;
    this.#sa = sa;
  }

  /**
   * The payloads inside, or undefined when there is nothing to act on (dropped with an event, or a fragment of more).
   * Throws WireError when what is inside breaks the grammar.
   */
  open(header: Header, octets: Uint8Array, outer: readonly Payload[], path: Path): Opened | undefined {
    const sa = this.#sa;
    const { phase } = sa;
    if (!isKeyed(phase) || header.exchange === ExchangeType.IKE_SA_INIT) {
      if (header.exchange === ExchangeType.IKE_SA_INIT && !isKeyed(phase))
        return { payloads: outer, datagram: octets };
      sa.drop('unexpected', path, describe({ header, payloads: outer }));
      return undefined;
    }
    const sealed = outer.at(-1);
    if (sealed?.kind === 'encrypted') {
      const inner = phase.protection.open(octets, sealed);
      if (inner === undefined) return this.#badIcv(header, path);
      return { payloads: parsePayloads(sealed.first, inner), datagram: octets };
    }
    if (sealed?.kind !== 'fragment' || !phase.support.fragmentation) {
      sa.drop('unexpected', path, describe({ header, payloads: outer }));
      return undefined;
    }
    let reassembly = this.#reassembly;
    if (reassembly?.messageId !== header.messageId || reassembly.response !== header.response) {
      reassembly = new Reassembly(header.messageId, header.response);
    }
    if (!reassembly.wants(sealed)) {
      sa.drop('fragment', path, `fragment ${sealed.number} of ${sealed.total}`);
      return undefined;
    }
    const inner = phase.protection.open(octets, sealed);
    if (inner === undefined) return this.#badIcv(header, path);
    this.#reassembly = reassembly;
    this.#services.timers.set(sa, 'fragment', this.#services.now + reassemblyMillis);
    const taken = reassembly.take(sealed, inner, octets);
    if (taken.kind === 'refused') sa.drop('fragment', path, 'too many octets');
    if (taken.kind !== 'whole') return undefined;
    this.forgetFragments();
    return { payloads: parsePayloads(taken.first, taken.inner), datagram: taken.datagram };
  }

  forgetFragments(): void {
    this.#reassembly = undefined;
    this.#services.timers.clear(this.#sa, 'fragment');
  }

  /** One message as one datagram, or as its fragments. IKE_SA_INIT travels in clear, all else protected. */
  seal(exchange: number, response: boolean, messageId: number, payloads: readonly Payload[]): Uint8Array[] {
    const { phase, path, entry } = this.#sa;
    const fields = this.#fields(exchange, response, messageId);
    if (exchange === ExchangeType.IKE_SA_INIT) return [encodeMessage(fields, payloads)];
    if (!isKeyed(phase)) throw new Bug(`no keys to protect exchange ${exchange}`);
    const { first, octets } = encodePayloads(payloads);
    const { protection, support } = phase;
    const limit = messageLimit(path);
    const whole = protection.messageLength(octets.length) <= limit;
    const fragments = support.fragmentation && entry?.fragmentation !== 'no';
    if (whole || !fragments) return [protection.seal(fields, first, octets)];
    return protection.sealFragments(fields, first, octets, limit);
  }

  /** Sends datagrams, with the marker on the NAT socket. */
  transmit(datagrams: readonly Uint8Array[], path: Path): void {
    for (const octets of datagrams) {
      this.#services.transmit(path, path.socket === 'nat' ? addMarker(octets) : octets);
    }
  }

  /** Tells of a message, decrypted, to whoever listens. */
  announce(
    direction: 'in' | 'out',
    message: Pick<Header, 'exchange' | 'response' | 'messageId'>,
    payloads: readonly Payload[],
    path: Path,
    retransmission = false,
  ): void {
    if (!this.#services.messages) return;
    const { exchange, response, messageId } = message;
    const labels = labelTexts(payloads);
    this.#services.emit({
      kind: 'message',
      direction,
      sa: this.#sa.name,
      path,
      // Made when it is read: hardly anybody does.
      get summary() {
        return describe({ header: { exchange, response, messageId }, payloads });
      },
      retransmission,
      ...(labels.length > 0 && { labels }),
    });
  }

  #fields(exchange: number, response: boolean, messageId: number): HeaderFields & { exchange: number } {
    const { spiI: initiatorSpi, spiR: responderSpi, role } = this.#sa;
    return { initiatorSpi, responderSpi, exchange, initiator: role === 'initiator', response, messageId };
  }

  #badIcv(header: Header, path: Path): undefined {
    this.#sa.drop('bad-icv', path, `${header.response ? 'response' : 'request'} ${header.messageId}`);
    return undefined;
  }
}

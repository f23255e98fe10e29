/** Datagrams on their way to their SA, and strangers before there is one. RFC 7296 §2.1, §2.4, §2.6. */
import { type Header, parseHeader } from '../wire/header.ts';
import { encodeMessage, type Message, parseAfter } from '../wire/message.ts';
import { ExchangeType, NotifyType } from '../wire/numbers.ts';
import { addMarker, stripMarker } from '../wire/udp-encap.ts';
import type { Path } from './actions.ts';
import { Admission } from './admission.ts';
import type { Services } from './context.ts';
import { isExpected } from './errors.ts';
import { IkeSa } from './ike-sa.ts';
import { statusNotify } from './notify.ts';
import { isRequestOf } from './opening.ts';
import type { SaTable } from './sa-table.ts';

/** How long a stranger has to authenticate. */
const halfOpenMillis = 30_000;
/** Responses tried beside the first to one IKE_SA_INIT (§2.4). */
const mostRivals = 4;

export class Router {
  readonly #services: Services;
  readonly #table: SaTable;
  readonly #admission: Admission;
  #outsideSince = Number.NEGATIVE_INFINITY;
  #outsideSent = 0;

  constructor(services: Services, table: SaTable) {
    this.#services = services;
    this.#table = table;
    this.#admission = new Admission(services.crypto, services.random);
  }

  take(datagram: Uint8Array, path: Path): void {
    const octets = path.socket === 'nat' ? stripMarker(datagram) : datagram;
    if (octets === undefined) return this.#services.drop('no-marker', path, '');
    try {
      const header = parseHeader(octets);
      if (header.majorVersion !== 2) {
        if (header.majorVersion > 2) this.#outside(header, NotifyType.INVALID_MAJOR_VERSION, path);
        return this.#services.drop('version', path, `${header.majorVersion}.${header.minorVersion}`);
      }
      const sa = this.#find(header);
      if (sa === undefined && !isOpening(header)) {
        this.#outside(header, NotifyType.INVALID_IKE_SPI, path);
        return this.#services.drop('unknown-spi', path, '');
      }
      const message = parseAfter(header, octets);
      if (sa === undefined) this.#stranger(message, octets, path);
      else this.#deliver(sa, message, octets, path);
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#services.drop('malformed', path, error.message);
    }
  }

  #find(header: Header): IkeSa | undefined {
    const [ours, theirs] = header.initiator
      ? [header.responderSpi, header.initiatorSpi]
      : [header.initiatorSpi, header.responderSpi];
    const tries = this.#table.bySpi(ours);
    const first = tries?.[0];
    if (tries === undefined || first?.role !== (header.initiator ? 'responder' : 'initiator'))
      return undefined;
    const known = tries.find((sa) => sa.remoteSpi === theirs && sa.phase.name !== 'init');
    if (known !== undefined) return known;
    if (header.exchange !== ExchangeType.IKE_SA_INIT || !header.response) return undefined;
    if (first.phase.name === 'init') return first;
    return theirs === 0n || tries.length > mostRivals ? undefined : this.#rival(first);
  }

  /** For another response to our IKE_SA_INIT request: each is tried, the first to authenticate stays. */
  #rival(first: IkeSa): IkeSa | undefined {
    const rival = first.rival();
    if (rival) this.#table.add(rival);
    return rival;
  }

  #deliver(sa: IkeSa, message: Message, octets: Uint8Array, path: Path): void {
    sa.receive(message, octets, path);
    const rival = this.#table.bySpi(sa.localSpi)?.[0] !== sa;
    if (rival && sa.phase.name === 'init') this.#services.forget(sa);
  }

  #stranger(message: Message, octets: Uint8Array, path: Path): void {
    const { header } = message;
    const known = this.#table.stranger(path, header.initiatorSpi);
    if (known !== undefined && isRequestOf(known.opening, octets, this.#services.crypto))
      return known.receive(message, octets, path);
    const { cookieThreshold, halfOpenLimit } = this.#services.policy;
    if (this.#table.halfOpen >= halfOpenLimit) {
      return this.#services.drop('half-open-limit', path, `${halfOpenLimit}`);
    }
    if (this.#table.halfOpen >= cookieThreshold) {
      const verdict = this.#admission.judge(this.#services.now, header.initiatorSpi, path, message.payloads);
      if (verdict === undefined) return this.#services.drop('unexpected', path, 'no nonce');
      if (verdict !== 'admitted') return this.#askForCookie(header, verdict, path);
    }
    const spis = { local: this.#table.freshSpi(this.#services.random), remote: header.initiatorSpi };
    const sa = new IkeSa(this.#services, 'responder', spis, path);
    this.#table.add(sa);
    this.#table.addStranger(sa, path);
    this.#services.timers.set(sa, 'halfOpen', this.#services.now + halfOpenMillis);
    sa.receive(message, octets, path);
    if (sa.phase.name === 'init' && !sa.answering) this.#services.forget(sa);
  }

  /**
   * Tells in clear that a request belongs to no SA of ours. Never to a response, never longer than what came, and
   * only so often: no reflector. §1.5, §2.5, §2.21.4.
   */
  #outside(header: Header, notify: number, path: Path): void {
    const { now } = this.#services;
    if (header.response || header.length < outsideLength) return;
    if (now - this.#outsideSince >= 1000) [this.#outsideSince, this.#outsideSent] = [now, 0];
    if (++this.#outsideSent > outsideEachSecond) return;
    const { initiatorSpi, responderSpi, exchange, messageId } = header;
    const fields = {
      initiatorSpi,
      responderSpi,
      exchange,
      messageId,
      initiator: !header.initiator,
      response: true,
    };
    this.#transmit(path, encodeMessage(fields, [statusNotify(notify)]));
  }

  #transmit(path: Path, octets: Uint8Array): void {
    this.#services.transmit(path, path.socket === 'nat' ? addMarker(octets) : octets);
  }

  /** Stateless: nothing is kept. */
  #askForCookie(header: Header, cookie: Uint8Array, path: Path): void {
    const { initiatorSpi, exchange, messageId } = header;
    const fields = { initiatorSpi, responderSpi: 0n, exchange, messageId, initiator: false, response: true };
    this.#transmit(path, encodeMessage(fields, [statusNotify(NotifyType.COOKIE, cookie)]));
  }
}

/** An IKE header and one notify. */
const outsideLength = 36;
/** How often a second we answer what belongs to no SA. */
const outsideEachSecond = 10;

const isOpening = (header: Header): boolean =>
  header.exchange === ExchangeType.IKE_SA_INIT &&
  header.initiator &&
  !header.response &&
  header.responderSpi === 0n &&
  header.messageId === 0;

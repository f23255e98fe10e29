/**
 * What must hold of the datagrams of every IKE SA at both ends, whatever the line does with them (RFC 7296 §2.1-2.3): a
 * request waits for the answer to the one before, its retransmissions are the same octets and end with the answer, an
 * answer is to what came, and the same octets each time.
 */
import { messageOf } from '../../src/testing/flight.ts';
import type { Host, Pair } from '../../src/testing/index.ts';
import { type Header, parseHeader } from '../../src/wire/header.ts';
import { toHex } from '../../src/wire/hex.ts';
import { ExchangeType, PayloadType } from '../../src/wire/numbers.ts';

/** What one end asks of the other under one IKE SA. */
interface Line {
  /** The last request. */
  id: number;
  request: string;
  isAnswered: boolean;
  /** The last of the requests that arrived. */
  arrived: number;
  readonly answers: Map<number, string>;
}

export class WireWatch {
  /** What did not hold, in order. */
  readonly breaches: string[] = [];
  readonly #lines = new Map<string, Line>();

  /** Sees every datagram of both hosts leave and arrive, from now on. */
  constructor({ network, initiator, responder }: Pair) {
    // First of all fates: those after one that decides are not asked.
    network.fates.unshift(({ octets }) => {
      this.#left(octets);
      return undefined;
    });
    for (const host of [initiator, responder]) this.#listen(host);
  }

  #listen(host: Host): void {
    const receive = host.receive.bind(host);
    host.receive = (octets, local, remote) => {
      this.#arrived(octets);
      return receive(octets, local, remote);
    };
  }

  #left(octets: Uint8Array): void {
    const header = protectedHeader(octets);
    if (header === undefined) return;
    const text = toHex(messageOf(octets));
    if (header.response) this.#answers(header, text);
    else this.#asks(header, text);
  }

  #asks(header: Header, text: string): void {
    const { messageId: id } = header;
    const key = lineOf(header);
    const line = this.#lines.get(key);
    if (line === undefined) {
      const opening = this.#lines.get(lineOf({ ...header, exchange: ExchangeType.IKE_SA_INIT }));
      const isNext = header.initiator && opening?.isAnswered === true && id === 1;
      if (id !== 0 && !isNext) this.#breach(header, 'is the first request');
      this.#lines.set(key, { id, request: text, isAnswered: false, arrived: -1, answers: new Map() });
      return;
    }
    // COOKIE and INVALID_KE_PAYLOAD: another request of the same ID.
    const isAnother = id === line.id + 1 || (id === line.id && isOpening(header) && line.request !== text);
    if (isAnother && !line.isAnswered) this.#breach(header, `is sent while request ${line.id} waits`);
    else if (!isAnother && id !== line.id) this.#breach(header, `is sent after request ${line.id}`);
    else if (!isAnother && line.request !== text) this.#breach(header, 'is sent again as other octets');
    else if (!isAnother && line.isAnswered && !isOpening(header))
      this.#breach(header, 'is sent again after its answer');
    if (isAnother) Object.assign(line, { id, request: text, isAnswered: false });
  }

  #answers(header: Header, text: string): void {
    const line = this.#lines.get(lineOf(header));
    if (line === undefined || line.arrived < header.messageId)
      return this.#breach(header, 'is answered before it came');
    if (isOpening(header)) return;
    const before = line.answers.get(header.messageId);
    if (before !== undefined && before !== text) this.#breach(header, 'is answered in two ways');
    line.answers.set(header.messageId, text);
  }

  #arrived(octets: Uint8Array): void {
    const header = protectedHeader(octets);
    const line = header && this.#lines.get(lineOf(header));
    if (header === undefined || line === undefined) return;
    if (!header.response) line.arrived = Math.max(line.arrived, header.messageId);
    else if (header.messageId === line.id) line.isAnswered = true;
  }

  #breach({ messageId, initiatorSpi, response }: Header, what: string): void {
    const name = initiatorSpi.toString(16).padStart(16, '0');
    this.breaches.push(
      `${response ? 'request' : 'at most one request outstanding: request'} ${messageId} of ${name} ${what}`,
    );
  }
}

const isOpening = ({ exchange }: Header): boolean => exchange === ExchangeType.IKE_SA_INIT;

/** Under which IKE SA, and who asks. Of two answers to IKE_SA_INIT each may be tried: two SAs (§2.4). */
function lineOf(header: Header): string {
  const { initiatorSpi, responderSpi, initiator, response } = header;
  const sa = `${initiatorSpi} ${isOpening(header) ? 'opening' : responderSpi}`;
  return `${sa} ${initiator === response ? 'responder' : 'initiator'}`;
}

/** Of the messages of an IKE SA: what answers an unknown SPI in clear belongs to none. */
function protectedHeader(octets: Uint8Array): Header | undefined {
  try {
    const header = parseHeader(messageOf(octets));
    const isSealed =
      header.nextPayload === PayloadType.encrypted || header.nextPayload === PayloadType.fragment;
    return isOpening(header) || isSealed ? header : undefined;
  } catch {
    return undefined;
  }
}

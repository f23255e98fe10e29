/** A capture whose packets say, as comments, what messages they are: decrypted, and with the security labels in them. */
import type { EngineEvent, Path } from '../ike/actions.ts';
import { parseHeader } from '../wire/header.ts';
import { ExchangeType, nameOf } from '../wire/numbers.ts';
import { stripMarker } from '../wire/udp-encap.ts';
import { PcapngFile } from './pcapng.ts';

type Direction = 'in' | 'out';
type MessageEvent = Extract<EngineEvent, { kind: 'message' }>;

interface Packet {
  readonly direction: Direction;
  readonly path: Path;
  readonly octets: Uint8Array;
  readonly at: number;
  /** Which message it is, or a fragment of; undefined of what is none. */
  readonly message: string | undefined;
  comment?: string | undefined;
}

/** Messages told of before their datagrams went out: more are forgotten. */
const mostEarly = 64;

export class Capture {
  readonly #file: PcapngFile;
  readonly #failed: (error: unknown) => void;
  readonly #early = new Map<string, string>();
  /** Of this turn: the engine tells what came in after it has read it. */
  #waiting: Packet[] = [];
  #timer: NodeJS.Immediate | undefined;

  /** `failed` hears of what cannot be written. Throws what fs throws. */
  constructor(path: string, failed: (error: unknown) => void) {
    this.#file = new PcapngFile(path);
    this.#failed = failed;
  }

  /** `at`: milliseconds since 1970. */
  datagram(direction: Direction, path: Path, octets: Uint8Array, at: number): void {
    const message = messageOf(direction, path, octets);
    const comment = message === undefined ? undefined : this.#early.get(message);
    if (message !== undefined) this.#early.delete(message);
    this.#waiting.push({ direction, path, octets: octets.slice(), at, message, comment });
    this.#timer ??= setImmediate(() => this.#write());
  }

  message(event: MessageEvent): void {
    const { direction, sa, summary } = event;
    const message = `${direction} ${sa.spiI} ${summary.slice(0, summary.indexOf('{')).trim()}`;
    const packet = this.#waiting.find((each) => each.message === message && each.comment === undefined);
    if (packet) packet.comment = commentOf(event);
    else this.#early.set(message, commentOf(event));
    const [oldest] = this.#early.keys();
    if (oldest !== undefined && this.#early.size > mostEarly) this.#early.delete(oldest);
  }

  close(): void {
    this.#write();
    this.#file.close();
  }

  #write(): void {
    if (this.#timer) clearImmediate(this.#timer);
    this.#timer = undefined;
    try {
      for (const { direction, path, octets, at, comment } of this.#waiting.splice(0))
        this.#file.write(direction, path, octets, at, comment);
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** As the line of the message begins. */
function messageOf(direction: Direction, { socket }: Path, datagram: Uint8Array): string | undefined {
  const octets = socket === 'nat' ? stripMarker(datagram) : datagram;
  if (octets === undefined) return undefined;
  try {
    const { initiatorSpi, exchange, response, messageId } = parseHeader(octets);
    const spi = initiatorSpi.toString(16).padStart(16, '0');
    return `${direction} ${spi} ${nameOf(ExchangeType, exchange)} ${response ? 'response' : 'request'} ${messageId}`;
  } catch {
    return undefined;
  }
}

function commentOf({ summary, labels = [], retransmission }: MessageEvent): string {
  const said = labels.map((label) => ` label ${label}`).join('');
  return `${summary}${said}${retransmission ? ' (retransmission)' : ''}`;
}

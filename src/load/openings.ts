/** IKE_SA_INIT alone: requests that differ in SPI and nonce and nothing else, so that they cost the responder more than us. */
import type { Crypto } from '../crypto/provider.ts';
import type { Millis, SocketName } from '../ike/actions.ts';
import { ikePayload } from '../policy/proposal.ts';
import { parseAddress } from '../wire/address.ts';
import { encodeMessage, parseMessage } from '../wire/message.ts';
import { ExchangeType, HashAlgorithm, NotifyType, nameOf } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import { addMarker, stripMarker } from '../wire/udp-encap.ts';
import type { Attempts, Listener } from './attempts.ts';
import { retransmitInterval } from './connection.ts';
import type { LoadPlan } from './plan.ts';
import { SourceSockets } from './sockets.ts';
import { random } from './source.ts';
import { parseSuite } from './suite.ts';
import type { Tally } from './tally.ts';

const nonceLength = 32;
/** Milliseconds between looks for requests without an answer. */
const sweep = 100;

interface Waiting {
  readonly sockets: SourceSockets;
  readonly octets: Uint8Array;
  readonly intended: Millis;
  readonly began: Millis;
  again: Millis;
  pause: Millis;
}

export class Openings implements Attempts {
  readonly #plan: LoadPlan;
  readonly #crypto: Crypto;
  readonly #listener: Listener;
  readonly #sources: SourceSockets[] = [];
  readonly #socket: SocketName;
  /** SA and KE, the same in all requests. */
  readonly #offer: readonly Payload[];
  readonly #waiting = new Map<bigint, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #tally: Tally;
  #begun = 0;
  #answered = 0;

  private constructor(plan: LoadPlan, crypto: Crypto, listener: Listener, tally: Tally) {
    this.#plan = plan;
    this.#crypto = crypto;
    this.#listener = listener;
    this.#tally = tally;
    this.#socket = plan.target.port === 500 ? 'ike' : 'nat';
    const { ike } = parseSuite(plan.suite);
    const group = ike[0]?.ke[0] ?? 0;
    // Nobody derives anything from it: one will do for all.
    const pair = crypto.keyExchanges.get(group)?.generate(random);
    this.#offer = [
      { kind: 'sa', proposals: ikePayload(ike) },
      { kind: 'ke', group, data: pair?.publicValue ?? none },
    ];
    pair?.destroy();
    this.#timer = setInterval(() => this.#sweep(), sweep);
  }

  /** Throws SourceError, ProposalTextError. */
  static async open(plan: LoadPlan, crypto: Crypto, listener: Listener, tally: Tally): Promise<Openings> {
    const openings = new Openings(plan, crypto, listener, tally);
    try {
      for (const address of plan.sources) await openings.#open(address);
    } catch (error) {
      await openings.end();
      throw error;
    }
    return openings;
  }

  /** Half-open SAs at the responder; it forgets them by itself. */
  get held(): number {
    return this.#plan.mode === 'half-open' ? this.#answered : 0;
  }

  begin(intended: Millis): boolean {
    const sockets = this.#sources[this.#begun++ % this.#sources.length];
    if (sockets === undefined) return false;
    const spi = new DataView(random(8).buffer).getBigUint64(0) | 1n;
    const octets = this.#request(spi, sockets);
    const now = performance.now();
    const again = now + retransmitInterval;
    this.#waiting.set(spi, { sockets, octets, intended, began: now, again, pause: retransmitInterval });
    sockets.send(this.#socket, octets);
    return true;
  }

  countIn(tally: Tally): void {
    this.#tally = tally;
    for (const source of this.#sources) source.countIn(tally);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  async #open(address: string): Promise<void> {
    const sockets = await SourceSockets.open(address, this.#plan.target, this.#tally);
    sockets.receive((socket, octets) => this.#receive(socket, octets));
    this.#sources.push(sockets);
  }

  #request(initiatorSpi: bigint, sockets: SourceSockets): Uint8Array {
    const { local, remote } = sockets.path(this.#socket);
    const payloads: Payload[] = [
      ...this.#offer,
      { kind: 'nonce', data: random(nonceLength) },
      notify(NotifyType.NAT_DETECTION_SOURCE_IP, this.#endpointHash(initiatorSpi, local)),
      notify(NotifyType.NAT_DETECTION_DESTINATION_IP, this.#endpointHash(initiatorSpi, remote)),
      notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED, none),
      notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, Uint8Array.of(0, HashAlgorithm.SHA2_256)),
    ];
    const fields = {
      initiatorSpi,
      responderSpi: 0n,
      exchange: ExchangeType.IKE_SA_INIT,
      initiator: true,
      response: false,
      messageId: 0,
    };
    const octets = encodeMessage(fields, payloads);
    return this.#socket === 'nat' ? addMarker(octets) : octets;
  }

  /** RFC 7296 §2.23. */
  #endpointHash(spi: bigint, { address, port }: { address: string; port: number }): Uint8Array {
    const fixed = new Uint8Array(18);
    const view = new DataView(fixed.buffer);
    view.setBigUint64(0, spi);
    view.setUint16(16, port);
    return this.#crypto.hash(
      'sha1',
      fixed.subarray(0, 16),
      parseAddress(address) ?? none,
      fixed.subarray(16),
    );
  }

  #receive(socket: SocketName, datagram: Uint8Array): void {
    const octets = socket === 'nat' ? stripMarker(datagram) : datagram;
    if (octets === undefined || octets.length < 28) return;
    const spi = new DataView(octets.buffer, octets.byteOffset).getBigUint64(0);
    const waiting = this.#waiting.get(spi);
    if (waiting === undefined) return;
    this.#waiting.delete(spi);
    const what = answerOf(octets);
    const wanted = this.#plan.mode === 'cookie' ? 'COOKIE' : 'KE';
    if (what === wanted) {
      this.#answered++;
      this.#listener.done(performance.now() - waiting.intended);
    } else this.#listener.failed(`answered ${what}`);
    this.#listener.ended();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [spi, waiting] of this.#waiting) {
      if (waiting.again > now) continue;
      if (now - waiting.began >= this.#plan.timeout) {
        this.#waiting.delete(spi);
        this.#listener.failed('TIMEOUT');
        this.#listener.ended();
        continue;
      }
      waiting.pause *= 2;
      waiting.again = Math.min(now + waiting.pause, waiting.began + this.#plan.timeout);
      this.#tally.retransmits++;
      waiting.sockets.send(this.#socket, waiting.octets);
    }
  }
}

const none = new Uint8Array(0);

const notify = (type: number, data: Uint8Array): Payload => ({
  kind: 'notify',
  protocol: 0,
  spi: none,
  type,
  data,
});

/** `KE`, or the name of the notify that came instead. */
function answerOf(octets: Uint8Array): string {
  try {
    const { payloads } = parseMessage(octets);
    if (payloads.some(({ kind }) => kind === 'ke')) return 'KE';
    const told = payloads.find((payload) => payload.kind === 'notify');
    return told?.kind === 'notify' ? nameOf(NotifyType, told.type) : 'nothing';
  } catch {
    return 'what breaks the grammar';
  }
}

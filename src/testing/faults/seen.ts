/** What the fault layer remembers of the datagrams that came by. */
import { toHex } from '../../wire/hex.ts';
import { ExchangeType } from '../../wire/numbers.ts';
import type { Flight } from '../flight.ts';
import type { Opening, Openings } from './job.ts';

/** So many datagrams are kept for replays. */
const history = 4096;

const addressesOf = ({ source, destination }: Flight): string => `${source.address} ${destination.address}`;
const wayOf = ({ source, destination }: Flight): string =>
  `${source.address} ${source.port} ${destination.address} ${destination.port}`;

export class Seen {
  readonly #own: readonly string[];
  readonly #flights: Flight[] = [];
  readonly #octets = new Set<string>();
  readonly #sas: bigint[] = [];
  readonly #openings = new Map<bigint, { request?: Arrived; response?: Arrived }>();

  /** `own`: the addresses of the misbehaving peer. */
  constructor(own: readonly string[]) {
    this.#own = own;
  }

  direction({ source }: Flight): 'in' | 'out' {
    return this.#own.includes(source.address) ? 'out' : 'in';
  }

  /** The same octets went the same way before. */
  isAgain(flight: Flight): boolean {
    return this.#octets.has(this.#name(flight));
  }

  /** Counts IKE SAs from 1, in the order they were seen. */
  saNumber({ header }: Flight): number | undefined {
    const at = header ? this.#sas.indexOf(header.initiatorSpi) : -1;
    return at < 0 ? undefined : at + 1;
  }

  /** What the same sender sent to the same end before, from and to whatever port, oldest first. */
  earlier(flight: Flight): readonly Flight[] {
    return this.#flights.filter((other) => other !== flight && addressesOf(other) === addressesOf(flight));
  }

  /** The request a response is for. */
  requestOf({ header }: Flight): Flight | undefined {
    return this.#flights.findLast(
      ({ header: other }) =>
        other !== undefined &&
        !other.response &&
        other.initiatorSpi === header?.initiatorSpi &&
        other.messageId === header.messageId,
    );
  }

  /** Before the rules look at it, so that they know its SA. */
  notice({ header }: Flight): void {
    if (header && !this.#sas.includes(header.initiatorSpi)) this.#sas.push(header.initiatorSpi);
  }

  /** After the rules: `arrived` is what becomes of it. */
  remember(flight: Flight, arrived: Uint8Array): void {
    this.#flights.push(flight);
    if (this.#flights.length > history) this.#flights.shift();
    this.#octets.add(this.#name(flight));
    if (flight.header?.exchange !== ExchangeType.IKE_SA_INIT) return;
    const opening = this.#openings.get(flight.header.initiatorSpi) ?? {};
    opening[flight.header.response ? 'response' : 'request'] = { sent: flight.octets, arrived };
    this.#openings.set(flight.header.initiatorSpi, opening);
  }

  readonly openings: Openings = {
    of: (spi): Opening | undefined => {
      const { request, response } = this.#openings.get(spi) ?? {};
      return request && response && { request, response };
    },
  };

  #name(flight: Flight): string {
    return `${wayOf(flight)} ${toHex(flight.octets)}`;
  }
}

/** Octets of a datagram as they were sent, and as they arrive. */
export interface Arrived {
  readonly sent: Uint8Array;
  readonly arrived: Uint8Array;
}

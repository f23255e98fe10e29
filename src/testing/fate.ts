/** What happens to a datagram between sender and receiver. */
import type { Endpoint, Millis } from '../ike/actions.ts';
import type { PayloadKind } from '../wire/payloads/index.ts';
import type { Flight } from './flight.ts';
import type { Seeded } from './seeded.ts';

/** One arrival of a datagram; what is not said stays as it was sent. */
export interface Passage {
  /** Milliseconds more than the network's latency. */
  readonly after?: Millis;
  /** Arrives after this many more datagrams of the same sender, or after ten seconds when they do not come. */
  readonly behind?: number;
  readonly octets?: Uint8Array;
  readonly source?: Endpoint;
  readonly destination?: Endpoint;
}

/** Each time a datagram arrives; an empty list loses it; undefined says nothing about it. */
export type Fate = (flight: Flight) => readonly Passage[] | undefined;

/** Asks the fates in turn; the first that says anything decides how the datagram arrives. */
export function decide(flight: Flight, fates: readonly Fate[]): void {
  let passages: readonly Passage[] | undefined;
  for (const fate of [...fates]) passages ??= fate(flight);
  if (passages !== undefined) flight.passages = passages;
}

export const drop: Fate = () => [];

/** It arrives, and `copies` times more, `apart` milliseconds each after the one before. */
export const copy =
  (copies = 1, apart: Millis = 1): Fate =>
  () =>
    Array.from({ length: copies + 1 }, (_, at) => ({ after: at * apart }));

export const delay =
  (after: Millis): Fate =>
  () => [{ after }];

/** It arrives only after the `behind` next datagrams of its sender. */
export const reorder =
  (behind = 1): Fate =>
  () => [{ behind }];

/** Other octets arrive. */
export const rewrite =
  (change: (octets: Uint8Array, flight: Flight) => Uint8Array): Fate =>
  (flight) => [{ octets: change(flight.octets.slice(), flight) }];

/** It arrives from elsewhere. */
export const from =
  (source: Endpoint): Fate =>
  () => [{ source }];

/** The first that says anything. */
export const inTurn =
  (...fates: readonly Fate[]): Fate =>
  (flight) => {
    for (const fate of fates) {
      const passages = fate(flight);
      if (passages !== undefined) return passages;
    }
    return undefined;
  };

/** Which datagrams are meant; what is not said does not matter. */
export interface Match {
  /** Address of the sender, or of the receiver, as the sender wrote it. */
  readonly from?: string;
  readonly to?: string;
  /** ExchangeType. */
  readonly exchange?: number;
  readonly response?: boolean;
  readonly messageId?: number;
  /** A payload of that kind is inside, encrypted or not. */
  readonly payload?: PayloadKind;
  /** Number of the fragment. */
  readonly fragment?: number;
  /** Only these of the datagrams that match: 1 is the first. */
  readonly nth?: number | readonly number[];
}

/** A fate for those that match only. */
export function on(match: Match, fate: Fate): Fate {
  const wanted = match.nth === undefined ? undefined : [match.nth].flat();
  let seen = 0;
  return (flight) => {
    if (!matches(match, flight)) return undefined;
    seen++;
    return wanted === undefined || wanted.includes(seen) ? fate(flight) : undefined;
  };
}

function matches(match: Match, flight: Flight): boolean {
  const { header } = flight;
  const same = <T>(wanted: T | undefined, is: T | undefined): boolean =>
    wanted === undefined || wanted === is;
  return (
    same(match.from, flight.source.address) &&
    same(match.to, flight.destination.address) &&
    same(match.exchange, header?.exchange) &&
    same(match.response, header?.response) &&
    same(match.messageId, header?.messageId) &&
    (match.fragment === undefined || match.fragment === flight.fragment?.number) &&
    (match.payload === undefined || flight.payloads?.some(({ kind }) => kind === match.payload) === true)
  );
}

/** A bad line: each datagram is lost, copied or late with these probabilities, late by up to `latest` milliseconds. */
export function lossy(
  seeded: Seeded,
  rates: {
    readonly drop?: number;
    readonly copy?: number;
    readonly delay?: number;
    readonly latest?: Millis;
  },
): Fate {
  const late = (): Passage => ({
    after: seeded.chance(rates.delay ?? 0) ? seeded.integer(rates.latest ?? 1000) : 0,
  });
  return () => {
    if (seeded.chance(rates.drop ?? 0)) return [];
    return seeded.chance(rates.copy ?? 0) ? [late(), late()] : [late()];
  };
}

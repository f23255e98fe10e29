/** What went over the network, one line a datagram, for people. */
import { describe } from '../wire/describe.ts';
import type { Passage } from './fate.ts';
import type { Flight } from './flight.ts';
import { payloadText } from './payload-text.ts';

/** What has a history: a VirtualNetwork, a LiveNetwork. */
export interface Traffic {
  readonly flights: readonly Flight[];
}

export interface LadderOptions {
  /** A line for each payload too. */
  readonly details?: boolean;
}

/**
 * `   10 ms  10.0.0.1:500 -> 10.0.0.2:500  IKE_SA_INIT request 0 { SA KE Ni ... }`, decrypted where the network has the
 * keys. One line for each datagram that was sent, with its fate unless it simply arrived.
 */
export const ladder = (network: Traffic, options: LadderOptions = {}): string[] =>
  network.flights.flatMap((flight) => rungs(flight, options));

function rungs(flight: Flight, { details = false }: LadderOptions): string[] {
  const indented = (lines: readonly string[]): string[] => lines.map((line) => `${' '.repeat(13)}${line}`);
  return [
    line(flight),
    ...(details ? indented(payloadsOf(flight)) : []),
    ...flight.passages.flatMap((passage) => arrival(flight, passage, details)),
  ];
}

function line(flight: Flight): string {
  const { source, destination } = flight;
  const ends = `${source.address}:${source.port} -> ${destination.address}:${destination.port}`;
  return `${String(flight.at).padStart(6)} ms  ${ends}  ${content(flight)}${fateOf(flight)}`;
}

function fateOf({ passages }: Flight): string {
  const [first] = passages;
  if (first === undefined) return '  LOST';
  if (passages.length > 1) return `  ARRIVES ${passages.length} TIMES`;
  if (first.behind !== undefined) return `  BEHIND ${first.behind} MORE`;
  return first.after ? `  ${first.after} ms LATE` : '';
}

/** An arrival that is not what was sent. */
function arrival(flight: Flight, { octets, source, destination }: Passage, details: boolean): string[] {
  if (octets === undefined || octets === flight.octets) return [];
  const ends = { source: source ?? flight.source, destination: destination ?? flight.destination };
  const arrived = flight.with(octets, ends);
  const way = `${ends.source.address}:${ends.source.port} -> ${ends.destination.address}:${ends.destination.port}`;
  const more = details ? payloadsOf(arrived).map((text) => `${' '.repeat(13)}${text}`) : [];
  return [`    => ARRIVES  ${way}  ${content(arrived)}`, ...more];
}

const payloadsOf = ({ payloads }: Flight): string[] => (payloads ?? []).map(payloadText);

/** A flight's message in one line, or how many octets it has. */
export function content(flight: Flight): string {
  const { header, payloads, fragment, octets } = flight;
  if (header === undefined) return `${octets.length} octets`;
  if (payloads !== undefined) return describe({ header, payloads });
  const part = fragment ? `SKF ${fragment.number}/${fragment.total}` : 'SK';
  return describe({ header, payloads: [] }).replace(/\{.*\}/, `{ ${part} }`);
}

/** What went over the network, one line a datagram, for people. */
import { describe } from '../wire/describe.ts';
import type { Flight } from './flight.ts';
import type { VirtualNetwork } from './network.ts';

/**
 * `   10 ms  10.0.0.1:500 -> 10.0.0.2:500  IKE_SA_INIT request 0 { SA KE Ni ... }`, decrypted where the network has the
 * keys. One line for each datagram that was sent, whatever its fate.
 */
export const ladder = (network: VirtualNetwork): string[] => network.flights.map(line);

function line(flight: Flight): string {
  const { source, destination } = flight;
  const ends = `${source.address}:${source.port} -> ${destination.address}:${destination.port}`;
  return `${String(flight.at).padStart(6)} ms  ${ends}  ${content(flight)}`;
}

function content(flight: Flight): string {
  const { header, payloads, fragment, octets } = flight;
  if (header === undefined) return `${octets.length} octets`;
  if (payloads !== undefined) return describe({ header, payloads });
  const part = fragment ? `SKF ${fragment.number}/${fragment.total}` : 'SK';
  return describe({ header, payloads: [] }).replace(/\{.*\}/, `{ ${part} }`);
}

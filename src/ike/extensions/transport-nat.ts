/** Transport mode through a NAT: whose addresses the selectors name. RFC 7296 §2.23.1. */
import { formatAddress, parseAddress } from '../../wire/address.ts';
import type { RangeSelector, TrafficSelector } from '../../wire/payloads/ts.ts';

/**
 * Transport mode through a NAT: each end names the addresses it sees, so the responder looks its policy up with those
 * it sees itself, and answers with the initiator's. §2.23.1.
 */
export function readdress<T extends TrafficSelector>(
  selectors: readonly T[],
  address: string | undefined,
): T[] {
  const end = address === undefined ? undefined : parseAddress(address);
  return selectors.map((selector) => {
    const fits = end && isHost(selector) && selector.start.length === end.length;
    return fits ? { ...selector, start: end, end } : selector;
  });
}

const isHost = (selector: TrafficSelector): selector is RangeSelector =>
  selector.kind === 'range' && selector.start.every((octet, at) => octet === selector.end[at]);

/** Whether all are of one address, as they must be to be readdressed. */
export const isOneHost = (selectors: readonly TrafficSelector[]): boolean =>
  selectors.every((each) => isHost(each) && formatAddress(each.start) === hostOf(selectors));

/** The address of the first selector that names one host. */
export const hostOf = (selectors: readonly TrafficSelector[]): string | undefined => {
  const host = selectors.find(isHost);
  return host && formatAddress(host.start);
};

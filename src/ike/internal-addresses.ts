/** Addresses that came by the Configuration payload, and what dynamic selectors stand for. RFC 7296 §2.19. */
import type { AddressFamily, ConfigurationClient, PadEntry } from '../policy/policy.ts';
import type { Lease } from '../policy/pool.ts';
import type { AddressRange } from '../policy/range.ts';
import { allTraffic, type FixedSelector, type SelectorPolicy } from '../policy/selector.ts';
import { parseAddress } from '../wire/address.ts';
import type { IkeSa } from './ike-sa.ts';

/** Passed on, as the children are, to the IKE SA that takes over from another. */
export interface InternalAddresses {
  /** Whom leases of the peer's are kept for; undefined: nobody. */
  owner: string | undefined;
  /** What we gave the peer. */
  readonly leases: Lease[];
  /** What the peer gave us: addresses, and prefixes. */
  assigned: readonly AddressRange[];
}

export const noAddresses = (): InternalAddresses => ({ owner: undefined, leases: [], assigned: [] });

const everywhere = (family: AddressFamily): AddressRange => {
  const start = new Uint8Array(family === 'ipv4' ? 4 : 16);
  return { start, end: start.map(() => 0xff) };
};

export const familyOf = ({ start }: AddressRange): AddressFamily => (start.length === 4 ? 'ipv4' : 'ipv6');

/** What an end asks for that is to have an internal address of its peer's; undefined when its own will do. */
export function clientOf(
  { nat }: IkeSa,
  { configuration }: Pick<PadEntry, 'configuration'>,
): ConfigurationClient | undefined {
  if (configuration?.role !== 'client') return undefined;
  return configuration.onlyBehindNat && !nat.here ? undefined : configuration;
}

/** Our selectors. A client without an address has no dynamic ones. */
export function ownSelectors(sa: IkeSa, own: readonly SelectorPolicy[]): FixedSelector[] {
  const client = sa.entry && clientOf(sa, sa.entry) !== undefined;
  return inPlaces(own, client ? sa.internal.assigned : [host(sa.path.local.address)]);
}

/** Our selectors as we offer them: a client without an address offers all, to have them narrowed to the one it gets. */
export function offeredSelectors(sa: IkeSa, own: readonly SelectorPolicy[]): FixedSelector[] {
  const client = sa.entry && clientOf(sa, sa.entry);
  if (client === undefined || sa.internal.assigned.length > 0) return ownSelectors(sa, own);
  return inPlaces(own, client.families.map(everywhere));
}

/** The peer's selectors. */
export function peerSelectors(sa: IkeSa, theirs: readonly SelectorPolicy[]): FixedSelector[] {
  const { leases } = sa.internal;
  return inPlaces(theirs, leases.length > 0 ? leases : [host(sa.path.remote.address)]);
}

const host = (address: string): AddressRange => {
  const octets = parseAddress(address) ?? new Uint8Array(0);
  return { start: octets, end: octets };
};

/** A dynamic selector is one of its kind in each place. */
const inPlaces = (selectors: readonly SelectorPolicy[], places: readonly AddressRange[]): FixedSelector[] =>
  selectors.flatMap((each) => {
    if (!each.dynamic) return [each];
    const { protocol, startPort, endPort } = each;
    return places.map((place) => ({ ...allTraffic(place), protocol, startPort, endPort }));
  });

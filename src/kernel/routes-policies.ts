/** What routing asks of policies: which packets they are of, and where two of them meet. */
import type { Rule } from './rtnetlink.ts';

export interface RoutedPolicy {
  readonly action: 'protect' | 'bypass' | 'discard';
  /** The lowest decides; of equal ones the newest. */
  readonly priority: number;
  readonly local: RoutedSelector;
  readonly remote: RoutedSelector;
}

export interface RoutedSelector {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** What a rule asks besides addresses. */
export type Kind = Pick<Rule, 'protocol' | 'sourcePorts' | 'destinationPorts'>;

/** Of a protocol, or of ports. */
export const isNarrow = ({ local, remote }: RoutedPolicy): boolean =>
  local.protocol !== 0 || remote.protocol !== 0 || !anyPort(local) || !anyPort(remote);

/**
 * What routing cannot see (ICMP's type and code, mobility headers, OPAQUE ports) is left out: the kind is wider than
 * the policy. Undefined where that must not be, for a bypass.
 */
export function kindOf(policy: RoutedPolicy): Kind | undefined {
  const { local, remote, action } = policy;
  const protocol = protocolOf(policy);
  if (!isNarrow(policy)) return {};
  const ports = portProtocols.has(protocol) && [local, remote].every(inOrder);
  if (!ports && action === 'bypass' && !(anyPort(local) && anyPort(remote))) return undefined;
  return {
    protocol,
    ...(ports && !anyPort(local) && { sourcePorts: [local.startPort, local.endPort] as const }),
    ...(ports && !anyPort(remote) && { destinationPorts: [remote.startPort, remote.endPort] as const }),
  };
}

/** Whether a packet can be of both. */
export const overlap = (a: RoutedPolicy, b: RoutedPolicy): boolean =>
  addressesMeet(a.local, b.local) && portsMeet(a.local, b.local) && remotesMeet(a, b);

/** Whether a packet whose local end is yet to be chosen can be of both. */
export function remotesMeet(a: RoutedPolicy, b: RoutedPolicy): boolean {
  const [one, other] = [protocolOf(a), protocolOf(b)];
  const protocolsMeet = one === 0 || other === 0 || one === other;
  return protocolsMeet && addressesMeet(a.remote, b.remote) && portsMeet(a.remote, b.remote);
}

export const within = ({ start, end }: RoutedSelector, address: Uint8Array): boolean =>
  address.length === start.length && compare(start, address) <= 0 && compare(address, end) <= 0;

const addressesMeet = (a: RoutedSelector, b: RoutedSelector): boolean =>
  a.start.length === b.start.length && compare(a.start, b.end) <= 0 && compare(b.start, a.end) <= 0;

/** OPAQUE ports meet all. */
const portsMeet = (a: RoutedSelector, b: RoutedSelector): boolean =>
  !inOrder(a) || !inOrder(b) || (a.startPort <= b.endPort && b.startPort <= a.endPort);

const protocolOf = ({ local, remote }: RoutedPolicy): number => local.protocol || remote.protocol;
const anyPort = ({ startPort, endPort }: RoutedSelector): boolean => startPort === 0 && endPort === 65_535;
const inOrder = ({ startPort, endPort }: RoutedSelector): boolean => startPort <= endPort;

/** TCP, UDP, SCTP, DCCP: those whose ports a rule can tell. */
const portProtocols: ReadonlySet<number> = new Set([6, 17, 33, 132]);

function compare(a: Uint8Array, b: Uint8Array): number {
  for (const [i, octet] of a.entries()) if (octet !== b[i]) return octet - (b[i] ?? 0);
  return 0;
}

/** What a daemon says of itself: the result of the control protocol's `status`. */
import type { Crypto } from '../crypto/provider.ts';
import type { ChildSaStatus, Due, IkeSaStatus, RouteStatus, ShuntStatus } from '../ike/status.ts';
import type { Kernel, SaCounters } from '../kernel/port.ts';
import { formatIdentity } from '../policy/identity.ts';
import { formatLabel, mostLabelOctets } from '../policy/label.ts';
import type { PadEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import { transformsOf } from './esp-lacks.ts';
import type { LastRefusal } from './label-refusals.ts';
import type { LabelDecision } from './labels.ts';
import type { SaBook } from './sa-book.ts';
import type { LocalPorts } from './udp.ts';

export type { ChildSaStatus, Due, IkeSaStatus, RouteStatus, SaCounters, ShuntStatus };

/** With its number, which no other SA of this run has had. */
export interface NumberedIkeSa extends Omit<IkeSaStatus, 'children'> {
  readonly number: number;
  /** Which of its connection's IKE SAs, from 1; stays through rekeys. 0 while nobody is proven. */
  readonly instance: number;
  readonly children: readonly NumberedChildSa[];
}

export interface NumberedChildSa extends ChildSaStatus {
  readonly number: number;
  /** Unix seconds. */
  readonly addTime: number;
  /** `ipsec-max-bytes=`; 0: without limit. */
  readonly maxOctets: number;
}

export interface DaemonStatus {
  readonly pid: number;
  /** Seconds since the start. */
  readonly uptime: number;
  /** Milliseconds on the clock of `rekeyAt`, `endsAt` and `lastUse`. */
  readonly now: number;
  readonly kernel: string;
  /** Who decides on security labels. */
  readonly labels: LabelDecision;
  /** What the connections may ask for and the data plane cannot do, a line each. */
  readonly lacks: readonly string[];
  readonly listening: readonly LocalPorts[];
  /** Names of all connections, those without a peer too. */
  readonly loaded: readonly string[];
  readonly connections: readonly ConnectionStatus[];
  readonly ikeSas: readonly NumberedIkeSa[];
  /** On-demand policies. */
  readonly routes: readonly RouteStatus[];
  /** What goes in clear, or not at all. */
  readonly shunts: readonly ShuntStatus[];
  /** By our inbound SPI: what each child carried, in and out. */
  readonly traffic: Readonly<Record<string, { readonly in?: SaCounters; readonly out?: SaCounters }>>;
  readonly counters: Readonly<Record<string, number>>;
}

export interface ConnectionStatus {
  readonly name: string;
  readonly start: PadEntry['start'];
  /** `partial`: its IKE SA is up, and not all of its children. */
  readonly state: 'up' | 'partial' | 'negotiating' | 'down';
  readonly local: string;
  readonly localId: string;
  /** Null: any. */
  readonly remote: string | null;
  readonly remoteId: string | null;
  readonly children: readonly {
    readonly name: string;
    readonly mode: string;
    readonly local: string;
    readonly remote: string;
    /** The security label of its policy. */
    readonly label?: string;
  }[];
  /** The last time that a security label was refused, by whomever. */
  readonly lastRefusal?: LastRefusal;
}

/** The engine's SAs with what the daemon knows of them. */
export function numbered(
  ikeSas: readonly IkeSaStatus[],
  entries: readonly PadEntry[],
  book: Pick<SaBook, 'ike' | 'child'>,
): NumberedIkeSa[] {
  const named = new Map(entries.map((entry) => [entry.name, entry]));
  return ikeSas.map(({ children, ...sa }) => {
    const { number, instance } = book.ike(sa);
    return {
      ...sa,
      number,
      instance,
      children: children.map((child) => {
        const { children: spds = [] } = named.get(child.connection) ?? {};
        const limit = spds.find(({ name }) => name === child.child)?.lifetime.octets ?? 0;
        return { ...child, ...book.child(child.inboundSpi), maxOctets: limit };
      }),
    };
  });
}

/** Suites of ESP that connections may ask for and the data plane cannot do, a line each. */
export function lacksOf(entries: readonly PadEntry[], crypto: Crypto, kernel: Kernel): string[] {
  const proposals = entries.flatMap(({ children }) => children.flatMap((child) => child.proposals));
  return [...new Set(transformsOf(proposals, crypto).flatMap((each) => kernel.lacks?.(each) ?? []))];
}

/** What each child carried, by our inbound SPI. */
export function trafficOf(
  ikeSas: readonly IkeSaStatus[],
  kernel: Pick<Kernel, 'counters'>,
): DaemonStatus['traffic'] {
  const children = ikeSas.flatMap(({ path, children }) => children.map((child) => ({ path, ...child })));
  const traffic = children.map(({ path, inboundSpi, outboundSpi }) => {
    const inbound = kernel.counters({ spi: inboundSpi, destination: path.local.address });
    const outbound = kernel.counters({ spi: outboundSpi, destination: path.remote.address });
    return [inboundSpi, { ...(inbound && { in: inbound }), ...(outbound && { out: outbound }) }] as const;
  });
  return Object.fromEntries(traffic);
}

export function connectionStatus(
  entry: PadEntry,
  ikeSas: readonly IkeSaStatus[],
  lastRefusal?: LastRefusal,
): ConnectionStatus {
  const own = sasOf(entry.name, ikeSas);
  return {
    name: entry.name,
    start: entry.start,
    state: stateOf(entry, own),
    local: entry.local.address,
    localId: formatIdentity(entry.local.identity),
    remote: entry.remote.address ?? null,
    remoteId: entry.remote.identity ? formatIdentity(entry.remote.identity) : null,
    children: entry.children.map(({ name, mode, local, remote, label }) => ({
      name,
      mode,
      local: local.map(formatSelector).join(' '),
      remote: remote.map(formatSelector).join(' '),
      ...(label && { label: formatLabel(label, mostLabelOctets) }),
    })),
    ...(lastRefusal && { lastRefusal }),
  };
}

function stateOf(entry: PadEntry, own: readonly IkeSaStatus[]): ConnectionStatus['state'] {
  const missing = missingChildren(entry, own);
  if (missing) return missing.length === 0 ? 'up' : 'partial';
  return own.some(({ phase }) => phase === 'init' || phase === 'authenticating') ? 'negotiating' : 'down';
}

/** An IKE SA is established, with all children of the connection. */
export const isUp = (entry: PadEntry, ikeSas: readonly IkeSaStatus[]): boolean =>
  missingChildren(entry, ikeSas)?.length === 0;

/**
 * The IKE SAs of a connection, and those of another of the same ends that carry a child of it; each with the connection's
 * own children alone.
 */
export function sasOf<Child extends ChildSaStatus, Sa extends Pick<IkeSaStatus, 'connection'>>(
  name: string,
  ikeSas: readonly (Sa & { readonly children: readonly Child[] })[],
): (Sa & { readonly children: readonly Child[] })[] {
  return ikeSas.flatMap((sa) => {
    const children = sa.children.filter(({ connection }) => connection === name);
    return sa.connection === name || children.length > 0 ? [{ ...sa, children }] : [];
  });
}

/** Names of the children that are not up; undefined without an established IKE SA. */
export function missingChildren(
  entry: PadEntry,
  ikeSas: readonly IkeSaStatus[],
): readonly string[] | undefined {
  const own = sasOf(entry.name, ikeSas).filter(({ phase }) => phase === 'established');
  if (own.length === 0) return undefined;
  const up = new Set(own.flatMap(({ children }) => children).map(({ child }) => child));
  return childrenOf(entry).filter((name) => !up.has(name));
}

/** Names of the children a connection may have, but for those that only a packet's label makes. */
export const childrenOf = (entry: PadEntry): readonly string[] =>
  entry.children.filter(({ action, template }) => action === 'protect' && !template).map(({ name }) => name);

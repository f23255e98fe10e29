/** What a daemon says of itself: the result of the control protocol's `status`. */
import type { ChildSaStatus, Due, IkeSaStatus } from '../ike/status.ts';
import type { Kernel, SaCounters } from '../kernel/port.ts';
import { formatIdentity } from '../policy/identity.ts';
import type { PadEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import type { LocalPorts } from './udp.ts';

export type { ChildSaStatus, Due, IkeSaStatus };

export interface DaemonStatus {
  readonly pid: number;
  /** Seconds since the start. */
  readonly uptime: number;
  /** Milliseconds on the clock of `rekeyAt`, `endsAt` and `lastUse`. */
  readonly now: number;
  readonly kernel: string;
  readonly listening: readonly LocalPorts[];
  readonly connections: readonly ConnectionStatus[];
  readonly ikeSas: readonly IkeSaStatus[];
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
  }[];
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

export function connectionStatus(entry: PadEntry, ikeSas: readonly IkeSaStatus[]): ConnectionStatus {
  const own = ikeSas.filter(({ connection }) => connection === entry.name);
  return {
    name: entry.name,
    start: entry.start,
    state: stateOf(entry, own),
    local: entry.local.address,
    localId: formatIdentity(entry.local.identity),
    remote: entry.remote.address ?? null,
    remoteId: entry.remote.identity ? formatIdentity(entry.remote.identity) : null,
    children: entry.children.map(({ name, mode, local, remote }) => ({
      name,
      mode,
      local: local.map(formatSelector).join(' '),
      remote: remote.map(formatSelector).join(' '),
    })),
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

/** Names of the children that are not up; undefined without an established IKE SA. */
export function missingChildren(
  entry: PadEntry,
  ikeSas: readonly IkeSaStatus[],
): readonly string[] | undefined {
  const own = ikeSas.filter(({ connection, phase }) => connection === entry.name && phase === 'established');
  if (own.length === 0) return undefined;
  const up = new Set(own.flatMap(({ children }) => children).map(({ child }) => child));
  return childrenOf(entry).filter((name) => !up.has(name));
}

/** Names of the children a connection may have. */
export const childrenOf = (entry: PadEntry): readonly string[] =>
  entry.children.filter(({ action }) => action === 'protect').map(({ name }) => name);

/** What a daemon says of itself: the result of the control protocol's `status`. */
import type { IkeSaStatus } from '../ike/status.ts';
import type { Kernel, SaCounters } from '../kernel/port.ts';
import { formatIdentity } from '../policy/identity.ts';
import type { PadEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import type { LocalPorts } from './udp.ts';

export type { IkeSaStatus };

export interface DaemonStatus {
  readonly pid: number;
  /** Seconds since the start. */
  readonly uptime: number;
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
  readonly state: 'up' | 'negotiating' | 'down';
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
    state: isUp(entry, own) ? 'up' : own.length > 0 ? 'negotiating' : 'down',
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

/** An IKE SA is established, and a child with it when the connection has any. */
export const isUp = (entry: PadEntry, ikeSas: readonly IkeSaStatus[]): boolean =>
  ikeSas.some(
    ({ connection, phase, children }) =>
      connection === entry.name &&
      phase === 'established' &&
      (children.length > 0 || entry.children.length === 0),
  );

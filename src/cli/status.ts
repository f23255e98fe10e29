/** `ikev2 status`: what is loaded and what is up. */
import type { Command } from 'commander';
import { duration } from '../daemon/duration.ts';
import { formatEndpoint } from '../daemon/endpoint.ts';
import { labelWords } from '../daemon/labels.ts';
import { escapeText, formatSpi } from '../daemon/lines.ts';
import type {
  ConnectionStatus,
  DaemonStatus,
  Due,
  NumberedChildSa,
  NumberedIkeSa,
  RouteStatus,
  SaCounters,
  ShuntStatus,
} from '../daemon/status.ts';
import { type ControlOptions, withControl } from './options.ts';
import { type Colour, type Output, paint } from './output.ts';
import { ofConnection } from './status-choice.ts';
import { withDaemon } from './with-daemon.ts';

interface StatusOptions extends ControlOptions {
  readonly counters?: boolean;
}

export function add(program: Command): void {
  withControl(program.command('status [name]'))
    .description('show the daemon, its connections and their SAs')
    .option('--counters', 'show the counters too')
    .action((name: string | undefined, options: StatusOptions) =>
      withDaemon(options, async (control, output) => {
        const status = ofConnection(await control.request<DaemonStatus>({ command: 'status' }), name);
        if (name === undefined) showDaemon(status, output);
        for (const connection of status.connections) showConnection(connection, status, output);
        for (const sa of status.ikeSas) if (sa.connection === undefined) showSa(sa, status, output);
        for (const shunt of status.shunts) showShunt(shunt, status, output);
        if (options.counters) showCounters(status.counters, output);
      }),
    );
}

function showDaemon(status: DaemonStatus, output: Output): void {
  const { pid, uptime, kernel, labels, lacks, listening, counters } = status;
  const where = listening
    .map(({ address, ike, nat }) => `${formatEndpoint({ address, port: ike })} and ${nat}`)
    .join(', ');
  output.line(`daemon ${pid}, up ${uptime} s, ${kernel} data plane, listening on ${where || 'nothing'}`);
  output.line(`  security labels: ${labelWords[labels]}`);
  for (const lack of lacks) output.line(`  the data plane cannot do ${lack}`);
  output.object({ kind: 'daemon', pid, uptime, kernel, labels, lacks, listening, counters });
}

const colours: Record<ConnectionStatus['state'], Colour> = {
  up: 'green',
  partial: 'yellow',
  negotiating: 'yellow',
  down: 'dim',
};

function showConnection(connection: ConnectionStatus, status: DaemonStatus, output: Output): void {
  const { name, state, start, local, localId, remote, remoteId } = connection;
  const ends = `${local} (${localId}) - ${remote ?? '%any'} (${remoteId ?? '%any'})`;
  output.line(`${paint('bold', name)} ${paint(colours[state], state)}, auto=${start}, ${ends}`);
  output.object({ kind: 'connection', ...connection });
  const { lastRefusal: refused } = connection;
  if (refused) output.line(`  label last refused ${refused.check}: ${refused.text}`);
  for (const route of status.routes) if (route.connection === name) showRoute(route, output);
  // Of one connection alone, those of others too that carry its children.
  const isAlone = status.connections.length === 1;
  for (const sa of status.ikeSas)
    if (sa.connection === name || (isAlone && sa.children.length > 0)) showSa(sa, status, output);
}

function showRoute(route: RouteStatus, output: Output): void {
  const { child, local, remote, mode, negotiating, label } = route;
  const flows = negotiating > 0 ? `, ${negotiating} under negotiation` : '';
  output.line(`  on demand ${child}: ${mode} mode, ${local} === ${remote}${ofLabel(label)}${flows}`);
  output.object({ kind: 'route', ...route });
}

function showShunt(shunt: ShuntStatus, { now }: DaemonStatus, output: Output): void {
  const { connection, local, remote, what, why, until } = shunt;
  const end = until === undefined ? '' : `, ends in ${duration(until - now)}`;
  output.line(`${what} for ${connection}: ${local} === ${remote}, by ${why}${end}`);
  output.object({ kind: 'shunt', ...shunt });
}

function showSa(sa: NumberedIkeSa, { traffic, now }: DaemonStatus, output: Output): void {
  const { path, spiI, spiR, role, phase, suite, remoteId, number } = sa;
  const peer = remoteId === undefined ? '' : ` ${escapeText(remoteId)}`;
  const state = phase === 'replaced' ? 'replaced by a rekey' : phase;
  output.line(
    `  IKE SA #${number} ${state} as ${role}, SPIs ${spiI} ${spiR}, ${suite ?? 'no suite yet'}${due(sa, now)}`,
  );
  output.line(`    ${formatEndpoint(path.local)} - ${formatEndpoint(path.remote)}${peer}`);
  output.object({ kind: 'ikeSa', ...sa });
  for (const child of sa.children) {
    const { in: inbound, out: outbound } = traffic[child.inboundSpi] ?? {};
    const esp = `ESP${child.encapsulated ? ' in UDP' : ''} ${child.suite}`;
    output.line(
      `    child #${child.number} ${child.child}${states[child.state]}: ${child.mode} mode, ${esp}${due(child, now)}`,
    );
    output.line(
      `      SPI in ${formatSpi(child.inboundSpi)} (${carried(inbound, now)}) out ${formatSpi(child.outboundSpi)} (${carried(outbound, now)})`,
    );
    output.line(`      ${child.local} === ${child.remote}${ofLabel(child.label)}`);
    output.object({ kind: 'childSa', ...child, inbound, outbound });
  }
}

const ofLabel = (label: string | undefined): string => (label === undefined ? '' : `, label ${label}`);

/** `3 packets, 252 octets, the last 12 s ago`. */
function carried(counters: SaCounters | undefined, now: number): string {
  const { packets = 0, octets = 0, lastUse } = counters ?? {};
  const last = lastUse === undefined ? '' : `, the last ${duration(now - lastUse)} ago`;
  return `${packets} packets, ${octets} octets${last}`;
}

const states: Record<NumberedChildSa['state'], string> = {
  installed: '',
  new: ' (rekeyed by the peer, who has yet to move to it)',
  replaced: ' (replaced by a rekey)',
};

/** `, rekey in 49 min, ends in 60 min`. */
function due({ rekeyAt, endsAt }: Due, now: number): string {
  const rekey = rekeyAt === undefined ? '' : `, rekey in ${duration(rekeyAt - now)}`;
  return endsAt === undefined ? rekey : `${rekey}, ends in ${duration(endsAt - now)}`;
}

function showCounters(counters: DaemonStatus['counters'], output: Output): void {
  for (const [name, value] of Object.entries(counters)) output.line(`${name.padEnd(32)} ${value}`);
}

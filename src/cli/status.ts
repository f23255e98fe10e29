/** `ikev2 status`: what is loaded and what is up. */
import type { Command } from 'commander';
import { duration } from '../daemon/duration.ts';
import { formatEndpoint } from '../daemon/endpoint.ts';
import { escapeText, formatSpi } from '../daemon/lines.ts';
import type { ChildSaStatus, ConnectionStatus, DaemonStatus, Due, IkeSaStatus } from '../daemon/status.ts';
import { CommandError } from './failure.ts';
import { type ControlOptions, withControl } from './options.ts';
import { type Colour, type Output, paint } from './output.ts';
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
        const status = await control.request<DaemonStatus>({ command: 'status' });
        if (name === undefined) showDaemon(status, output);
        const connections = status.connections.filter((each) => name === undefined || each.name === name);
        if (name !== undefined && connections.length === 0)
          throw new CommandError(`there is no connection "${name}" loaded`);
        for (const connection of connections) showConnection(connection, status, output);
        for (const sa of status.ikeSas)
          if (sa.connection === undefined && name === undefined) showSa(sa, status, output);
        if (options.counters) showCounters(status.counters, output);
      }),
    );
}

function showDaemon({ pid, uptime, kernel, listening, counters }: DaemonStatus, output: Output): void {
  const where = listening
    .map(({ address, ike, nat }) => `${formatEndpoint({ address, port: ike })} and ${nat}`)
    .join(', ');
  output.line(`daemon ${pid}, up ${uptime} s, ${kernel} data plane, listening on ${where || 'nothing'}`);
  output.object({ kind: 'daemon', pid, uptime, kernel, listening, counters });
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
  for (const sa of status.ikeSas) if (sa.connection === name) showSa(sa, status, output);
}

function showSa(sa: IkeSaStatus, { traffic, now }: DaemonStatus, output: Output): void {
  const { path, spiI, spiR, role, phase, suite, remoteId } = sa;
  const peer = remoteId === undefined ? '' : ` ${escapeText(remoteId)}`;
  const state = phase === 'replaced' ? 'replaced by a rekey' : phase;
  output.line(
    `  IKE SA ${state} as ${role}, SPIs ${spiI} ${spiR}, ${suite ?? 'no suite yet'}${due(sa, now)}`,
  );
  output.line(`    ${formatEndpoint(path.local)} - ${formatEndpoint(path.remote)}${peer}`);
  output.object({ kind: 'ikeSa', ...sa });
  for (const child of sa.children) {
    const { in: inbound, out: outbound } = traffic[child.inboundSpi] ?? {};
    const esp = `ESP${child.encapsulated ? ' in UDP' : ''} ${child.suite}`;
    output.line(
      `    child ${child.child}${states[child.state]}: ${child.mode} mode, ${esp}${due(child, now)}`,
    );
    output.line(
      `      SPI in ${formatSpi(child.inboundSpi)} (${inbound?.packets ?? 0} packets) out ${formatSpi(child.outboundSpi)} (${outbound?.packets ?? 0} packets)`,
    );
    output.line(`      ${child.local} === ${child.remote}`);
    output.object({ kind: 'childSa', ...child, inbound, outbound });
  }
}

const states: Record<ChildSaStatus['state'], string> = {
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

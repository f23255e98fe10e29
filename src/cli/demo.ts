/** `ikev2 demo`: two daemons on loopback, a tunnel between them, and echoes through it both ways. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ControlLine, EchoOutcome } from '../daemon/control-protocol.ts';
import { formatEndpoint } from '../daemon/endpoint.ts';
import { formatSpi } from '../daemon/lines.ts';
import type { PingResult } from '../daemon/ping.ts';
import type { DaemonStatus } from '../daemon/status.ts';
import { type DemoHost, startHost } from './demo-host.ts';
import { CommandError, perform } from './failure.ts';
import { type Arrow, ladderBar, ladderHead, ladderRung } from './ladder.ts';
import { jsonOption } from './options.ts';
import { Output, paint } from './output.ts';

interface DemoOptions {
  readonly json?: boolean;
  readonly keyLog?: string;
  readonly espKeyLog?: string;
  readonly pcap?: string;
}

const name = 'demo';
const initiatorAddress = '127.0.0.1';
const responderAddress = '127.0.0.2';
const echoes = 2;

export function add(program: Command): void {
  program
    .command('demo')
    .description(
      'two daemons on loopback negotiate a tunnel and ping through it; needs no rights and no configuration',
    )
    .option('--key-log <file>', "add IKE keys to it, as lines of Wireshark's ikev2_decryption_table")
    .option('--esp-key-log <file>', "add ESP keys to it, as lines of Wireshark's esp_sa")
    .option('--pcap <file>', 'write what the initiator sends and receives to it, as pcapng')
    .addOption(jsonOption())
    .action((options: DemoOptions) => perform(options, () => demo(options, new Output(options))));
}

async function demo(options: DemoOptions, output: Output): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ikev2-demo-'));
  const hosts: DemoHost[] = [];
  try {
    const secrets = join(directory, 'demo.secrets');
    writeFileSync(secrets, `@initiator @responder : PSK "${randomBytes(24).toString('base64')}"\n`, {
      mode: 0o600,
    });
    const started = await Promise.allSettled([
      startHost(directory, 'initiator', initiatorAddress, secrets, traceOptions(options)),
      startHost(directory, 'responder', responderAddress, secrets),
    ]);
    for (const each of started) if (each.status === 'fulfilled') hosts.push(each.value);
    for (const each of started) if (each.status === 'rejected') throw each.reason;
    const [initiator, responder] = hosts;
    if (initiator && responder) await show(initiator, responder, output);
    if (options.pcap !== undefined) output.line(readingHint(options.pcap, hosts));
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

const traceOptions = ({ keyLog, espKeyLog, pcap }: DemoOptions): string[] => [
  ...(keyLog === undefined ? [] : ['--key-log', keyLog]),
  ...(espKeyLog === undefined ? [] : ['--esp-key-log', espKeyLog]),
  ...(pcap === undefined ? [] : ['--pcap', pcap]),
];

/** On ports of its own Wireshark must be told what is there. */
const readingHint = (pcap: string, hosts: readonly DemoHost[]): string =>
  `to read it: tshark -r ${pcap}${hosts.map(({ local }) => ` -d udp.port==${local.nat},udpencap`).join('')}`;

/** The same conn on both ends; each finds itself in it. */
const conn = (responderPort: number): string => `
conn ${name}
	left=${initiatorAddress}
	leftid=@initiator
	leftsubnet=198.51.100.1/32
	right=${responderAddress}
	rightid=@responder
	rightsubnet=198.51.100.2/32
	rightikeport=${responderPort}
	authby=secret
	retransmit-timeout=5s
	auto=add
`;

async function show(initiator: DemoHost, responder: DemoHost, output: Output): Promise<void> {
  for (const host of [responder, initiator]) {
    host.configure(conn(responder.local.nat));
    await host.control.request({ command: 'add', name });
  }
  const ends = [initiator, responder].map(({ pid, local: { address, nat } }) => [
    `process ${pid}`,
    formatEndpoint({ address, port: nat }),
  ]);
  for (const line of ladderHead(['initiator', ...(ends[0] ?? [])], ['responder', ...(ends[1] ?? [])]))
    output.line(paint('bold', line));
  output.line(ladderBar);
  const rung = (line: ControlLine): void => drawMessage(line, output);
  await initiator.control.request({ command: 'up', name }, rung);
  const pings = [await ping(initiator, 'right', output), await ping(responder, 'left', output)];
  const statuses = await Promise.all(
    [initiator, responder].map(({ control }) => control.request<DaemonStatus>({ command: 'status' })),
  );
  await initiator.control.request({ command: 'down', name }, rung);
  output.line(ladderBar);
  for (const status of statuses) showSas(status, output);
  judge(pings, statuses);
  output.line(paint('green', 'both ends agree, and every echo came back'));
  output.object({ kind: 'demo', ok: true, pings });
}

function drawMessage({ event }: ControlLine, output: Output): void {
  if (event) output.object(event);
  if (event?.kind !== 'message') return;
  draw({ to: event.direction === 'out' ? 'right' : 'left', text: event.summary, stroke: '-' }, output);
}

function draw(arrow: Arrow, output: Output): void {
  for (const line of ladderRung(arrow)) output.line(arrow.stroke === '=' ? paint('cyan', line) : line);
}

async function ping({ control }: DemoHost, to: Arrow['to'], output: Output): Promise<PingResult> {
  const result = await control.request<PingResult>({ command: 'ping', name, count: echoes }, ({ echo }) => {
    if (echo) drawEcho(echo, to, output);
  });
  output.object({ kind: 'ping', ...result });
  return result;
}

function drawEcho({ sequence, milliseconds }: EchoOutcome, to: Arrow['to'], output: Output): void {
  draw({ to, text: `ESP in UDP { ICMP echo request ${sequence} }`, stroke: '=' }, output);
  if (milliseconds === null) return;
  const back = to === 'right' ? 'left' : 'right';
  draw(
    {
      to: back,
      text: `ESP in UDP { ICMP echo reply ${sequence} } ${milliseconds.toFixed(1)} ms`,
      stroke: '=',
    },
    output,
  );
}

function showSas({ ikeSas, traffic }: DaemonStatus, output: Output): void {
  for (const sa of ikeSas) {
    output.line(`${paint('bold', sa.role)} ${sa.localId}, IKE SA ${sa.suite}, SPIs ${sa.spiI} ${sa.spiR}`);
    output.object({ kind: 'ikeSa', ...sa });
    for (const child of sa.children) {
      const { in: inbound, out: outbound } = traffic[child.inboundSpi] ?? {};
      output.line(
        `  child ${child.local} === ${child.remote}, ${child.mode} mode, ESP in UDP ${child.suite}`,
      );
      output.line(
        `  SPI in ${formatSpi(child.inboundSpi)} (${inbound?.packets ?? 0} packets), out ${formatSpi(child.outboundSpi)} (${outbound?.packets ?? 0} packets)`,
      );
    }
  }
}

/** Throws CommandError unless every echo came back and both ends hold the same SAs. */
function judge(pings: readonly PingResult[], statuses: readonly DaemonStatus[]): void {
  const lost = pings.reduce((sum, { sent, received }) => sum + sent - received, 0);
  if (lost > 0) throw new CommandError(`${lost} echoes did not come back`);
  const [mine, theirs] = statuses.map(({ ikeSas }) => ikeSas[0]);
  const [child, mirror] = [mine?.children[0], theirs?.children[0]];
  const agree =
    mine?.spiI === theirs?.spiI &&
    mine?.spiR === theirs?.spiR &&
    child !== undefined &&
    child.inboundSpi === mirror?.outboundSpi &&
    child.outboundSpi === mirror?.inboundSpi;
  if (!agree) throw new CommandError('the two ends do not hold the same SAs');
}

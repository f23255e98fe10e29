/**
 * A TCP stream through two daemons with TUN devices, each in a network namespace, and over the bare wire between them in
 * the same run: a JSON line for each suite, with Mbit/s, the processor time of each daemon and what a packet cost it.
 * Needs root, iproute2 and iperf3. Arguments: seconds a stream (5), and suites (`aes_gcm128` and others).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [seconds = '5', ...asked] = process.argv.slice(2);
const suites =
  asked.length > 0 ? asked : ['aes_gcm128', 'aes_gcm256', 'chacha20_poly1305', 'aes128-sha2_256'];
const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const ticksPerSecond = 100;

const ends = [
  { name: 'left', outer: '192.0.2.1', inner: '10.1.0.1' },
  { name: 'right', outer: '192.0.2.2', inner: '10.2.0.1' },
] as const;
type End = (typeof ends)[number];

const directory = mkdtempSync(join(tmpdir(), 'ikev2-bench-'));
const namespace = ({ name }: End): string => `ikev2b-${process.pid}-${name}`;
const children = new Set<ChildProcess>();
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
const within = (end: End, ...command: string[]): [string, string[]] => [
  'ip',
  ['netns', 'exec', namespace(end), ...command],
];

function background(end: End, ...command: string[]): ChildProcess {
  const child = spawn(...within(end, ...command), { stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  return child;
}

/** Resolves when it has printed the words. */
async function says(child: ChildProcess, words: string): Promise<void> {
  let heard = '';
  await new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error(`ended before: ${words}\n${heard}`)));
    child.stdout?.on('data', (octets: Buffer) => {
      heard += octets;
      if (heard.includes(words)) resolve();
    });
  });
  child.removeAllListeners('exit');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.on('exit', resolve));
  }
  children.delete(child);
}

interface Stream {
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

/** Mbit/s of a stream from left to right. */
function stream(to: string, from: string): number {
  const [left] = ends;
  const [command, args] = within(left, 'iperf3', '-J', '-c', to, '-B', from, '-t', seconds);
  const { end } = JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as Stream;
  return Math.round(end.sum_received.bits_per_second / 1e5) / 10;
}

/** Seconds of processor time a process has had: fields 14 and 15. */
function cpu({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Packets a daemon's SAs have carried both ways, as its status tells. */
function packets(end: End): number {
  const args = [cli, 'status', '--control', control(end)];
  const status = execFileSync(process.execPath, args, { encoding: 'utf8' });
  return [...status.matchAll(/\((\d+) packets/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

const control = ({ name }: End): string => join(directory, `${name}.sock`);

async function daemon(end: End, suite: string): Promise<ChildProcess> {
  const [left, right] = ends;
  const conn = {
    left: left.outer,
    leftid: '@left',
    leftsubnet: '10.1.0.0/16',
    leftsourceip: left.inner,
    right: right.outer,
    rightid: '@right',
    rightsubnet: '10.2.0.0/16',
    rightsourceip: right.inner,
    authby: 'secret',
    esp: suite,
    auto: 'add',
  };
  const at = (name: string): string => join(directory, `${end.name}.${name}`);
  const lines = Object.entries(conn).map(([keyword, value]) => `\t${keyword}=${value}`);
  writeFileSync(at('conf'), ['conn net', ...lines, ''].join('\n'));
  writeFileSync(at('secrets'), '@left @right : PSK "bench bench bench bench bench"\n', { mode: 0o600 });
  const files = ['--config', at('conf'), '--secrets', at('secrets'), '--control', control(end)];
  const child = background(
    end,
    process.execPath,
    cli,
    'daemon',
    '--json',
    ...files,
    '--listen',
    end.outer,
    '--tun',
    'ipsec0',
  );
  await says(child, '"ready"');
  return child;
}

async function measure(suite: string, wire: number): Promise<void> {
  const [left, right] = ends;
  const daemons = [await daemon(left, suite), await daemon(right, suite)] as const;
  execFileSync(process.execPath, [cli, 'up', 'net', '--control', control(left)]);
  const before = { cpu: daemons.map(cpu), packets: packets(left) };
  const mbit = stream(right.inner, left.inner);
  const spent = daemons.map((child, i) => cpu(child) - (before.cpu[i] ?? 0));
  const carried = packets(left) - before.packets;
  const us = spent.map((each) => Math.round((each * 1e6) / Math.max(1, carried)));
  const percent = spent.map((each) => Math.round((each * 100) / Number(seconds)));
  const line = { bench: 'tun', name: suite, mbit, wire, sender: { percent: percent[0], us: us[0] } };
  console.log(JSON.stringify({ ...line, receiver: { percent: percent[1], us: us[1] } }));
  for (const child of daemons) await ended(child);
}

async function main(): Promise<void> {
  const [left, right] = ends;
  for (const end of ends) {
    ip('netns', 'add', namespace(end));
    ip('-n', namespace(end), 'link', 'set', 'lo', 'up');
  }
  const peer = ['peer', 'name', 'wire', 'netns', namespace(right)];
  ip('-n', namespace(left), 'link', 'add', 'wire', 'type', 'veth', ...peer);
  for (const end of ends) {
    ip('-n', namespace(end), 'addr', 'add', `${end.outer}/24`, 'dev', 'wire');
    ip('-n', namespace(end), 'link', 'set', 'wire', 'up');
  }
  await says(background(right, 'iperf3', '-s', '--forceflush'), 'listening');
  const wire = stream(right.outer, left.outer);
  for (const suite of suites) await measure(suite, wire);
}

try {
  await main();
} finally {
  for (const child of [...children]) await ended(child);
  for (const end of ends) {
    try {
      ip('netns', 'del', namespace(end));
    } catch {
      // It was never made.
    }
  }
  rmSync(directory, { recursive: true, force: true });
}

/** Two network namespaces and a wire between them, or a NAT; nothing is left behind, however the run ends. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { must } from './process.ts';

/** One end: the namespace, its addresses, and the device they are on. */
export interface Side {
  readonly namespace: string;
  readonly address: string;
  readonly address6: string;
  readonly device: string;
}

export interface Link {
  readonly left: Side;
  readonly right: Side;
  /** What the right side sees the left one as: its own address, or that of the NAT. */
  readonly leftSeenAs: string;
  close(): void;
}

const prefix = 'ikev2t-';
const open = new Set<string>();
let count = 0;

/** A veth pair. The addresses are those of the rem1-rem2 example: inside namespaces nobody else has them. */
export async function link(): Promise<Link> {
  const [a, b] = [await create('a'), await create('b')];
  const left = { namespace: a, address: '192.168.1.2', address6: 'fd00:1::2', device: 'veth0' };
  const right = { namespace: b, address: '192.168.1.3', address6: 'fd00:1::3', device: 'veth0' };
  await wire(left, right);
  return { left, right, leftSeenAs: left.address, close: () => destroy(a, b) };
}

/** The left side is behind a NAT that changes its address and its ports (IPv4 only). */
export async function linkThroughNat(): Promise<Link> {
  const [a, b, n] = [await create('a'), await create('b'), await create('n')];
  const left = { namespace: a, address: '10.0.9.2', address6: 'fd00:9::2', device: 'veth0' };
  const right = { namespace: b, address: '192.168.1.3', address6: 'fd00:1::3', device: 'veth0' };
  const inside = { namespace: n, address: '10.0.9.1', address6: 'fd00:9::1', device: 'inside' };
  const outside = { namespace: n, address: '192.168.1.1', address6: 'fd00:1::1', device: 'outside' };
  await wire(left, inside);
  await wire(right, outside);
  await must([...inNetwork(a), 'ip', 'route', 'add', 'default', 'via', inside.address]);
  await must([...inNetwork(n), 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await must([...inNetwork(n), 'nft', '-f', '-'], {
    input: `table ip nat {
      chain post {
        type nat hook postrouting priority 100;
        oifname "outside" meta l4proto udp masquerade to :20000-29999
      }
      chain forward {
        type filter hook forward priority 0;
        iifname "outside" ct state new drop
      }
    }`,
  });
  return { left, right, leftSeenAs: outside.address, close: () => destroy(a, b, n) };
}

/** What to put before a command so that it runs in a namespace's network. */
export const inNetwork = (namespace: string): string[] => ['nsenter', `--net=/run/netns/${namespace}`, '--'];

async function create(suffix: string): Promise<string> {
  if (count === 0) sweep();
  count += 1;
  const name = `${prefix}${process.pid}-${count}${suffix}`;
  open.add(name);
  await must(['ip', 'netns', 'add', name]);
  await must(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
  return name;
}

async function wire(one: Side, other: Side): Promise<void> {
  const peer = ['peer', 'name', other.device, 'netns', other.namespace];
  await must(['ip', '-n', one.namespace, 'link', 'add', one.device, 'type', 'veth', ...peer]);
  for (const side of [one, other]) {
    const ip = ['ip', '-n', side.namespace];
    await must([...ip, 'addr', 'add', `${side.address}/24`, 'dev', side.device]);
    await must([...ip, 'addr', 'add', `${side.address6}/64`, 'dev', side.device, 'nodad']);
    await must([...ip, 'link', 'set', side.device, 'up']);
  }
}

function destroy(...names: string[]): void {
  for (const name of names) {
    try {
      endProcesses(name);
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // Gone already.
    }
    open.delete(name);
  }
}

/** Whatever still runs in one of our own namespaces was started by this suite. */
function endProcesses(name: string): void {
  const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  for (const pid of pids.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** Removes what a run that was killed left behind: its process is gone, its namespaces are not. */
function sweep(): void {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const owner = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) destroy(name);
  }
}

process.once('exit', () => destroy(...open));
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

/**
 * Two hosts and a router between them, which sees what is on the wire:
 *
 *     ours 10.0.1.2 --- 10.0.1.1 wire 10.0.2.1 --- 10.0.2.2 pluto
 *
 * Each case has addresses of its own (see `places`), so that one daemon at each end serves all of them.
 */
import { must, run } from '../../interop/peers/process.ts';

export type Host = 'ours' | 'pluto';
export type Namespace = Host | 'wire';

/** Addresses of a case. */
export interface Places {
  /** Of the IKE daemons. */
  readonly outer: Readonly<Record<Host, string>>;
  /** Behind them; any address of these subnets answers. */
  readonly inner: Readonly<Record<Host, string>>;
  readonly subnet: Readonly<Record<Host, string>>;
}

const both = ['ours', 'pluto'] as const;
export const other = (host: Host): Host => (host === 'ours' ? 'pluto' : 'ours');

/** `outer` and `inner` name the IP versions. */
export function places(number: number, outer: 4 | 6, inner: 4 | 6): Places {
  const of = (text: (end: number) => string) => ({ ours: text(1), pluto: text(2) });
  return {
    outer: of((end) => (outer === 4 ? `10.${7 + end}.${number}.1` : `fd00:${7 + end}:${number}::1`)),
    inner: of((end) => (inner === 4 ? `10.${end}.${number}.1` : `fd00:${end}:${number}::1`)),
    subnet: of((end) => (inner === 4 ? `10.${end}.${number}.0/24` : `fd00:${end}:${number}::/48`)),
  };
}

/** `ip netns exec` would mount another /sys and so hide SELinux. */
export const inside = (namespace: Namespace, command: readonly string[]): string[] => [
  'nsenter',
  `--net=/run/netns/${namespace}`,
  ...command,
];

/** Runs `ip` once for many of its commands. */
export async function ip(namespace: Namespace | undefined, lines: readonly string[]): Promise<string> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  return must(['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

export async function makeNamespaces(all: readonly Places[]): Promise<void> {
  await ip(undefined, [
    ...[...both, 'wire'].map((name) => `netns add ${name}`),
    ...both.map((host) => `link add line netns ${host} type veth peer name ${host} netns wire`),
  ]);
  for (const [i, host] of both.entries()) {
    const link = (end: number) => [`10.0.${i + 1}.${end}`, `fd00:0:${i + 1}::${end}`];
    const [near4 = '', near6 = ''] = link(1);
    const [far4 = '', far6 = ''] = link(2);
    await ip(host, [
      'link set lo up',
      'link set dev line up',
      `addr add ${far4}/24 dev line`,
      `addr add ${far6}/64 dev line nodad`,
      `route add default via ${near4}`,
      `route add default via ${near6}`,
      // Whatever lies behind the daemon is here.
      `route add local 10.${i + 1}.0.0/16 dev lo`,
      `route add local fd00:${i + 1}::/32 dev lo`,
      ...all.map(({ outer }) => `addr add ${outer[host]}/${version(outer[host]) === 6 ? 128 : 32} dev line`),
    ]);
    await ip('wire', [
      'link set lo up',
      `link set dev ${host} up`,
      `addr add ${near4}/24 dev ${host}`,
      `addr add ${near6}/64 dev ${host} nodad`,
      ...[i + 1, i + 8].flatMap((net) => [
        `route add 10.${net}.0.0/16 via ${far4}`,
        `route add fd00:${net}::/32 via ${far6}`,
      ]),
    ]);
  }
  const settings = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
  await must(inside('wire', ['sysctl', '-q', '-w', ...settings]));
  for (const host of both) await must(inside(host, ['sysctl', '-q', '-w', 'net.ipv6.ip_nonlocal_bind=1']));
}

const version = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** Of the guest's two packet filters only the older one can do this. */
const filters = { 4: 'iptables-legacy', 6: 'ip6tables-legacy' } as const;
const echoes = {
  4: ['-p', 'icmp', '--icmp-type'],
  6: ['-p', 'icmpv6', '--icmpv6-type'],
} as const;

/** Counts the echoes that pass the router for all to read. */
export async function watchWire(): Promise<void> {
  for (const version of [4, 6] as const)
    for (const type of ['echo-request', 'echo-reply'])
      await must(inside('wire', [filters[version], '-A', 'FORWARD', ...echoes[version], type]));
}

/** How many there were so far, of the IP version of an address. */
export async function echoesInClear(address: string): Promise<number> {
  const said = await must(inside('wire', [filters[version(address)], '-vnxL', 'FORWARD']));
  const counts = said.split('\n').filter((line) => line.includes('icmp') && !line.includes('DROP'));
  return counts.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);
}

/** Nothing of a case passes the router from now on. */
export const cut = ({ outer }: Places): Promise<void> => blockade('-I', outer.ours);
export const mend = ({ outer }: Places): Promise<void> => blockade('-D', outer.ours);

async function blockade(what: string, address: string): Promise<void> {
  for (const side of ['-s', '-d'])
    await must(inside('wire', [filters[version(address)], what, 'FORWARD', side, address, '-j', 'DROP']));
}

/** What comes from a host leaves the router under the router's address, from one of these ports. */
export async function masquerade({ outer }: Places, behind: Host, ports: string): Promise<void> {
  const rule = ['-s', outer[behind], '-p', 'udp', '-j', 'MASQUERADE', '--to-ports', ports];
  await must(inside('wire', ['iptables-legacy', '-t', 'nat', '-I', 'POSTROUTING', ...rule]));
  // Mappings that are already there go too.
  await run(inside('wire', ['conntrack', '-D', '-s', outer[behind]]));
}

/** The router's address that the other host sees. */
export const routerAddress = (behind: Host): string => (behind === 'ours' ? '10.0.2.1' : '10.0.1.1');

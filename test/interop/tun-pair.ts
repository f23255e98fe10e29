/** Two daemons of ours in two namespaces, each with a TUN device: what the hosts send is what is protected. */
import { expect } from 'vitest';
import { secret } from './both-ends.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { inNetwork, type Link, link, type Side } from './peers/namespaces.ts';
import { Ours } from './peers/ours.ts';
import { type Finished, must, run } from './peers/process.ts';
import type { Stage } from './peers/stage.ts';

export const device = 'ipsec0';

/** Ours of each end's networks, held by `leftsourceip=` and `rightsourceip=`. */
export const inner = {
  left: '10.1.0.1',
  right: '10.2.0.1',
  left6: 'fd00:a::1',
  right6: 'fd00:b::1',
} as const;

export const nets: Keywords = {
  leftsubnet: '10.1.0.0/16',
  rightsubnet: '10.2.0.0/16',
  leftsourceip: inner.left,
  rightsourceip: inner.right,
};

export const nets6: Keywords = {
  leftsubnet: 'fd00:a::/64',
  rightsubnet: 'fd00:b::/64',
  leftsourceip: inner.left6,
  rightsourceip: inner.right6,
};

export interface TunPair {
  readonly left: Ours;
  readonly right: Ours;
  readonly wire: Link;
  /** Another daemon in the place of one that was killed. */
  readonly again: () => Promise<Ours>;
}

export interface Setting {
  readonly ipv6?: boolean;
  /** Of both, and of each alone. */
  readonly conn: Keywords;
  readonly leftConn?: Keywords;
  readonly rightConn?: Keywords;
  /** Further connections of both. */
  readonly conns?: { readonly [name: string]: Keywords };
  /** Whether nothing but ESP and IKE may leave a host: what does not go into its device is lost. */
  readonly sealed?: boolean;
}

/** Both daemons, neither of which has begun to negotiate. */
export async function tunPair(stage: Stage, setting: Setting): Promise<TunPair> {
  const wire = await stage.keep(await link(), (one) => one.close());
  if (setting.sealed) for (const side of [wire.left, wire.right]) await seal(side);
  const address = (side: Side) => (setting.ipv6 ? side.address6 : side.address);
  const conn = (own: Keywords = {}): Keywords => ({
    left: address(wire.left),
    leftid: '@left.example',
    right: address(wire.right),
    rightid: '@right.example',
    authby: 'secret',
    auto: 'add',
    ...setting.conn,
    ...own,
  });
  const start = (side: Side, own?: Keywords) =>
    stage.daemon(
      Ours.start({
        side,
        listen: [address(side)],
        config: ipsecConf({ conns: { net: conn(own), ...setting.conns } }),
        secrets: `@left.example @right.example : PSK "${secret}"\n`,
        kernel: 'userspace',
        args: ['--tun', device],
      }),
    );
  const again = () => start(wire.left, setting.leftConn);
  const [left, right] = await Promise.all([again(), start(wire.right, setting.rightConn)]);
  return { left, right, wire, again };
}

export async function establish({ left, right }: TunPair): Promise<void> {
  const done = await left.up('net');
  expect(done.code, `${done.stdout}${done.stderr}\n${left.log}\n${right.log}`).toBe(0);
  await Promise.all([left.established(), right.established()]);
}

/** A command on one of the hosts. */
export const on = (side: Side, ...command: string[]): Promise<Finished> =>
  run([...inNetwork(side.namespace), ...command]);

/** The host's own `ping`: every echo comes back. */
export async function echoes(side: Side, to: string, ...options: string[]): Promise<void> {
  const done = await on(side, 'ping', '-n', '-c', '3', '-i', '0.05', '-W', '2', ...options, to);
  expect(done.stdout, `${done.stdout}${done.stderr}`).toContain(' 3 received');
}

/** Rules and routes there are of a device, and the device itself. */
export async function leftovers(side: Side): Promise<string> {
  const all: string[] = [];
  for (const version of ['-4', '-6']) {
    const rules = await must([...inNetwork(side.namespace), 'ip', version, 'rule']);
    const usual = /^(?:0|32766|32767):/;
    all.push(...rules.split('\n').filter((line) => line !== '' && !usual.test(line)));
    const routes = await must([...inNetwork(side.namespace), 'ip', version, 'route', 'show', 'table', 'all']);
    all.push(...routes.split('\n').filter((line) => /\btable \d+|ipsec0/.test(line)));
  }
  const links = await must([...inNetwork(side.namespace), 'ip', '-o', 'link']);
  return [...all, ...links.split('\n').filter((line) => line.includes(device))].join('\n');
}

async function seal({ namespace, device: wireDevice }: Side): Promise<void> {
  await must([...inNetwork(namespace), 'nft', '-f', '-'], {
    input: `table inet seal {
      chain out {
        type filter hook output priority 0;
        oifname "${wireDevice}" udp sport { 500, 4500 } accept
        oifname "${wireDevice}" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        oifname "${wireDevice}" drop
      }
    }`,
  });
}

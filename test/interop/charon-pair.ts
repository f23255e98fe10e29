/** Our daemon and charon, each in its namespace, about to talk. */
import { expect } from 'vitest';
import type { IkeSaStatus } from '../../src/ike/status.ts';
import { Charon, type Section } from './peers/charon.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { type Link, link, linkThroughNat, type Side } from './peers/namespaces.ts';
import { Ours } from './peers/ours.ts';
import type { Stage } from './peers/stage.ts';

const secret = 'correct horse battery staple';
export const nets = { ours: '10.1.0.1', charon: '10.2.0.1' };
export const ids = { ours: 'ours.example', charon: 'charon.example' };

export interface Setting {
  /** strongSwan's spelling, for both unless `charonIke` or `charonEsp` differ. */
  readonly ike?: string;
  readonly esp?: string;
  readonly charonIke?: string;
  readonly charonEsp?: string;
  /** Of charon alone. */
  readonly charonSecret?: string;
  /** Our FQDN, when it is not the usual one. */
  readonly oursId?: string;
  /** Added to our conn, where an empty value takes a line away, and our `config setup`. */
  readonly conn?: Keywords;
  readonly setup?: Keywords;
  /** Added to charon's connection, its child, and strongswan.conf. */
  readonly connection?: Section;
  readonly child?: Section;
  /** Further children of charon's. */
  readonly children?: { readonly [name: string]: Section };
  readonly settings?: Section;
  readonly pools?: Section;
  readonly behindNat?: 'ours' | 'charon';
  readonly ipv6?: boolean;
  /** Without a data plane, where ESP in user space is not the point. */
  readonly noData?: boolean;
}

export interface Pair {
  readonly ours: Ours;
  readonly charon: Charon;
  readonly wire: Link;
  /** Another daemon of ours, or charon, in the place of one that was killed. */
  readonly again: { readonly ours: () => Promise<Ours>; readonly charon: () => Promise<Charon> };
}

/** Both daemons, neither of which has begun to negotiate. */
export async function pair(stage: Stage, setting: Setting = {}): Promise<Pair> {
  const wire = stage.keep(await (setting.behindNat ? linkThroughNat() : link()), (one) => one.close());
  const [own, peer] = setting.behindNat === 'charon' ? [wire.right, wire.left] : [wire.left, wire.right];
  const beginCharon = () => stage.daemon(startCharon(setting, peer, own));
  const charon = await beginCharon();
  const address = (side: Side) => (setting.ipv6 ? side.address6 : side.address);
  const conn = {
    left: address(own),
    leftid: `@${setting.oursId ?? ids.ours}`,
    leftsubnet: `${nets.ours}/32`,
    right: setting.behindNat === 'charon' ? '%any' : address(peer),
    rightid: `@${ids.charon}`,
    rightsubnet: `${nets.charon}/32`,
    authby: 'secret',
    ike: setting.ike ?? 'aes128gcm16-prfsha256-x25519',
    esp: setting.esp ?? 'aes128gcm16',
    pfs: 'no',
    'retransmit-interval': '200ms',
    'retransmit-timeout': '4s',
    auto: 'add',
    ...setting.conn,
  };
  const said = Object.fromEntries(Object.entries(conn).filter(([, value]) => value !== ''));
  const begin = () =>
    stage.daemon(
      Ours.start({
        side: own,
        listen: [address(own)],
        config: ipsecConf({ ...(setting.setup && { setup: setting.setup }), conns: { net: said } }),
        secrets: `@${setting.oursId ?? ids.ours} @${ids.charon} : PSK "${secret}"\n`,
        kernel: setting.noData ? 'memory' : 'userspace',
      }),
    );
  return { ours: await begin(), charon, wire, again: { ours: begin, charon: beginCharon } };
}

async function startCharon(setting: Setting, own: Side, peer: Side): Promise<Charon> {
  const address = (side: Side) => (setting.ipv6 ? side.address6 : side.address);
  const charon = await Charon.start({
    side: own,
    kernel: setting.noData ? 'fakexfrm' : 'libipsec',
    connections: {
      psk: {
        version: 2,
        local_addrs: address(own),
        remote_addrs: setting.behindNat === 'ours' ? '%any' : address(peer),
        proposals: setting.charonIke ?? setting.ike ?? 'aes128gcm16-prfsha256-x25519',
        local: { auth: 'psk', id: ids.charon },
        remote: { auth: 'psk', id: setting.oursId ?? ids.ours },
        children: {
          net: {
            local_ts: `${nets.charon}/32`,
            remote_ts: `${nets.ours}/32`,
            esp_proposals: setting.charonEsp ?? setting.esp ?? 'aes128gcm16',
            ...setting.child,
          },
          ...setting.children,
        },
        ...setting.connection,
      },
    },
    secrets: { 'ike-1': { secret: `"${setting.charonSecret ?? secret}"` } },
    ...(setting.settings && { settings: setting.settings }),
    ...(setting.pools && { pools: setting.pools }),
  });
  await charon.beside('ip', 'addr', 'add', `${nets.charon}/32`, 'dev', 'lo');
  return charon;
}

export const roles = ['ours', 'charon'] as const;
export type Initiator = (typeof roles)[number];

/** The initiator's command succeeds, and both ends say that the tunnel is there. */
export async function establish({ ours, charon }: Pair, initiator: Initiator): Promise<void> {
  const done = initiator === 'ours' ? await ours.up('net') : await charon.initiate('net');
  expect(done.code, `${done.stdout}${done.stderr}\n${ours.log}\n${charon.log}`).toBe(0);
  await Promise.all([ours.established(), charon.established()]);
}

/** Echoes both ways: each end's keys are the other's. */
export async function pings({ ours, charon }: Pair): Promise<void> {
  const there = await ours.ping('net', 2);
  expect(there.code, `${there.stdout}${there.stderr}`).toBe(0);
  const back = await charon.beside('ping', '-c', '2', '-i', '0.2', '-W', '2', '-I', nets.charon, nets.ours);
  expect(back.stdout).toContain('2 received');
}

/** One end deletes, and nothing is left at either. */
export async function takeDown({ ours, charon }: Pair, who: Initiator): Promise<void> {
  if (who === 'ours') expect((await ours.down('net')).code).toBe(0);
  else await charon.terminate({ ike: 'psk' });
  await Promise.all([ours.empty(), charon.empty()]);
}

/** Both ends hold one IKE SA with `count` children, the same ones; older ones are on their way out at most. */
export async function agreed({ ours, charon }: Pair, count = 1, within = 10_000): Promise<IkeSaStatus> {
  return ours.when(
    `one IKE SA and ${count} children, the same as charon's`,
    async (own) => {
      const theirs = await charon.list();
      const [sa, ...others] = own.filter(({ phase }) => phase === 'established');
      const [peer, ...rest] = theirs.filter(({ state }) => state === 'ESTABLISHED');
      if (!sa || !peer || others.length > 0 || rest.length > 0 || theirs.length > 1) return undefined;
      const { 'initiator-spi': spiI, 'responder-spi': spiR } = peer.fields;
      if (spiI !== sa.spiI || spiR !== sa.spiR) return undefined;
      const mine = sa.children.map((one) => `${hex(one.inboundSpi)} ${hex(one.outboundSpi)}`);
      const installed = peer.children.filter(({ state }) => state === 'INSTALLED');
      const same = installed.map(({ fields }) => `${fields['spi-out']} ${fields['spi-in']}`);
      const whole = mine.length === count && mine.sort().join() === same.sort().join();
      return whole ? sa : undefined;
    },
    within,
  );
}

const hex = (spi: number): string => spi.toString(16).padStart(8, '0');

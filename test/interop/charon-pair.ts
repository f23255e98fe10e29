/** Our end and charon, each in its namespace, about to talk. */
import { expect } from 'vitest';
import { type BothEnds, secret } from './both-ends.ts';
import { Charon, type Section } from './peers/charon.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import type { Files } from './peers/mounts.ts';
import { type Link, link, linkThroughNat, type Side } from './peers/namespaces.ts';
import { type OurFiles, Ours } from './peers/ours.ts';
import type { Peer } from './peers/peer.ts';
import type { Stage } from './peers/stage.ts';

export { agreed, establish, takeDown } from './both-ends.ts';
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
  readonly authorities?: Section;
  /** Besides the shared key. */
  readonly charonSecrets?: Section;
  /** Loaded besides the usual ones. */
  readonly plugins?: string;
  /** Keys and certificates of each end, and our ipsec.secrets besides the shared key. */
  readonly oursStore?: Files;
  readonly charonStore?: Files;
  readonly oursSecrets?: string;
  readonly behindNat?: 'ours' | 'charon';
  readonly ipv6?: boolean;
  /** Further options of `ikev2 daemon`. */
  readonly args?: readonly string[];
  /** Without a data plane, where ESP in user space is not the point. */
  readonly noData?: boolean;
}

/** Charon runs, and the connection is written down for our end, of whatever kind that will be. */
export interface CharonBench {
  readonly charon: Charon;
  readonly peer: Peer;
  readonly wire: Link;
  readonly files: OurFiles;
  /** Another charon in the place of one that was killed. */
  readonly again: () => Promise<Charon>;
}

export interface Pair extends BothEnds<Ours> {
  readonly charon: Charon;
  readonly wire: Link;
  /** Another daemon of ours, or charon, in the place of one that was killed. */
  readonly again: { readonly ours: () => Promise<Ours>; readonly charon: () => Promise<Charon> };
}

/** Both daemons, neither of which has begun to negotiate. */
export async function pair(stage: Stage, setting: Setting = {}): Promise<Pair> {
  const { charon, peer, wire, files, again } = await bench(stage, setting);
  const kernel = setting.noData ? 'memory' : 'userspace';
  const begin = () => stage.daemon(Ours.start({ ...files, kernel, args: setting.args ?? [] }));
  return { ours: await begin(), charon, peer, wire, again: { ours: begin, charon: again } };
}

/** A wire with charon at its end. */
export async function bench(stage: Stage, setting: Setting = {}): Promise<CharonBench> {
  const wire = await stage.keep(await (setting.behindNat ? linkThroughNat() : link()), (one) => one.close());
  const [own, peer] = setting.behindNat === 'charon' ? [wire.right, wire.left] : [wire.left, wire.right];
  const again = () => stage.daemon(startCharon(setting, peer, own));
  const charon = await again();
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
  const files = {
    side: own,
    listen: [address(own)],
    config: ipsecConf({ ...(setting.setup && { setup: setting.setup }), conns: { net: said } }),
    secrets: `@${setting.oursId ?? ids.ours} @${ids.charon} : PSK "${secret}"\n${setting.oursSecrets ?? ''}`,
    ...(setting.oursStore && { store: setting.oursStore }),
  };
  return { charon, peer: asPeer(charon), wire, files, again };
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
    secrets: { 'ike-1': { secret: `"${setting.charonSecret ?? secret}"` }, ...setting.charonSecrets },
    ...(setting.charonStore && { files: setting.charonStore }),
    ...(setting.authorities && { authorities: setting.authorities }),
    ...(setting.plugins !== undefined && { plugins: setting.plugins }),
    ...(setting.settings && { settings: setting.settings }),
    ...(setting.pools && { pools: setting.pools }),
  });
  await charon.beside('ip', 'addr', 'add', `${nets.charon}/32`, 'dev', 'lo');
  return charon;
}

export const roles = ['ours', 'charon'] as const;
export type Initiator = (typeof roles)[number];

/** Echoes both ways: each end's keys are the other's. */
export async function pings({ ours, charon }: Pair): Promise<void> {
  const there = await ours.ping('net', 2);
  expect(there.code, `${there.stdout}${there.stderr}`).toBe(0);
  const back = await charon.beside('ping', '-c', '3', '-i', '0.2', '-W', '2', '-I', nets.charon, nets.ours);
  expect(back.stdout, `${back.stdout}\n${charon.log}`).toMatch(/[23] received/);
}

export const asPeer = (charon: Charon): Peer => ({
  name: 'charon',
  get log() {
    return charon.log;
  },
  up: () => charon.initiate('net'),
  rekey: (what) => charon.rekey(what === 'child' ? { child: 'net' } : { ike: 'psk' }),
  down: (what) => charon.terminate(what === 'child' ? { child: 'net' } : { ike: 'psk' }),
  established: (within) => charon.established(within),
  empty: (within) => charon.empty(within),
  async holding() {
    const sas = await charon.list();
    const up = sas.filter(({ state }) => state === 'ESTABLISHED');
    const children = up.flatMap((sa) => sa.children).filter(({ state }) => state === 'INSTALLED');
    return {
      ike: up.map(({ fields }) => `${fields['initiator-spi']} ${fields['responder-spi']}`),
      children: children.map(({ fields }) => `${fields['spi-in']} ${fields['spi-out']}`),
      atRest: sas.length === up.length,
    };
  },
});

/** Our end and pluto, each in its namespace, reading the same ipsec.conf, about to talk. */
import { type BothEnds, secret } from './both-ends.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import type { Files } from './peers/mounts.ts';
import { type Link, link, linkThroughNat, type Side } from './peers/namespaces.ts';
import { type OurFiles, Ours } from './peers/ours.ts';
import type { Peer } from './peers/peer.ts';
import { childEstablished, ikeEstablished, Pluto } from './peers/pluto.ts';
import type { Stage } from './peers/stage.ts';

export { agreed, establish, takeDown } from './both-ends.ts';

export interface Setting {
  /** Of both; an empty value takes a line away. Left is ours. */
  readonly conn?: Keywords;
  /** Of one end alone. */
  readonly oursConn?: Keywords;
  readonly plutoConn?: Keywords;
  readonly oursSetup?: Keywords;
  readonly plutoSetup?: Keywords;
  readonly plutoSecret?: string;
  /** All of ipsec.secrets. */
  readonly oursSecrets?: string;
  readonly plutoSecrets?: string;
  /** Keys and certificates: our directory, or what is in it, and one with pluto's NSS database. */
  readonly store?: string | Files;
  readonly nss?: string;
  readonly behindNat?: 'ours' | 'pluto';
  readonly ipv6?: boolean;
  /** Pluto may begin again by itself what ended. */
  readonly revival?: boolean;
}

/** Pluto runs, and the connection is written down for our end, of whatever kind that will be. */
export interface PlutoBench {
  readonly pluto: Pluto;
  readonly peer: Peer;
  readonly wire: Link;
  readonly files: OurFiles;
  /** Another pluto in the place of one that was killed. */
  readonly again: () => Promise<Pluto>;
}

export interface Pair extends BothEnds<Ours> {
  readonly pluto: Pluto;
  readonly wire: Link;
  /** Another daemon of ours, or pluto, in the place of one that was killed. */
  readonly again: { readonly ours: () => Promise<Ours>; readonly pluto: () => Promise<Pluto> };
}

/** Both daemons, neither of which has begun to negotiate. */
export async function pair(stage: Stage, setting: Setting = {}): Promise<Pair> {
  const { pluto, peer, wire, files, again } = await bench(stage, setting);
  const begin = () => stage.daemon(Ours.start({ ...files, kernel: 'memory' }));
  return { ours: await begin(), pluto, peer, wire, again: { ours: begin, pluto: again } };
}

/** A wire with pluto at its end. */
export async function bench(stage: Stage, setting: Setting = {}): Promise<PlutoBench> {
  const wire = await stage.keep(await (setting.behindNat ? linkThroughNat() : link()), (one) => one.close());
  const [own, peer] = setting.behindNat === 'pluto' ? [wire.right, wire.left] : [wire.left, wire.right];
  const address = (side: Side) => (setting.ipv6 ? side.address6 : side.address);
  const conn = {
    left: address(own),
    leftid: '@ours.example',
    leftsubnet: '10.1.0.1/32',
    right: address(peer),
    rightid: '@pluto.example',
    rightsubnet: '10.2.0.1/32',
    ikev2: 'insist',
    authby: 'secret',
    ike: 'aes_gcm128-sha2_256-dh31',
    esp: 'aes_gcm128',
    pfs: 'no',
    'retransmit-interval': '200ms',
    'retransmit-timeout': '4s',
    auto: 'add',
    ...setting.conn,
  };
  const config = (further: Keywords, setup?: Keywords) => {
    const said = Object.entries({ ...conn, ...further }).filter(([, value]) => value !== '');
    return ipsecConf({ ...(setup && { setup }), conns: { net: Object.fromEntries(said) } });
  };
  const again = () =>
    stage.daemon(
      Pluto.start({
        side: peer,
        config: config(
          { keyingtries: '1', ...(setting.behindNat === 'ours' && { left: '%any' }), ...setting.plutoConn },
          setting.plutoSetup,
        ),
        conns: ['net'],
        // Else it begins again by itself whenever what it began ends.
        args: setting.revival ? [] : ['--impair', 'revival'],
        secrets: setting.plutoSecrets ?? `: PSK "${setting.plutoSecret ?? secret}"\n`,
        ...(setting.nss !== undefined && { nss: setting.nss }),
      }),
    );
  const pluto = await again();
  const files = {
    side: own,
    listen: [address(own)],
    config: config(
      { ...(setting.behindNat === 'pluto' && { right: '%any' }), ...setting.oursConn },
      setting.oursSetup,
    ),
    secrets: setting.oursSecrets ?? `: PSK "${secret}"\n`,
    ...(setting.store !== undefined && { store: setting.store }),
  };
  return { pluto, peer: asPeer(pluto), wire, files, again };
}

export const roles = ['ours', 'pluto'] as const;
export type Initiator = (typeof roles)[number];

export const asPeer = (pluto: Pluto): Peer => ({
  name: 'pluto',
  get log() {
    return pluto.log;
  },
  up: () => pluto.up('net'),
  rekey: (what) => pluto.rekey('net', what),
  async down(what) {
    if (what === 'ike') return pluto.down('net');
    const states = await pluto.states();
    for (const { number, state } of states) if (state === childEstablished) await pluto.deleteState(number);
  },
  established: (within) => pluto.established(within),
  empty: (within) => pluto.empty(within),
  async holding() {
    const states = await pluto.states();
    const ike = states.filter(({ state }) => state === ikeEstablished);
    const children = states.filter(({ state }) => state === childEstablished);
    const hasParent = children.every(({ ikeSa }) => ike.some(({ number }) => number === ikeSa));
    return {
      ike: ike.map(() => undefined),
      children: children.map(({ inbound, outbound }) => `${inbound} ${outbound}`),
      atRest: hasParent && states.length === ike.length + children.length,
    };
  },
});

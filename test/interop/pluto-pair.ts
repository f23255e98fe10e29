/** Our daemon and pluto, each in its namespace, reading the same ipsec.conf, about to talk. */
import { expect } from 'vitest';
import type { IkeSaStatus } from '../../src/ike/status.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { type Link, link, linkThroughNat, type Side } from './peers/namespaces.ts';
import { Ours } from './peers/ours.ts';
import { Pluto } from './peers/pluto.ts';
import type { Stage } from './peers/stage.ts';

const secret = 'correct horse battery staple';

export interface Setting {
  /** Of both; an empty value takes a line away. Left is ours. */
  readonly conn?: Keywords;
  /** Of one end alone. */
  readonly oursConn?: Keywords;
  readonly plutoConn?: Keywords;
  readonly oursSetup?: Keywords;
  readonly plutoSetup?: Keywords;
  readonly plutoSecret?: string;
  readonly behindNat?: 'ours' | 'pluto';
  readonly ipv6?: boolean;
  /** Pluto may begin again by itself what ended. */
  readonly revival?: boolean;
}

export interface Pair {
  readonly ours: Ours;
  readonly pluto: Pluto;
  readonly wire: Link;
  /** Another daemon of ours, or pluto, in the place of one that was killed. */
  readonly again: { readonly ours: () => Promise<Ours>; readonly pluto: () => Promise<Pluto> };
}

/** Both daemons, neither of which has begun to negotiate. */
export async function pair(stage: Stage, setting: Setting = {}): Promise<Pair> {
  const wire = stage.keep(await (setting.behindNat ? linkThroughNat() : link()), (one) => one.close());
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
  const beginPluto = () =>
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
        secrets: `: PSK "${setting.plutoSecret ?? secret}"\n`,
      }),
    );
  const begin = () =>
    stage.daemon(
      Ours.start({
        side: own,
        listen: [address(own)],
        config: config(
          { ...(setting.behindNat === 'pluto' && { right: '%any' }), ...setting.oursConn },
          setting.oursSetup,
        ),
        secrets: `: PSK "${secret}"\n`,
        kernel: 'memory',
      }),
    );
  const pluto = await beginPluto();
  return { ours: await begin(), pluto, wire, again: { ours: begin, pluto: beginPluto } };
}

export const roles = ['ours', 'pluto'] as const;
export type Initiator = (typeof roles)[number];

/** The initiator's command succeeds, and both ends say that the child is there. */
export async function establish({ ours, pluto }: Pair, initiator: Initiator): Promise<void> {
  const done = initiator === 'ours' ? await ours.up('net') : await pluto.up('net');
  expect(done.code, `${done.stdout}${done.stderr}\n${ours.log}\n${pluto.log}`).toBe(0);
  await Promise.all([ours.established(), pluto.established()]);
}

/** One end deletes, and nothing is left at either. */
export async function takeDown({ ours, pluto }: Pair, who: Initiator): Promise<void> {
  if (who === 'ours') expect((await ours.down('net')).code).toBe(0);
  else await pluto.down('net');
  await Promise.all([ours.empty(), pluto.empty()]);
}

/** Both ends hold one IKE SA with `count` children, the same ones. */
export async function agreed({ ours, pluto }: Pair, count = 1, within = 10_000): Promise<IkeSaStatus> {
  let states: string[] = [];
  const same = async (own: readonly IkeSaStatus[]) => {
    states = await pluto.states();
    const [sa, ...others] = own.filter(({ phase }) => phase === 'established');
    const ike = states.filter((line) => line.includes('STATE_V2_ESTABLISHED_IKE_SA'));
    const children = states.filter((line) => line.includes('STATE_V2_ESTABLISHED_CHILD_SA'));
    if (!sa || others.length > 0 || ike.length !== 1 || states.length !== 1 + children.length)
      return undefined;
    if (sa.children.length !== count || children.length !== count) return undefined;
    const spis = await pluto.spis();
    return sa.children.every((one) => spis.has(one.inboundSpi) && spis.has(one.outboundSpi)) ? sa : undefined;
  };
  try {
    return await ours.when(`one IKE SA and ${count} children, the same as pluto's`, same, within);
  } catch (error) {
    throw new Error(`${String(error)}\n${states.join('\n')}\n${pluto.log}`);
  }
}

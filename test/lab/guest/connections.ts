/** ipsec.conf of both ends: a conn per case. */
import { ipsecConf, type Keywords } from '../../interop/peers/ipsec-conf.ts';
import type { Case } from './case.ts';
import { type Host, type Places, places } from './namespaces.ts';

export interface PlacedCase extends Case {
  /** The name of its conn at both ends. */
  readonly conn: string;
  readonly places: Places;
}

export const place = (one: Case, number: number): PlacedCase => ({
  ...one,
  conn: `case${number}`,
  places: places(number, one.setting.outer ?? 4, one.setting.inner ?? one.setting.outer ?? 4),
});

export const secrets = ': PSK "a secret of the laboratory, shared by both"\n';

const setup: Keywords = { 'ikev1-policy': 'drop', uniqueids: 'no' };

/** Both ends', but for what a case says of one. */
function plain({ conn, places: { outer, subnet }, setting: { behindNat } }: PlacedCase): Keywords {
  return {
    ikev2: 'insist',
    authby: 'secret',
    left: outer.ours,
    right: outer.pluto,
    leftid: `@${conn}.ours.example`,
    rightid: `@${conn}.pluto.example`,
    leftsubnet: subnet.ours,
    rightsubnet: subnet.pluto,
    leftupdown: '',
    rightupdown: '',
    type: 'tunnel',
    ike: 'aes_gcm128-sha2_256-dh31',
    esp: 'aes_gcm128',
    pfs: 'no',
    // Pluto's default of 10 s is for a network; a guest's processor may stand still for a second.
    'retransmit-interval': '1s',
    'retransmit-timeout': '20s',
    encapsulation: behindNat ? 'auto' : 'no',
    auto: 'add',
  };
}

export function configOf(end: Host, cases: readonly PlacedCase[]): string {
  const conns = cases.map(({ setting, ...one }): [string, Keywords] => {
    const theirs = end === 'ours' ? 'right' : 'left';
    const peerBehindNat = setting.behindNat !== undefined && setting.behindNat !== end;
    const all = {
      ...plain({ ...one, setting }),
      ...setting.conn,
      ...(end === 'pluto' && { keyingtries: '1' }),
      ...(peerBehindNat && { [theirs]: '%any' }),
      ...setting[end],
    };
    return [one.conn, all];
  });
  return ipsecConf({ setup, conns: Object.fromEntries(conns) });
}

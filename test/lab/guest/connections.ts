/** ipsec.conf of both ends: a conn per case. */
import { ipsecConf, type Keywords } from '../../interop/peers/ipsec-conf.ts';
import type { Case, Lines } from './case.ts';
import { type Host, other, type Places, places } from './namespaces.ts';

export interface PlacedCase extends Case {
  /** The name of its conn at both ends. */
  readonly conn: string;
  readonly places: Places;
}

export function place(one: Case, number: number): PlacedCase {
  const { mode, outer = 4, inner = outer } = one.setting;
  const all = places(number, outer, inner);
  const own = { ...all, inner: all.outer, subnet: all.outer };
  return { ...one, conn: `case${number}`, places: mode === 'transport' ? own : all };
}

export const secrets = ': PSK "a secret of the laboratory, shared by both"\n';

const setup: Keywords = { 'ikev1-policy': 'drop', uniqueids: 'yes' };

/** Both ends', but for what a case says of one. */
function plain({ conn, places: { outer, subnet }, setting: { mode = 'tunnel' } }: PlacedCase): Keywords {
  return {
    ikev2: 'insist',
    authby: 'secret',
    left: outer.ours,
    right: outer.pluto,
    leftid: `@${conn}.ours.example`,
    rightid: `@${conn}.pluto.example`,
    ...(mode === 'tunnel' && { leftsubnet: subnet.ours, rightsubnet: subnet.pluto }),
    leftupdown: '%disabled',
    rightupdown: '%disabled',
    type: mode,
    ike: 'aes_gcm128-sha2_256-dh31',
    esp: 'aes_gcm128',
    pfs: 'no',
    // The guest's processor may stand still for a second.
    'retransmit-interval': '1s',
    'retransmit-timeout': '20s',
    auto: 'add',
  };
}

export function configOf(end: Host, cases: readonly PlacedCase[]): string {
  const conns = cases.map((one): [string, Keywords] => {
    const { behindNat, conn, [end]: own } = one.setting;
    const said = (lines: Lines = {}) => (typeof lines === 'function' ? lines(one.places) : lines);
    const all = {
      ...plain(one),
      ...(end === 'pluto' && { keyingtries: '1' }),
      ...(behindNat === other(end) && { [end === 'ours' ? 'right' : 'left']: '%any' }),
      ...said(conn),
      ...said(own),
    };
    return [one.conn, Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))];
  });
  return ipsecConf({ setup, conns: Object.fromEntries(conns) });
}

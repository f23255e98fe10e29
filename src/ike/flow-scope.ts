/** What a packet's negotiation is for: some or all that its on-demand policy selects, of its label. */
import { withNul } from '../policy/label.ts';
import { intersect } from '../policy/selector.ts';
import { toHex } from '../wire/hex.ts';
import type { RangeSelector } from '../wire/payloads/ts.ts';
import type { SelectorPair } from './child-negotiation.ts';
import { type ChildSa, describeSelectors } from './child-sa.ts';
import { holds, type Route } from './routes.ts';

export interface Scope {
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
}

/** Host to host, of whatever ports the policy takes; of a policy that takes no part of itself the whole. */
export function scopeOf({ spd, local, remote }: Route, packet: SelectorPair): Scope {
  if (!spd.narrowing) return { local, remote };
  return { local: ofHost(local, packet.local), remote: ofHost(remote, packet.remote) };
}

function ofHost(selectors: readonly RangeSelector[], { start, end }: RangeSelector): RangeSelector[] {
  const host = { kind: 'range', protocol: 0, startPort: 0, endPort: 0xffff, start, end } as const;
  return selectors.flatMap((each) => intersect(each, host) ?? []);
}

export const flowKey = (route: Route, { local, remote }: Scope, label: Uint8Array | undefined): string =>
  `flow ${route.connection} ${route.spd.name} ${describeSelectors(local)} ${describeSelectors(remote)}${label ? ` ${toHex(label)}` : ''}`;

/** Two packets of a label to a peer ask for one child, whatever their ports. */
export const templateKey = ({ connection, spd, peer = '' }: Route, label: Uint8Array): string =>
  `label ${connection} ${spd.name} ${peer} ${toHex(withNul(label))}`;

export const isFor = ({ connection, spd }: Pick<ChildSa, 'connection' | 'spd'>, route: Route): boolean =>
  connection === route.connection && spd.name === route.spd.name;

export const carries = (
  { local, remote }: Pick<ChildSa, 'local' | 'remote'>,
  packet: SelectorPair,
): boolean => holds(local, packet.local) && holds(remote, packet.remote);

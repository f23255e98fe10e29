/** Policies of the data plane from pairs of selectors. RFC 4301 §4.4.1. */
import type { KernelCommand, PolicyCommand } from '../kernel/port.ts';
import { formatSelector } from '../policy/selector.ts';
import { toHex } from '../wire/hex.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';

/** All that the policies of a child, of an on-demand policy or of a shunt have in common. */
export interface PolicyShape extends Omit<PolicyCommand, 'direction' | 'local' | 'remote'> {
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
}

/**
 * One for each direction and each pair of selectors that a packet can be of both of. What lets packets in comes first and
 * what sends them out last: nothing is sent whose answer would be turned away.
 */
export function policyCommands(
  { local, remote, ...shape }: PolicyShape,
  directions: readonly PolicyCommand['direction'][] = directionsOf(shape.mode),
): PolicyCommand[] {
  const pairs = local.flatMap((own) =>
    remote.filter((peers) => meet(own, peers)).map((peers) => ({ local: own, remote: peers })),
  );
  const make = (wanted: PolicyCommand['direction'][]): PolicyCommand[] =>
    pairs.flatMap((pair) => wanted.map((direction) => ({ ...shape, ...pair, direction })));
  return [
    ...make(directions.filter((direction) => direction !== 'out')),
    ...make(directions.filter((direction) => direction === 'out')),
  ];
}

/** `fwd` is what a gateway lets through, and tunnel mode makes one of every host. */
const directionsOf = (mode: PolicyCommand['mode']): readonly PolicyCommand['direction'][] =>
  mode === 'tunnel' ? ['in', 'fwd', 'out'] : ['in', 'out'];

/** Policies as they are taken away: what sends goes first. */
export const withdrawn = (policies: readonly PolicyCommand[]): PolicyCommand[] => [...policies].reverse();

/** Whether a packet can be of both: one address family, no two protocols. */
export const meet = (local: TrafficSelector, remote: TrafficSelector): boolean =>
  local.kind !== 'range' ||
  remote.kind !== 'range' ||
  (local.start.length === remote.start.length &&
    (local.protocol === 0 || remote.protocol === 0 || local.protocol === remote.protocol));

/** What a policy selects: equal for two that the data plane holds under one name. */
export const selectionKey = ({ direction, local, remote, label }: PolicyCommand): string =>
  `${direction} ${formatSelector(local)} ${formatSelector(remote)}${label ? ` ${toHex(label)}` : ''}`;

/** The same, and whose: what of rekeyed children is the same policy. */
export const policyKey = (policy: PolicyCommand): string =>
  `${policy.action ?? 'protect'} ${policy.reqid} ${policy.localAddress} ${policy.remoteAddress} ${selectionKey(policy)}`;

type OfPolicy<K extends KernelCommand['kind']> = Extract<KernelCommand, { kind: K }>;

export const addPolicy = (policy: PolicyCommand): OfPolicy<'addPolicy'> => ({ kind: 'addPolicy', policy });

export const deletePolicy = (policy: PolicyCommand): OfPolicy<'deletePolicy'> => ({
  kind: 'deletePolicy',
  policy,
});

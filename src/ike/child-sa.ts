/** A Child SA: what the data plane holds of it. RFC 4301 §4.4.2. */
import type { EspSuite } from '../crypto/suite.ts';
import type { KernelCommand, PolicyCommand, SaCommand, SaId } from '../kernel/port.ts';
import { withNul } from '../policy/label.ts';
import type { SpdEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import type { ChildName, Path } from './actions.ts';
import type { ChildKeys } from './keys.ts';
import type { Ends } from './upkeep.ts';

export interface ChildSa {
  readonly connection: string;
  readonly spd: SpdEntry;
  readonly inboundSpi: number;
  readonly outboundSpi: number;
  readonly mode: 'tunnel' | 'transport';
  readonly reqid: number;
  readonly suite: EspSuite;
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
  /** Of its packets, as it was negotiated. */
  readonly label?: Uint8Array;
  readonly encapsulated: boolean;
  /** Where the SAs are now; moves with the IKE SA. */
  path: Path;
  /** When it is rekeyed, and deleted at the latest. */
  ends?: Ends;
  /** The child that takes over from this one by a rekey. */
  heir?: ChildSa;
  /** The peer's rekey of this child, to be compared with ours (§2.8.1). */
  peerRekey?: { readonly child: ChildSa; readonly lowest: string };
  /** After the peer's rekey: what the outbound SA is installed with when the child it replaces goes. */
  /** The data plane did not take the outbound SA: one of that name there is somebody else's. */
  outboundRefused?: boolean;
  outboundHeld?: { readonly keys: ChildKeys['initiator']; readonly replaces: ChildSa };
}

export const childName = (child: ChildSa): ChildName => ({
  connection: child.connection,
  child: child.spd.name,
  inboundSpi: child.inboundSpi,
  outboundSpi: child.outboundSpi,
});

export const inboundId = (child: ChildSa): SaId => ({
  spi: child.inboundSpi,
  destination: child.path.local.address,
});
export const outboundId = (child: ChildSa): SaId => ({
  spi: child.outboundSpi,
  destination: child.path.remote.address,
});

/** Commands that install the SA of one direction. `keys` are those that direction's sender uses. */
export function addSa(
  child: ChildSa,
  direction: 'in' | 'out',
  keys: ChildKeys['initiator'],
): Extract<KernelCommand, { kind: 'addSa' }> {
  const inbound = direction === 'in';
  const [source, destination] = inbound
    ? [child.path.remote, child.path.local]
    : [child.path.local, child.path.remote];
  const { octets, packets } = child.spd.lifetime;
  const sa: SaCommand = {
    id: inbound ? inboundId(child) : outboundId(child),
    source: source.address,
    direction,
    mode: child.mode,
    reqid: child.reqid,
    encryption: { transform: child.suite.cipher.id, keyBits: child.suite.keyBits, key: keys.encryption },
    ...(child.suite.integ && { integrity: { transform: child.suite.integ.id, key: keys.integrity } }),
    esn: child.suite.esn,
    replayWindow: child.spd.replayWindow,
    ...((octets > 0 || packets > 0) && { limits: { octets, packets } }),
    ...(child.encapsulated && {
      encapsulation: { sourcePort: source.port, destinationPort: destination.port },
    }),
    local: child.local,
    remote: child.remote,
    ...(child.label && { label: withNul(child.label) }),
  };
  return { kind: 'addSa', sa };
}

/** Every policy of the child: out, in, and fwd in tunnel mode, for each pair of selectors. */
export function policiesOf(child: ChildSa): PolicyCommand[] {
  const directions = child.mode === 'tunnel' ? (['out', 'in', 'fwd'] as const) : (['out', 'in'] as const);
  const policies: PolicyCommand[] = [];
  for (const local of child.local) {
    for (const remote of child.remote) {
      if (!meet(local, remote)) continue;
      for (const direction of directions) {
        policies.push({
          direction,
          reqid: child.reqid,
          mode: child.mode,
          local,
          remote,
          localAddress: child.path.local.address,
          remoteAddress: child.path.remote.address,
          // Of the policy: flows of other labels may use it, each by SAs of its own.
          ...(child.spd.label && { label: child.spd.label }),
        });
      }
    }
  }
  return policies;
}

/** Whether a packet can be of both: one address family, no two protocols. */
export const meet = (local: TrafficSelector, remote: TrafficSelector): boolean =>
  local.kind !== 'range' ||
  remote.kind !== 'range' ||
  (local.start.length === remote.start.length &&
    (local.protocol === 0 || remote.protocol === 0 || local.protocol === remote.protocol));

/**
 * Commands that take the child out of the data plane, policies first so that nothing is lost in between. Where there are
 * siblings, what they need too stays, and the inbound SA is left to the caller for packets still on their way.
 */
export function removeChild(child: ChildSa, siblings: readonly ChildSa[]): KernelCommand[] {
  return [
    ...ownPolicies(child, siblings).map((policy) => ({ kind: 'deletePolicy' as const, policy })),
    ...(child.outboundHeld || child.outboundRefused
      ? []
      : [{ kind: 'deleteSa' as const, id: outboundId(child) }]),
    ...(siblings.length > 0 ? [] : [{ kind: 'deleteSa' as const, id: inboundId(child) }]),
  ];
}

/** Policies of the child that none of its siblings, which came of it by rekeys or it of them, has. */
export function ownPolicies(child: ChildSa, siblings: readonly ChildSa[]): PolicyCommand[] {
  const there = new Set(siblings.flatMap(policiesOf).map(policyKey));
  return policiesOf(child).filter((policy) => !there.has(policyKey(policy)));
}

const policyKey = ({ direction, reqid, local, remote }: PolicyCommand): string =>
  `${direction} ${reqid} ${formatSelector(local)} ${formatSelector(remote)}`;

/** Commands that move both SAs to the other path the IKE SA took. RFC 7296 §2.23. */
export function moveChild(child: ChildSa, path: Path): KernelCommand[] {
  const before = { inbound: inboundId(child), outbound: outboundId(child) };
  child.path = path;
  const { local, remote } = path;
  const outbound: KernelCommand = {
    kind: 'updateSa',
    id: before.outbound,
    source: local.address,
    destination: remote.address,
    ...(child.encapsulated && { encapsulation: { sourcePort: local.port, destinationPort: remote.port } }),
  };
  const inbound: KernelCommand = {
    kind: 'updateSa',
    id: before.inbound,
    source: remote.address,
    destination: local.address,
    ...(child.encapsulated && { encapsulation: { sourcePort: remote.port, destinationPort: local.port } }),
  };
  return child.outboundHeld || child.outboundRefused ? [inbound] : [outbound, inbound];
}

export const describeSelectors = (selectors: readonly TrafficSelector[]): string =>
  selectors.map(formatSelector).join(' ');

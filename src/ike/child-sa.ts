/** A Child SA: what the data plane holds of it. RFC 4301 §4.4.2. */
import type { EspSuite } from '../crypto/suite.ts';
import type { KernelCommand, PolicyCommand, SaCommand, SaId } from '../kernel/port.ts';
import { withNul } from '../policy/label.ts';
import type { DataPlaneSettings, SpdEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import type { ChildName, Millis, Path } from './actions.ts';
import type { ChildKeys } from './keys.ts';
import { addPolicy, deletePolicy, policyCommands, policyKey, withdrawn } from './spd-policies.ts';
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
  /** Its policies are those of its entry, which stand for all labels as long as the IKE SA does. */
  readonly sharesPolicies?: boolean;
  readonly encapsulated: boolean;
  /** Its connection may be with several peers, or carry less than it says. */
  readonly instance?: true;
  /** Of its entry, but for what the peer does not take. */
  readonly settings?: DataPlaneSettings;
  /** The acquire it was made for, see SaCommand. */
  readonly acquire?: number;
  /** When it was made. */
  readonly since: Millis;
  /** Where the SAs are now; moves with the IKE SA. */
  path: Path;
  /** When it is rekeyed, and deleted at the latest. */
  ends?: Ends;
  /** The child that takes over from this one by a rekey. */
  heir?: ChildSa;
  /** The peer's rekey of this child, to be compared with ours (§2.8.1). */
  peerRekey?: { readonly child: ChildSa; readonly lowest: string };
  /** The data plane did not take the outbound SA: one of that name there is somebody else's. */
  outboundRefused?: boolean;
  /** After the peer's rekey: what the outbound SA is installed with when the child it replaces goes. */
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
    ...(!inbound && child.acquire !== undefined && { acquire: child.acquire }),
    ...settingsOf(child, direction),
  };
  return { kind: 'addSa', sa };
}

/** Padding is the sender's alone. */
function settingsOf({ settings }: ChildSa, direction: 'in' | 'out'): Pick<SaCommand, 'settings'> {
  if (settings === undefined || direction === 'out') return settings ? { settings } : {};
  const { tfcPadding: _, ...rest } = settings;
  return { settings: rest };
}

/** Every policy of the child, and of no other. */
export const policiesOf = (child: ChildSa): PolicyCommand[] => {
  if (child.sharesPolicies) return [];
  const { reqid, mode, local, remote, path, spd, instance, settings } = child;
  return policyCommands({
    reqid,
    mode,
    local,
    remote,
    localAddress: path.local.address,
    remoteAddress: path.remote.address,
    ...(spd.label && { label: spd.label }),
    ...(instance && { instance }),
    ...(settings && { settings }),
  });
};

/**
 * Commands that take the child out of the data plane, policies first so that nothing is lost in between: the one that
 * sends first of all, and where an on-demand policy stands beside it nothing goes in clear. Where there are
 * siblings, what they need too stays, and the inbound SA is left to the caller for packets still on their way.
 */
export function removeChild(child: ChildSa, siblings: readonly ChildSa[]): KernelCommand[] {
  return [
    ...withdrawn(ownPolicies(child, siblings)).map(deletePolicy),
    ...(child.outboundHeld || child.outboundRefused
      ? []
      : [{ kind: 'deleteSa' as const, id: outboundId(child) }]),
    ...(siblings.length > 0 ? [] : [{ kind: 'deleteSa' as const, id: inboundId(child) }]),
  ];
}

/** Policies of the child that none of its siblings, which came of it by rekeys or it of them, has. */
export function ownPolicies(child: ChildSa, siblings: readonly ChildSa[]): PolicyCommand[] {
  if (siblings.length === 0) return policiesOf(child);
  const there = new Set(siblings.flatMap(policiesOf).map(policyKey));
  return policiesOf(child).filter((policy) => !there.has(policyKey(policy)));
}

/**
 * Commands that move a child to the other path the IKE SA took. Its policies name the tunnel's ends: a data plane where
 * that matters moves them together with the SA, and those of the new path are there before those of the old one go.
 * RFC 7296 §2.23.
 */
export function moveChild(child: ChildSa, path: Path, siblings: readonly ChildSa[]): KernelCommand[] {
  const before = {
    inbound: inboundId(child),
    outbound: outboundId(child),
    policies: ownPolicies(child, siblings),
  };
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
  const there = new Set(before.policies.map(policyKey));
  const policies = ownPolicies(child, siblings);
  const here = new Set(policies.map(policyKey));
  return [
    ...(child.outboundHeld || child.outboundRefused ? [inbound] : [outbound, inbound]),
    ...policies.filter((each) => !there.has(policyKey(each))).map(addPolicy),
    ...withdrawn(before.policies.filter((each) => !here.has(policyKey(each)))).map(deletePolicy),
  ];
}

export const describeSelectors = (selectors: readonly TrafficSelector[]): string =>
  selectors.map(formatSelector).join(' ');

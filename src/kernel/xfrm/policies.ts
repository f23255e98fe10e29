/** Policies of the kernel port as XFRM messages, and the bypasses of neighbour discovery and of sockets. */
import { KernelError, type PolicyCommand } from '../port.ts';
import { type FamilyAddress, xfrmAddressOf } from './addresses.ts';
import type { XfrmAttribute } from './attributes.ts';
import { invalid, type Masked, markAttribute, optional, securityContext } from './commands.ts';
import type { MessageOf } from './messages.ts';
import { AddressFamily, INF, Mode, PolicyAction, PolicyDirection, Protocol } from './numbers.ts';
import { libreswanPriority, PriorityBase } from './priority.ts';
import { xfrmSelectors } from './selectors.ts';
import {
  id,
  lifetimeCfg,
  type Selector,
  selector,
  type UserPolicyInfo,
  type UserTmpl,
  userPolicyId,
  userPolicyInfo,
  userTmpl,
} from './structs.ts';

/** What the kernel can do with a policy that the port's command does not speak of. */
export interface PolicyOptions {
  /** The lowest wins; Libreswan's of these selectors and this rank unless said. */
  readonly priority?: number;
  /** 0: the kernel's choice. */
  readonly index?: number;
  /** `PolicyFlag`. */
  readonly flags?: number;
  readonly mark?: Masked;
  readonly ifId?: number;
  /** Seconds until the kernel deletes it; 0 or absent: no limit. */
  readonly seconds?: number;
}

const directions = { in: PolicyDirection.IN, out: PolicyDirection.OUT, fwd: PolicyDirection.FWD };
const bases: Readonly<Record<NonNullable<PolicyCommand['rank']>, number>> = {
  shunt: PriorityBase.SHUNT,
  connection: PriorityBase.STATIC,
  opportunistic: PriorityBase.OPPORTUNISTIC,
  anonymous: PriorityBase.ANONYMOUS,
};
const allAlgorithms = 0xffff_ffff;
const unlimited = {
  ...{ soft_byte_limit: INF, hard_byte_limit: INF },
  ...{ soft_packet_limit: INF, hard_packet_limit: INF },
};

/**
 * As many NEWPOLICY as the kernel needs for ranges that are no prefixes. Throws KernelError: EINVAL (an address, or
 * selectors the kernel has no way to say).
 */
export const newPolicies = (policy: PolicyCommand, options: PolicyOptions = {}): MessageOf<'NEWPOLICY'>[] =>
  bodies('addPolicy', policy, options).map((body) => ({
    kind: 'NEWPOLICY',
    body,
    attributes: attributes(policy, options),
  }));

/** The same as UPDPOLICY: what has these selectors already is replaced, what has not is made. */
export const updatePolicies = (
  policy: PolicyCommand,
  options: PolicyOptions = {},
): MessageOf<'UPDPOLICY'>[] => newPolicies(policy, options).map((one) => ({ ...one, kind: 'UPDPOLICY' }));

/** Deletes what `newPolicies` of the same command and options made. Throws as it does. */
export const deletePolicies = (
  policy: PolicyCommand,
  options: PolicyOptions = {},
): MessageOf<'DELPOLICY'>[] =>
  bodies('deletePolicy', policy, options).map(({ sel, dir }) => ({
    kind: 'DELPOLICY',
    body: userPolicyId.of({ sel, dir, index: options.index ?? 0 }),
    attributes: named(policy, options),
  }));

/** IPv6 neighbour discovery in clear, before every other policy: RFC 4861's ICMPv6 types 133 to 137. */
export function neighbourDiscoveryBypass(): MessageOf<'NEWPOLICY'>[] {
  const types = [133, 134, 135, 136, 137];
  const bodyOf = (type: number, dir: number) =>
    userPolicyInfo.of({
      sel: selector.of({ family: AddressFamily.INET6, proto: 58, sport: type, sport_mask: 0xffff }),
      lft: lifetimeCfg.of(unlimited),
      priority: 1,
      dir,
      action: PolicyAction.ALLOW,
    });
  return types.flatMap((type) =>
    Object.values(directions).map((dir) => ({ kind: 'NEWPOLICY', body: bodyOf(type, dir), attributes: [] })),
  );
}

/** What `IP_XFRM_POLICY` or `IPV6_XFRM_POLICY` take so that a socket's own packets need no SA: pluto's IKE bypass. */
export const socketBypass = (family: 'ipv4' | 'ipv6', direction: 'in' | 'out'): UserPolicyInfo =>
  userPolicyInfo.of({
    sel: selector.of({ family: family === 'ipv4' ? AddressFamily.INET : AddressFamily.INET6 }),
    dir: directions[direction],
    action: PolicyAction.ALLOW,
  });

function bodies(
  kind: 'addPolicy' | 'deletePolicy',
  policy: PolicyCommand,
  options: PolicyOptions,
): UserPolicyInfo[] {
  const lft = lifetimeCfg.of({ ...unlimited, hard_add_expires_seconds: BigInt(options.seconds ?? 0) });
  return selectors(kind, policy).map((sel) =>
    userPolicyInfo.of({
      ...{ sel, lft },
      priority:
        options.priority ?? libreswanPriority({ ...policy, base: bases[policy.rank ?? 'connection'] }),
      index: options.index ?? 0,
      dir: directions[policy.direction],
      action: policy.action === 'discard' ? PolicyAction.BLOCK : PolicyAction.ALLOW,
      flags: options.flags ?? 0,
    }),
  );
}

/** What comes in has the peer's end as its source. */
function selectors(
  kind: 'addPolicy' | 'deletePolicy',
  { direction, local, remote }: PolicyCommand,
): Selector[] {
  const [from, to] = direction === 'out' ? [local, remote] : [remote, local];
  return invalid(kind, () => xfrmSelectors(from, to));
}

/** In iproute2's order. */
function attributes(policy: PolicyCommand, options: PolicyOptions): XfrmAttribute[] {
  const { action = 'protect' } = policy;
  const templates = action === 'protect' ? [{ kind: 'TMPL', value: [template(policy)] } as const] : [];
  return [...templates, ...named(policy, options)];
}

/** What is part of a policy's name beside its selectors and direction. */
const named = ({ label }: PolicyCommand, { mark, ifId }: PolicyOptions): XfrmAttribute[] => [
  ...markAttribute(mark),
  ...securityContext(label),
  ...optional('IF_ID', ifId),
];

/** In transport mode the SA may be between any addresses: the packet's own are meant. */
function template(policy: PolicyCommand): UserTmpl {
  const tunnel = policy.mode === 'tunnel';
  const inner = xfrmSelectors(policy.local, policy.remote)[0]?.family ?? AddressFamily.UNSPEC;
  const [from, to] =
    policy.direction === 'out'
      ? [policy.localAddress, policy.remoteAddress]
      : [policy.remoteAddress, policy.localAddress];
  const [source, destination] = tunnel ? [tunnelEnd(from), tunnelEnd(to)] : [undefined, undefined];
  return userTmpl.of({
    id: id.of({ ...(destination && { daddr: destination.octets }), proto: Protocol.ESP }),
    family: destination?.family ?? inner,
    ...(source && { saddr: source.octets }),
    reqid: policy.reqid,
    mode: tunnel ? Mode.TUNNEL : Mode.TRANSPORT,
    ...{ aalgos: allAlgorithms, ealgos: allAlgorithms, calgos: allAlgorithms },
  });
}

function tunnelEnd(text: string): FamilyAddress {
  const address = xfrmAddressOf(text);
  if (address === undefined) throw new KernelError('addPolicy', 'EINVAL', `address ${text}`);
  return address;
}

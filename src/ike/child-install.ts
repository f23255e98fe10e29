/** A child that was agreed on, on its way into the data plane. RFC 4301 §4.4.2, RFC 7296 §2.8. */
import type { EspSuite } from '../crypto/suite.ts';
import { formatLabel } from '../policy/label.ts';
import type { DataPlaneSettings, PadEntry, SpdEntry } from '../policy/policy.ts';
import { notifies } from '../wire/message.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Answer, Ask, Role } from './actions.ts';
import { addSa, type ChildSa, childName, describeSelectors, ownPolicies } from './child-sa.ts';
import type { Context } from './context.ts';
import type { IkeSa } from './ike-sa.ts';
import type { ChildKeys } from './keys.ts';
import { plainSelectors } from './plain-selectors.ts';
import { addPolicy } from './spd-policies.ts';
import { describeEspSuite } from './suite-text.ts';

/** What a kernel says that lacks an algorithm. */
const unknownToKernel: ReadonlySet<string> = new Set(['ENOSYS', 'EPROTONOSUPPORT', 'EOPNOTSUPP']);

/** What a child is whoever asked for it. `said` is what the peer sent with it. */
export const newChild = (
  { entry, ...of }: Pick<ChildSa, 'spd' | 'local' | 'remote' | 'label'> & { readonly entry: PadEntry },
  said: readonly Payload[],
  replaces: ChildSa | undefined,
  cx: Context,
) => {
  const child = { ...of, connection: entry.name };
  const settings = settingsFor(child.spd, said);
  const template = replaces ? undefined : cx.templateOf(child);
  const acquire = replaces ? undefined : cx.flows.sequenceOf(child, template);
  return {
    ...child,
    reqid: replaces?.reqid ?? template?.reqid ?? cx.reqidFor(child),
    since: cx.now,
    ...((template || replaces?.sharesPolicies) && { sharesPolicies: true }),
    ...(isInstance(entry, of.spd) && { instance: true as const }),
    ...(settings && { settings }),
    ...(acquire !== undefined && { acquire }),
  };
};

/** Where pluto makes an instance of a connection: its peer is none in particular, or its traffic. */
const isInstance = ({ remote: { address, range } }: PadEntry, { narrowing }: SpdEntry): boolean =>
  address === undefined || range !== undefined || narrowing;

/** A peer may not take padding for traffic flow confidentiality. RFC 7296 §3.10.1. */
function settingsFor({ settings }: SpdEntry, said: readonly Payload[]): DataPlaneSettings | undefined {
  if (settings?.tfcPadding === undefined) return settings;
  if (notifies(said, NotifyType.ESP_TFC_PADDING_NOT_SUPPORTED).length === 0) return settings;
  const { tfcPadding: _, ...rest } = settings;
  return rest;
}

/** Asks for the inbound SA; an errno, or undefined when it holds. */
export function* install(
  child: ChildSa,
  keys: ChildKeys['initiator'],
): Generator<Ask, string | undefined, Answer> {
  const answer = yield { kind: 'install', command: addSa(child, 'in', keys) };
  return answer.ok ? undefined : answer.errno;
}

/**
 * The inbound SA holds: the outbound one and the policies follow. A responder of a rekey holds the outbound one back:
 * the kernel prefers the newest SA of a reqid, and the peer is not there yet.
 */
export function complete(
  sa: IkeSa,
  child: ChildSa,
  keys: ChildKeys,
  role: Role,
  replaces: ChildSa | undefined,
  cx: Context,
): void {
  cx.addChild(child);
  const outbound = addSa(child, 'out', keys[role]);
  if (cx.keyLog) {
    const inbound = addSa(child, 'in', role === 'initiator' ? keys.responder : keys.initiator);
    for (const command of [inbound, outbound]) cx.emit({ kind: 'childKeys', sa: sa.name, command });
  }
  if (replaces && role === 'responder') child.outboundHeld = { keys: keys[role], replaces };
  const policies = ownPolicies(child, sa.children.siblings(child)).map(addPolicy);
  const isOut = (command: (typeof policies)[number]) => command.policy.direction === 'out';
  // In order: the answer to what goes out by the last of them finds its way in.
  for (const command of policies.filter((each) => !isOut(each))) cx.kernel(command);
  if (!child.outboundHeld) cx.kernel(outbound);
  for (const command of policies.filter(isOut)) cx.kernel(command);
  cx.emit({
    kind: 'childEstablished',
    sa: sa.name,
    child: childName(child),
    suite: describeEspSuite(child.suite),
    mode: child.mode,
    local: describeSelectors(child.local),
    remote: describeSelectors(child.remote),
    selectors: { local: plainSelectors(child.local), remote: plainSelectors(child.remote) },
    reqid: child.reqid,
    encapsulated: child.encapsulated,
    ...(child.label && { label: formatLabel(child.label) }),
    ...(replaces && { replaces: childName(replaces) }),
  });
  cx.afterwards(() => cx.flows.carried(child, sa));
}

/** Why there is no child, for people. */
export function notInstalled(suite: EspSuite, errno: string): string {
  return unknownToKernel.has(errno)
    ? `the kernel cannot do ESP with ${describeEspSuite(suite)} (${errno})`
    : `the data plane refused the inbound SA: ${errno}`;
}

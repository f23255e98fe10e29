/** `policy-label=` (`sec-label=`): the labels whose traffic a conn protects. RFC 9478. */
import { formatLabel, labelFault, labelFrom } from '../policy/label.ts';
import type { ConfigurationClient, ConfigurationServer, SpdEntry } from '../policy/policy.ts';
import { networks } from '../policy/range.ts';
import { type HostFacts, placeOf } from './host.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings } from './settings.ts';

/** Networks of one end beside a label: the peers take no more. */
const mostNetworks = 15;

/**
 * The labels of a conn, separated by blanks; none when it has none, undefined when a mistake was reported. Whether the host
 * knows them is asked of `facts`.
 */
export function policyLabels(
  conn: ConnSettings,
  { labels: host }: HostFacts,
  mistakes: Mistakes,
): readonly Uint8Array[] | undefined {
  const setting = conn.settings.get('policy-label');
  const old = conn.settings.get('labeled-ipsec');
  if (old) mistakes.note(old.at, 'labeled-ipsec= is obsolete: policy-label= alone says it');
  if (old?.word === 'yes' && !setting && !conn.refused.has('policy-label')) {
    mistakes.error(old.at, 'labeled-ipsec=yes without policy-label=', 'policy-label=CONTEXT');
    return undefined;
  }
  if (setting === undefined) return [];
  if (old?.word === 'no') {
    mistakes.error(old.at, 'labeled-ipsec=no and policy-label= exclude each other', 'one of them');
    return undefined;
  }
  const words = setting.text.split(/[ \t\r\n]+/).filter((word) => word !== '');
  const wrong = words.flatMap((word, at) => {
    const label = labelFrom(word);
    const fault = labelFault(label, 'selinux') ?? host?.fault?.(label);
    if (fault !== undefined) return [`${formatLabel(label, 60)}: ${fault}`];
    return words.indexOf(word) < at ? [`${quoted(word)} is there twice`] : [];
  });
  for (const each of wrong) mistakes.error(setting.at, `policy-label=: ${each}`);
  if (host?.mode === 'selinux') noteShunts(conn, mistakes);
  return wrong.length > 0 ? undefined : words.map(labelFrom);
}

/** What they let pass or discard would be packets of all labels that may use the policy. */
function noteShunts(conn: ConnSettings, mistakes: Mistakes): void {
  for (const [name, harmless] of [
    ['negotiationshunt', 'hold'],
    ['failureshunt', 'none'],
  ] as const) {
    const setting = conn.settings.get(name);
    if (setting === undefined || setting.word === harmless) continue;
    mistakes.note(setting.at, `${name}=${setting.word} installs nothing beside policy-label=`);
  }
}

/**
 * Under SELinux the policies of labels stand before any child of theirs, and with them before an internal address that only
 * the peer knows: packets from it would go in clear.
 */
export function checkAddresses(
  conn: ConnSettings,
  configuration: ConfigurationClient | ConfigurationServer,
  mistakes: Mistakes,
): void {
  if (configuration.role === 'server' && configuration.pools.length === 0) return;
  mistakes.error(
    placeOf(conn, 'policy-label'),
    'policy-label= and internal addresses of a peer exclude each other under SELinux',
    'subnets, or the addresses of the hosts',
  );
}

/** A child of each label, or the one without. Undefined when a mistake was reported. */
export function withLabels(
  child: SpdEntry,
  labels: readonly Uint8Array[],
  { labels: host }: HostFacts,
  conn: ConnSettings,
  mistakes: Mistakes,
): SpdEntry[] | undefined {
  if (labels.length === 0) return [child];
  const at = placeOf(conn, 'policy-label');
  if (child.action !== 'protect') {
    mistakes.error(at, 'policy-label= is for what is protected', 'type=tunnel or type=transport');
    return undefined;
  }
  for (const selectors of [child.local, child.remote]) {
    const count = selectors.reduce((sum, each) => sum + (each.dynamic ? 1 : networks(each).length), 0);
    if (count <= mostNetworks) continue;
    mistakes.error(
      at,
      `${child.name} has ${count} networks at one end, and beside a label there is room for ${mostNetworks}`,
    );
    return undefined;
  }
  return labels.map((label, number) => ({
    ...child,
    name: labels.length === 1 ? child.name : `${child.name}/label${number + 1}`,
    label,
    ...(host?.mode === 'selinux' && { template: true }),
  }));
}

/** What a conn protects: SPD entries, one for each pair of `leftsubnets=` and `rightsubnets=`. RFC 4301 §4.4.1. */
import type { ChildLifetime, SpdEntry } from '../policy/policy.ts';
import type { EspProposal } from '../policy/proposal.ts';
import { formatRange } from '../policy/range.ts';
import { type FixedSelector, resolve, type SelectorPolicy } from '../policy/selector.ts';
import { type HostFacts, type Oriented, placeOf } from './host.ts';
import { withLabels } from './label.ts';
import type { End } from './lookup.ts';
import type { Mistakes, Place } from './mistake.ts';
import type { ConnSettings } from './settings.ts';
import type { BothTraffic } from './traffic.ts';
import { parseCount } from './values.ts';

/** More is a slip of the pen, and would fill the kernel. */
const maxChildren = 1024;

const actions: Readonly<Record<string, SpdEntry['action']>> = {
  passthrough: 'bypass',
  drop: 'discard',
  reject: 'discard',
};

/** The children of a conn, named as pluto names them; undefined when a mistake was reported. */
export function children(
  conn: ConnSettings,
  ends: Oriented,
  { left, right, assigned }: BothTraffic,
  proposals: readonly EspProposal[],
  lifetime: ChildLifetime,
  labels: readonly Uint8Array[],
  facts: HostFacts,
  mistakes: Mistakes,
): SpdEntry[] | undefined {
  const { settings } = conn;
  const replayWindow = readWindow(conn, mistakes);
  if (replayWindow === undefined) return undefined;
  if (left.lists.length * right.lists.length * Math.max(labels.length, 1) > maxChildren) {
    mistakes.error(
      placeOf(conn, 'leftsubnets'),
      `leftsubnets= and rightsubnets= make more than ${maxChildren} pairs`,
    );
    return undefined;
  }
  const type = settings.get('type')?.word ?? 'tunnel';
  const action = actions[type] ?? 'protect';
  if (type === 'reject') mistakes.note(placeOf(conn, 'type'), 'type=reject discards without an ICMP message');
  const found: SpdEntry[] = [];
  for (const { suffix, own, peer } of pairs({ left, right }, ends)) {
    const child = {
      name: `${conn.name}${suffix}`,
      mode: type === 'transport' ? 'transport' : 'tunnel',
      action,
      local: action === 'protect' ? own : fixed(own, ends.local, ends.local.length),
      remote: action === 'protect' ? peer : fixed(peer, ends.remote, ends.local.length),
      proposals,
      pfs: (settings.get('pfs')?.word ?? 'yes') === 'yes',
      narrowing: settings.get('narrowing')?.word === 'yes',
      lifetime,
      replayWindow,
    } as const;
    if (suffix !== '' && !sameFamilies(child, ends, assigned)) {
      mistakes.warning(placeOf(conn, 'leftsubnets'), `${child.name} is left out: ${mixed}`);
      continue;
    }
    if (!fits(child, ends, assigned, placeOf(conn, 'leftsubnet'), mistakes)) return undefined;
    const labelled = withLabels(child, labels, facts, conn, mistakes);
    if (labelled === undefined) return undefined;
    found.push(...labelled);
  }
  if (found.length > 0) return found;
  mistakes.error(placeOf(conn, 'leftsubnets'), mixed, 'subnets of one family');
  return undefined;
}

interface Pair {
  /** `/1x2`: the first of `leftsubnets=` and the second of `rightsubnets=`; empty when neither was said. */
  readonly suffix: string;
  readonly own: readonly SelectorPolicy[];
  readonly peer: readonly SelectorPolicy[];
}

/** Each list of one end with each of the other; an end without `subnets=` counts as 0. */
function pairs({ left, right }: BothTraffic, ends: Oriented): Pair[] {
  const plural = left.plural || right.plural;
  return left.lists.flatMap((leftList, row) =>
    right.lists.map((rightList, column) => {
      const [own, peer] = ends.ours === 'left' ? [leftList, rightList] : [rightList, leftList];
      const number = `${left.plural ? row + 1 : 0}x${right.plural ? column + 1 : 0}`;
      return { suffix: plural ? `/${number}` : '', own, peer };
    }),
  );
}

function readWindow(conn: ConnSettings, mistakes: Mistakes): number | undefined {
  const setting = conn.settings.get('replay-window');
  const size = setting === undefined ? 128 : parseCount(setting.text, 0, 4096);
  if (typeof size === 'number') return size;
  if (setting !== undefined) mistakes.error(setting.at, `replay-window=: ${size.wrong}`, size.expected);
  return undefined;
}

/** A shunt has no peer to take addresses from; an end of any address is all addresses. */
function fixed(
  selectors: readonly SelectorPolicy[],
  address: Uint8Array | undefined,
  length: number,
): FixedSelector[] {
  if (address !== undefined) return resolve(selectors, address);
  const start = new Uint8Array(length);
  const end = new Uint8Array(length).fill(0xff);
  return resolve(selectors, start).map((each, at) =>
    selectors[at]?.dynamic ? { ...each, start, end } : each,
  );
}

const mixed = 'the traffic of one end is IPv4 and of the other IPv6';

/** Whether there is someone to talk to for the traffic of each family; of internal addresses, for that of one. */
function sameFamilies(
  { local, remote }: SpdEntry,
  { ours, theirs, local: address }: Oriented,
  assigned: BothTraffic['assigned'],
): boolean {
  const families = (selectors: readonly SelectorPolicy[], end: End): Set<number> => {
    const dynamic = assigned?.end === end ? assigned.lengths : [address.length];
    return new Set(selectors.flatMap((each) => (each.dynamic ? dynamic : [each.start.length])));
  };
  const [own, peer] = [families(local, ours), families(remote, theirs)];
  if (assigned) return [...own].some((each) => peer.has(each));
  return own.size === peer.size && [...own].every((each) => peer.has(each));
}

/** Both ends' traffic is of the same families; in transport mode it is the hosts' own. */
function fits(
  child: SpdEntry,
  ends: Oriented,
  assigned: BothTraffic['assigned'],
  at: Place,
  mistakes: Mistakes,
): boolean {
  if (!sameFamilies(child, ends, assigned)) {
    mistakes.error(at, mixed, 'subnets of one family');
    return false;
  }
  if (child.mode === 'tunnel') return true;
  const strange = [
    ...child.local.filter((each) => !isHost(each, ends.local)),
    ...child.remote.filter((each) => !isHost(each, ends.remote)),
  ].find((each) => !each.dynamic);
  if (strange === undefined || strange.dynamic) return true;
  mistakes.error(
    at,
    `transport mode protects the hosts' own traffic, not ${formatRange(strange)}`,
    'type=tunnel, or no subnet',
  );
  return false;
}

function isHost(each: SelectorPolicy, address: Uint8Array | undefined): boolean {
  if (each.dynamic) return true;
  const same = (a: Uint8Array, b: Uint8Array): boolean =>
    a.length === b.length && a.every((octet, at) => octet === b[at]);
  return same(each.start, each.end) && (address === undefined || same(each.start, address));
}

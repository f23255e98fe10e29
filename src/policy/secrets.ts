/** Which pre-shared key is for which two ends, by the rules of pluto's ipsec.secrets. */
import { parseAddress } from '../wire/address.ts';
import { addressIdentity, type Identity, identityKey, sameIdentity } from './identity.ts';
import type { PreSharedKey } from './policy.ts';

/** How an entry fits, as bits: more is more specific. */
const fits = { default: 1, any: 2, remote: 4, local: 8 } as const;

/** What is no fit at all: an entry of several names needs both ends, or one and `%any`. */
const good: ReadonlySet<number> = new Set([
  fits.default,
  fits.any,
  fits.local | fits.default,
  fits.local | fits.any,
  fits.remote | fits.any,
  fits.local | fits.remote,
  fits.local | fits.remote | fits.any,
]);

/**
 * The key that fits best, the first of equals; undefined when none fits. Identities count, and an address only
 * where there is no identity. From least to most specific: an entry without names, `%any`, the remote end and
 * `%any`, the local end alone, the local end and `%any`, both ends.
 */
export function pskFor(
  keys: readonly PreSharedKey[],
  local: Identity | undefined,
  remote: Identity | undefined,
  localAddress: string,
  remoteAddress: string,
): PreSharedKey | undefined {
  const ours = local ?? identityOf(localAddress);
  const theirs = remote ?? identityOf(remoteAddress);
  let best: PreSharedKey | undefined;
  let bestFit = 0;
  for (const key of forBoth(keys, ours, theirs)) {
    const fit = fitOf(key, ours, theirs);
    if (fit <= bestFit) continue;
    best = key;
    bestFit = fit;
  }
  return best;
}

/** Keys by the names they are for. */
interface Index {
  readonly byName: ReadonlyMap<string, readonly Placed[]>;
  /** Of one name only, which may be ours and then fits all peers. */
  readonly lone: ReadonlyMap<string, readonly Placed[]>;
  /** Without names, or with `%any`. */
  readonly open: readonly Placed[];
}

interface Placed {
  readonly key: PreSharedKey;
  /** Among all. */
  readonly at: number;
}

/** As many are looked through as quickly as found. */
const few = 16;

const indexes = new WeakMap<readonly PreSharedKey[], Index>();

/** Those of the keys that may fit, in their order: of several names one must be the peer's. */
function forBoth(
  keys: readonly PreSharedKey[],
  local: Identity | undefined,
  remote: Identity | undefined,
): readonly PreSharedKey[] {
  if (keys.length <= few) return keys;
  let index = indexes.get(keys);
  if (index === undefined) {
    index = indexOf(keys);
    indexes.set(keys, index);
  }
  const theirs = (remote && index.byName.get(identityKey(remote))) ?? [];
  const ours = (local && index.lone.get(identityKey(local))) ?? [];
  const found = new Set([...theirs, ...ours, ...index.open]);
  return [...found].sort((a, b) => a.at - b.at).map(({ key }) => key);
}

function indexOf(keys: readonly PreSharedKey[]): Index {
  const byName = new Map<string, Placed[]>();
  const lone = new Map<string, Placed[]>();
  const open: Placed[] = [];
  keys.forEach((key, at) => {
    const placed = { key, at };
    const names = key.selectors.flatMap((each) =>
      each.kind === 'identity' ? [identityKey(each.identity)] : [],
    );
    if (names.length < key.selectors.length || names.length === 0) open.push(placed);
    for (const name of names) push(byName, name, placed);
    for (const name of key.selectors.length === 1 ? names : []) push(lone, name, placed);
  });
  return { byName, lone, open };
}

function push(index: Map<string, Placed[]>, name: string, placed: Placed): void {
  const list = index.get(name);
  if (list === undefined) index.set(name, [placed]);
  else list.push(placed);
}

function identityOf(address: string): Identity | undefined {
  const octets = parseAddress(address);
  return octets && addressIdentity(octets);
}

function fitOf(key: PreSharedKey, local: Identity | undefined, remote: Identity | undefined): number {
  if (key.selectors.length === 0) return fits.default;
  let fit = 0;
  for (const selector of key.selectors) {
    if (selector.kind === 'any') {
      fit |= fits.any;
      continue;
    }
    if (local && sameIdentity(selector.identity, local)) fit |= fits.local;
    if (remote && sameIdentity(selector.identity, remote)) fit |= fits.remote;
  }
  // A lone name that is ours is for any peer.
  if (fit === fits.local && key.selectors.length === 1) fit |= fits.default;
  return good.has(fit) ? fit : 0;
}

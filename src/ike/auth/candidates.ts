/** Which of many connections a peer may be of, by who it says to be, without a walk through all of them. RFC 4301 §4.4.3. */
import { hasWildcard } from '../../pki/index.ts';
import { rdnKeys } from '../../pki/name.ts';
import { type Identity, identityKey } from '../../policy/identity.ts';
import type { PadEntry } from '../../policy/policy.ts';
import { IdType } from '../../wire/numbers.ts';

interface Placed {
  readonly entry: PadEntry;
  /** Among all. */
  readonly at: number;
}

interface Index {
  readonly named: ReadonlyMap<string, readonly Placed[]>;
  /** Those that fit more than one identity. */
  readonly open: readonly Placed[];
}

/** As many are looked through as quickly as found. */
const few = 16;

const indexes = new WeakMap<readonly PadEntry[], Index>();

/** Those of the candidates that may be for this identity, in their order. */
export function ofIdentity(candidates: readonly PadEntry[], identity: Identity): readonly PadEntry[] {
  if (candidates.length <= few) return candidates;
  let index = indexes.get(candidates);
  if (index === undefined) {
    index = indexOf(candidates);
    indexes.set(candidates, index);
  }
  const named = index.named.get(keyOf(identity) ?? '') ?? [];
  return [...named, ...index.open].sort((a, b) => a.at - b.at).map(({ entry }) => entry);
}

/** Who is nobody needs no name. */
export const takesNobody = ({ remote }: PadEntry): boolean =>
  remote.auth.every(({ kind }) => kind === 'null');

function indexOf(candidates: readonly PadEntry[]): Index {
  const named = new Map<string, Placed[]>();
  const open: Placed[] = [];
  candidates.forEach((entry, at) => {
    const { identity } = entry.remote;
    const key = identity && !takesNobody(entry) ? keyOf(identity) : undefined;
    const list = key === undefined ? open : (named.get(key) ?? []);
    if (key !== undefined) named.set(key, list);
    list.push({ entry, at });
  });
  return { named, open };
}

/** Equal for identities that fit each other; undefined for one that fits several, or is malformed. */
function keyOf(identity: Identity): string | undefined {
  if (identity.type !== IdType.DER_ASN1_DN) return identityKey(identity);
  try {
    return hasWildcard(identity.data) ? undefined : rdnKeys(identity.data).sort().join('\n');
  } catch {
    return undefined;
  }
}

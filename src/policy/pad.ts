/** Finding PAD entries: by addresses first, by identities once the peer has told them. RFC 4301 §4.4.3. */
import { parseAddress } from '../wire/address.ts';
import { type Identity, sameIdentity } from './identity.ts';
import type { PadEntry, Policy } from './policy.ts';
import { contains } from './range.ts';

/** Looks entries up without walking through all of them. Made once per policy. */
export class Pad {
  readonly #byName = new Map<string, PadEntry>();
  readonly #byPair = new Map<string, PadEntry[]>();
  /** By local address: peers that may come from anywhere, or from a range. */
  readonly #open = new Map<string, PadEntry[]>();
  readonly #entries: readonly PadEntry[];
  /** By who is at both ends, once that is asked for. */
  #byEnds: Map<string, PadEntry[]> | undefined;

  constructor(policy: Policy) {
    this.#entries = policy.pad;
    for (const entry of policy.pad) {
      this.#byName.set(entry.name, entry);
      const { address } = entry.remote;
      if (address === undefined) push(this.#open, entry.local.address, entry);
      else push(this.#byPair, pair(entry.local.address, address), entry);
    }
  }

  named(name: string): PadEntry | undefined {
    return this.#byName.get(name);
  }

  /** The entry of that name, if it still means the same. */
  unchanged(entry: PadEntry): PadEntry | undefined {
    const now = this.#byName.get(entry.name);
    return now !== undefined && (now === entry || sameEntry(now, entry)) ? now : undefined;
  }

  /** The entry, and after it those that differ from it in nothing that tells whom they are with: one IKE SA serves all. */
  alike(entry: PadEntry): [PadEntry, ...PadEntry[]] {
    if (this.#byEnds === undefined) {
      this.#byEnds = new Map();
      for (const each of this.#entries) push(this.#byEnds, endsOf(each), each);
    }
    const same = this.#byEnds.get(endsOf(entry)) ?? [];
    return [entry, ...same.filter(({ name }) => name !== entry.name)];
  }

  /** Entries a peer at these addresses may be: the exact pair first, then ranges, then anyone, each in file order. */
  candidates(local: string, remote: string): readonly PadEntry[] {
    const exact = this.#byPair.get(pair(local, remote)) ?? [];
    const open = this.#open.get(local);
    if (open === undefined) return exact;
    const address = parseAddress(remote);
    const ranged = open.filter(
      ({ remote: { range } }) => range && address && contains(range, { start: address, end: address }),
    );
    return [...exact, ...ranged, ...open.filter((entry) => entry.remote.range === undefined)];
  }
}

/**
 * The entry for what the initiator says: its identity, and whom it asks for (IDr, if sent; pluto asks for a pattern when
 * it wants one). An entry that names the identity goes before one that takes any.
 */
export function identify(
  candidates: readonly PadEntry[],
  remote: Identity,
  asked: Identity | undefined,
  fits: (wanted: Identity, actual: Identity) => boolean = sameIdentity,
): PadEntry | undefined {
  const ours = candidates.filter(({ local }) => asked === undefined || fits(asked, local.identity));
  const named = ours.find((entry) => entry.remote.identity && fits(entry.remote.identity, remote));
  return named ?? ours.find((entry) => entry.remote.identity === undefined);
}

/** Whether two entries of one name mean the same: an unchanged connection keeps its SAs on a reload. */
export const sameEntry = (a: PadEntry, b: PadEntry): boolean => sameValue(a, b);

/** Whether two parts of policies mean the same. */
export const sameValue = (a: object, b: object): boolean =>
  JSON.stringify(a, octets) === JSON.stringify(b, octets);

/** Addresses, identities, proofs, and who gives internal addresses to whom. */
const endsOf = ({ local, remote, configuration }: PadEntry): string =>
  JSON.stringify([local, remote, configuration], octets);

const octets = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);

const pair = (local: string, remote: string): string => `${local} ${remote}`;

function push(index: Map<string, PadEntry[]>, key: string, entry: PadEntry): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [entry]);
  else list.push(entry);
}

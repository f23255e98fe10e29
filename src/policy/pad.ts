/** Finding PAD entries: by addresses first, by identities once the peer has told them. RFC 4301 §4.4.3. */
import { parseAddress } from '../wire/address.ts';
import { type Identity, sameIdentity } from './identity.ts';
import type { PadEntry, Policy } from './policy.ts';
import { type AddressRange, contains, formatRange } from './range.ts';

/** Looks entries up without walking through all of them. Made once per policy. */
export class Pad {
  readonly #byName = new Map<string, PadEntry>();
  readonly #byPair = new Map<string, PadEntry[]>();
  /** By local address. */
  readonly #open = new Map<string, Open>();
  readonly #entries: readonly PadEntry[];
  /** By who is at both ends, once that is asked for. */
  #byEnds: Map<string, PadEntry[]> | undefined;

  constructor(policy: Policy) {
    this.#entries = policy.pad;
    for (const [at, entry] of policy.pad.entries()) {
      this.#byName.set(entry.name, entry);
      const { address } = entry.remote;
      if (address === undefined) this.#openAt(entry.local.address).add(entry, at);
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

  /**
   * Entries a peer at these addresses may be: the exact pair first, then ranges, then anyone, each in file order. The same
   * list again for the same ones.
   */
  candidates(local: string, remote: string): readonly PadEntry[] {
    const exact = this.#byPair.get(pair(local, remote)) ?? none;
    const open = this.#open.get(local);
    return open === undefined ? exact : open.after(exact, remote);
  }

  #openAt(local: string): Open {
    const open = this.#open.get(local) ?? new Open();
    this.#open.set(local, open);
    return open;
  }
}

const none: readonly PadEntry[] = [];

interface Ranged {
  readonly range: AddressRange;
  readonly entries: { readonly entry: PadEntry; readonly at: number }[];
}

/** Peers of a local address that may come from anywhere, or from a range. */
class Open {
  readonly #anyone: PadEntry[] = [];
  /** By the range's text. */
  readonly #ranged = new Map<string, Ranged>();
  /** Lists made before, by the addresses and ranges they are for. */
  readonly #lists = new Map<string, readonly PadEntry[]>();

  /** `at`: its place in the file. */
  add(entry: PadEntry, at: number): void {
    const { range } = entry.remote;
    if (range === undefined) {
      this.#anyone.push(entry);
      return;
    }
    const text = formatRange(range);
    const known = this.#ranged.get(text) ?? { range, entries: [] };
    known.entries.push({ entry, at });
    this.#ranged.set(text, known);
  }

  /** What an address may be beside what `exact` says. */
  after(exact: readonly PadEntry[], address: string): readonly PadEntry[] {
    const ranges = this.#rangesOf(address);
    if (exact.length === 0 && ranges.length === 0) return this.#anyone;
    const key = [exact.length > 0 ? address : '', ...ranges].join(' ');
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const ranged = ranges.flatMap((text) => this.#ranged.get(text)?.entries ?? []);
    ranged.sort((a, b) => a.at - b.at);
    const list = [...exact, ...ranged.map(({ entry }) => entry), ...this.#anyone];
    this.#lists.set(key, list);
    return list;
  }

  #rangesOf(address: string): string[] {
    if (this.#ranged.size === 0) return [];
    const octets = parseAddress(address);
    if (octets === undefined) return [];
    const inside = { start: octets, end: octets };
    return [...this.#ranged].flatMap(([text, { range }]) => (contains(range, inside) ? [text] : []));
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

/**
 * Addresses, identities, proofs, and who gives internal addresses to whom. The policies of a template stand for its own
 * IKE SAs: no other connection's children ride on them.
 */
const endsOf = ({ name, local, remote, configuration, children }: PadEntry): string =>
  JSON.stringify([local, remote, configuration, children.some(({ template }) => template) && name], octets);

const octets = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);

const pair = (local: string, remote: string): string => `${local} ${remote}`;

function push(index: Map<string, PadEntry[]>, key: string, entry: PadEntry): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [entry]);
  else list.push(entry);
}

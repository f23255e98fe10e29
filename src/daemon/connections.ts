/** Which of the configured connections are loaded: all but `auto=ignore`, and what the operator added or deleted. */
import leven from 'leven';
import { sameValue } from '../policy/pad.ts';
import type { PadEntry, Policy, ShuntEntry } from '../policy/policy.ts';
import { ControlError } from './control-protocol.ts';

/** A value: every change makes another. */
export class Connections {
  readonly #all: Policy;
  /** Names the operator added though they are `auto=ignore`. */
  readonly #added: ReadonlySet<string>;
  readonly #deleted: ReadonlySet<string>;

  constructor(all: Policy, added: Iterable<string> = [], deleted: Iterable<string> = []) {
    this.#all = all;
    this.#added = new Set(added);
    this.#deleted = new Set(deleted);
  }

  /** What the engine shall go by. */
  get policy(): Policy {
    const pad = this.#all.pad.filter((entry) => this.#isLoaded(entry));
    return { ...this.#all, pad, shunts: shuntsOf(this.#all).filter((each) => this.#isLoaded(asNamed(each))) };
  }

  get entries(): readonly PadEntry[] {
    return this.policy.pad;
  }

  /** Those with a peer and those without one. */
  get named(): readonly Named[] {
    const { pad, shunts = [] } = this.policy;
    return [...pad, ...shunts.map(asNamed)];
  }

  /** After the configuration was read again; what the operator deleted by name is back. */
  reloaded(all: Policy): Connections {
    return new Connections(all, this.#added);
  }

  /** With one connection of a configuration that was read again; the others stay as they were. Throws ControlError. */
  with(name: string, all: Policy): Connections {
    const isIt = (each: Named): boolean => each.name === name;
    const known = [...all.pad, ...shuntsOf(all).map(asNamed)];
    if (!known.some(isIt)) throw unknown(name, known, 'in the configuration');
    const pad = [...this.#all.pad.filter((each) => !isIt(each)), ...all.pad.filter(isIt)];
    const shunts = [
      ...shuntsOf(this.#all).filter((each) => !isIt(asNamed(each))),
      ...shuntsOf(all).filter((each) => isIt(asNamed(each))),
    ];
    const deleted = [...this.#deleted].filter((each) => each !== name);
    return new Connections({ ...all, pad, shunts }, [...this.#added, name], deleted);
  }

  /** Throws ControlError. */
  without(name: string): Connections {
    this.mustBe(name);
    const added = [...this.#added].filter((each) => each !== name);
    return new Connections(this.#all, added, [...this.#deleted, name]);
  }

  /** A loaded connection with a peer. Throws ControlError UNKNOWN_CONNECTION, with a hint, or BAD_REQUEST. */
  find(name: string): PadEntry {
    this.mustBe(name);
    const entry = this.entries.find((each) => each.name === name);
    if (entry !== undefined) return entry;
    throw new ControlError(
      'BAD_REQUEST',
      `"${name}" has no peer: ikev2 route ${name}, ikev2 unroute ${name}`,
    );
  }

  isShunt(name: string): boolean {
    return shuntsOf(this.policy).some(({ connection }) => connection === name);
  }

  /** Throws ControlError UNKNOWN_CONNECTION, with a hint, unless it is loaded. */
  mustBe(name: string): void {
    if (this.named.some((each) => each.name === name)) return;
    const all = [...this.#all.pad, ...shuntsOf(this.#all).map(asNamed)];
    if (!all.some((each) => each.name === name)) throw unknown(name, this.named, 'loaded');
    throw new ControlError('UNKNOWN_CONNECTION', `"${name}" is not loaded: ikev2 add ${name}`);
  }

  #isLoaded({ name, start }: Named): boolean {
    return (start !== 'ignore' || this.#added.has(name)) && !this.#deleted.has(name);
  }
}

/** A connection, be it with a peer or a part of one without. */
interface Named {
  readonly name: string;
  readonly start: PadEntry['start'];
}

const shuntsOf = ({ shunts = [] }: Policy): readonly ShuntEntry[] => shunts;

/** By its connection's name. */
const asNamed = (shunt: ShuntEntry): Named => ({ ...shunt, name: shunt.connection });

/** What became of connections, by name. */
export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
}

export function difference(before: readonly Named[], after: readonly Named[]): Difference {
  const [old, now] = [before, after].map(byName);
  const names = [...(now?.keys() ?? [])];
  const isSame = (name: string): boolean => sameValue(old?.get(name) ?? [], now?.get(name) ?? []);
  const kept = names.filter((name) => old?.has(name));
  return {
    added: names.filter((name) => !old?.has(name)),
    changed: kept.filter((name) => !isSame(name)),
    removed: [...(old?.keys() ?? [])].filter((name) => !now?.has(name)),
    unchanged: kept.filter(isSame),
  };
}

function byName(connections: readonly Named[]): Map<string, Named[]> {
  const found = new Map<string, Named[]>();
  for (const each of connections) found.set(each.name, [...(found.get(each.name) ?? []), each]);
  return found;
}

function unknown(name: string, entries: readonly Named[], where: string): ControlError {
  const near = entries
    .map((entry) => ({ name: entry.name, distance: leven(entry.name, name) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = near ? `; did you mean "${near.name}"?` : '';
  return new ControlError('UNKNOWN_CONNECTION', `there is no connection "${name}" ${where}${hint}`);
}

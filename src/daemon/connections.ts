/** Which of the configured connections are loaded: all but `auto=ignore`, and what the operator added or deleted. */
import leven from 'leven';
import { sameEntry } from '../policy/pad.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
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
    return { ...this.#all, pad: this.#all.pad.filter((entry) => this.#isLoaded(entry)) };
  }

  get entries(): readonly PadEntry[] {
    return this.policy.pad;
  }

  /** After the configuration was read again; what the operator deleted by name is back. */
  reloaded(all: Policy): Connections {
    return new Connections(all, this.#added);
  }

  /** With one connection of a configuration that was read again; the others stay as they were. Throws ControlError. */
  with(name: string, all: Policy): Connections {
    const entry = all.pad.find((each) => each.name === name);
    if (entry === undefined) throw unknown(name, all.pad, 'in the configuration');
    const others = this.#all.pad.filter((each) => each.name !== name);
    const deleted = [...this.#deleted].filter((each) => each !== name);
    return new Connections({ ...all, pad: [...others, entry] }, [...this.#added, name], deleted);
  }

  /** Throws ControlError. */
  without(name: string): Connections {
    this.find(name);
    const added = [...this.#added].filter((each) => each !== name);
    return new Connections(this.#all, added, [...this.#deleted, name]);
  }

  /** A loaded connection. Throws ControlError UNKNOWN_CONNECTION, with a hint. */
  find(name: string): PadEntry {
    const entry = this.#all.pad.find((each) => each.name === name);
    if (entry === undefined) throw unknown(name, this.entries, 'loaded');
    if (this.#isLoaded(entry)) return entry;
    throw new ControlError('UNKNOWN_CONNECTION', `"${name}" is not loaded: ikev2 add ${name}`);
  }

  #isLoaded({ name, start }: PadEntry): boolean {
    return (start !== 'ignore' || this.#added.has(name)) && !this.#deleted.has(name);
  }
}

/** What became of connections, by name. */
export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
}

export function difference(before: readonly PadEntry[], after: readonly PadEntry[]): Difference {
  const old = new Map(before.map((entry) => [entry.name, entry]));
  const names = (entries: readonly PadEntry[]): string[] => entries.map(({ name }) => name);
  const kept = after.filter(({ name }) => old.has(name));
  const same = kept.filter((entry) => sameEntry(entry, old.get(entry.name) ?? entry));
  return {
    added: names(after.filter(({ name }) => !old.has(name))),
    changed: names(kept.filter((entry) => !same.includes(entry))),
    removed: names(before).filter((name) => !names(after).includes(name)),
    unchanged: names(same),
  };
}

function unknown(name: string, entries: readonly PadEntry[], where: string): ControlError {
  const near = entries
    .map((entry) => ({ name: entry.name, distance: leven(entry.name, name) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = near ? `; did you mean "${near.name}"?` : '';
  return new ControlError('UNKNOWN_CONNECTION', `there is no connection "${name}" ${where}${hint}`);
}

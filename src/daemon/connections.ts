/** Which of the configured connections are loaded: all but `auto=ignore`, and what the operator added or deleted. */
import leven from 'leven';
import type { PadEntry, Policy } from '../policy/policy.ts';
import { ControlError } from './control-protocol.ts';

export class Connections {
  #all: Policy;
  /** Names the operator added though they are `auto=ignore`. */
  readonly #added = new Set<string>();
  readonly #deleted = new Set<string>();

  constructor(all: Policy) {
    this.#all = all;
  }

  /** What the engine shall go by. */
  get policy(): Policy {
    return { ...this.#all, pad: this.#all.pad.filter((entry) => this.#isLoaded(entry)) };
  }

  get entries(): readonly PadEntry[] {
    return this.policy.pad;
  }

  /** The configuration was read again; what the operator deleted by name is back. */
  reload(all: Policy): void {
    this.#all = all;
    this.#deleted.clear();
  }

  /** One connection of a configuration that was read again; the others stay as they were. Throws ControlError. */
  add(name: string, all: Policy): void {
    const entry = all.pad.find((each) => each.name === name);
    if (entry === undefined) throw unknown(name, all.pad, 'in the configuration');
    const others = this.#all.pad.filter((each) => each.name !== name);
    this.#all = { ...all, pad: [...others, entry] };
    this.#added.add(name);
    this.#deleted.delete(name);
  }

  /** Throws ControlError. */
  delete(name: string): void {
    this.find(name);
    this.#added.delete(name);
    this.#deleted.add(name);
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

function unknown(name: string, entries: readonly PadEntry[], where: string): ControlError {
  const near = entries
    .map((entry) => ({ name: entry.name, distance: leven(entry.name, name) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = near ? `; did you mean "${near.name}"?` : '';
  return new ControlError('UNKNOWN_CONNECTION', `there is no connection "${name}" ${where}${hint}`);
}

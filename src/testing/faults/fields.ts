/** Reads plain values field by field; every mistake names its rule and field. */
import leven from 'leven';
import { fromHex } from '../../wire/hex.ts';
import type { Registry } from '../../wire/numbers.ts';

/** A fault script that cannot be understood, or a rule that cannot do what it says. */
export class FaultError extends Error {
  readonly code = 'FAULT';
  constructor(
    /** `rule 2 "lose AUTH", do[0].by`. */
    readonly where: string,
    what: string,
  ) {
    super(`${where}: ${what}`);
    this.name = 'FaultError';
  }
}

/** One object of the script; `done` refuses the fields nobody asked for. */
export class Fields {
  readonly where: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(value: unknown, where: string) {
    this.where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new FaultError(where, `expected an object, found ${typeName(value)}`);
    this.#values = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return this.#values[name] !== undefined;
  }

  /** The value as it stands; undefined when it is not said. */
  raw(name: string): unknown {
    this.#asked.add(name);
    return this.#values[name];
  }

  at(name: string): string {
    return `${this.where}.${name}`;
  }

  fail(name: string, what: string): never {
    throw new FaultError(this.at(name), what);
  }

  number(name: string, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : wholeNumber(value, this.at(name), least, most);
  }

  needed<T>(name: string, value: T | undefined): T {
    if (value === undefined) this.fail(name, 'missing');
    return value;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    this.fail(name, `expected text, found ${typeName(value)}`);
  }

  boolean(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fail(name, `expected true or false, found ${typeName(value)}`);
  }

  /** One of these words. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return oneOf(value, words, this.at(name));
  }

  /** The one value, or those of the list. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return Array.isArray(value) ? value : [value];
  }

  /** A registry's name or number. */
  named(name: string, registry: Registry): number | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : namedNumber(value, registry, this.at(name));
  }

  object(name: string): Fields | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : new Fields(value, this.at(name));
  }

  /** Every field that nobody asked for. */
  get rest(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this.#values).filter(([name]) => !this.#asked.has(name)));
  }

  /** Throws FaultError on a field that was not asked for. */
  done(): void {
    const [unknown] = Object.keys(this.rest);
    if (unknown !== undefined) this.fail(unknown, `no such field${hint(unknown, [...this.#asked])}`);
  }
}

export function wholeNumber(value: unknown, where: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new FaultError(where, `expected a whole number, found ${typeName(value)}`);
  if (value < least || value > most)
    throw new FaultError(where, `expected a number from ${least} to ${most}, found ${value}`);
  return value;
}

export function oneOf<W extends string>(value: unknown, words: readonly W[], where: string): W {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const given = typeof value === 'string' ? `'${value}'` : typeName(value);
  throw new FaultError(where, `expected ${words.join(', ')}, found ${given}${hint(String(value), words)}`);
}

/** `AES_CBC` or 12. Throws FaultError with the nearest name. */
export function namedNumber(value: unknown, registry: Registry, where: string): number {
  if (typeof value === 'number') return wholeNumber(value, where, 0, 0xffff);
  if (typeof value !== 'string')
    throw new FaultError(where, `expected a name or a number, found ${typeName(value)}`);
  const known = registry[value] ?? registry[value.toUpperCase()];
  if (known !== undefined) return known;
  throw new FaultError(where, `there is no '${value}'${hint(value, Object.keys(registry))}`);
}

/** Hexadecimal digits, with or without `0x` and blanks. */
export function hexOctets(text: string, where: string): Uint8Array {
  try {
    return fromHex(text.replace(/^0x/, '').replaceAll(/\s/g, ''));
  } catch {
    throw new FaultError(where, `expected pairs of hexadecimal digits, found '${text}'`);
  }
}

function hint(text: string, words: readonly string[]): string {
  const near = words
    .map((word) => ({ word, distance: leven(word.toLowerCase(), text.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, text.length / 4))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? `; did you mean '${near.word}'?` : '';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value)}`;
}

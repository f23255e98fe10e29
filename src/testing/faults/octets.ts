/** Octets as a script writes them, and changes of octets. */
import type { Random } from '../../crypto/provider.ts';
import { FaultError, Fields, hexOctets } from './fields.ts';

/** Makes the octets, anew each time when they are random. */
export type Octets = (random: Random) => Uint8Array;

/** `"00ff"`, `{"hex"}`, `{"text"}`, `{"repeat","times"}` or `{"random"}`. */
export function readOctets(value: unknown, where: string): Octets {
  if (value instanceof Uint8Array) return () => value;
  if (typeof value === 'string') {
    const octets = hexOctets(value, where);
    return () => octets;
  }
  const fields = new Fields(value, where);
  const made = octetsOf(fields);
  fields.done();
  return made;
}

function octetsOf(fields: Fields): Octets {
  const hex = fields.text('hex') ?? undefined;
  if (hex !== undefined) return readOctets(hex, fields.at('hex'));
  const text = fields.text('text');
  if (text !== undefined) return () => new TextEncoder().encode(text);
  const length = fields.number('random', 0, 0xffff);
  if (length !== undefined) return (random) => random(length);
  const unit = fields.text('repeat');
  if (unit === undefined) throw new FaultError(fields.where, 'expected hex, text, repeat or random');
  const octets = hexOctets(unit, fields.at('repeat'));
  const times = fields.needed('times', fields.number('times', 0, 0xffff));
  return () => repeated(octets, times);
}

function repeated(octets: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(octets.length * times);
  for (let i = 0; i < times; i++) all.set(octets, i * octets.length);
  return all;
}

/** What becomes of octets. */
export type Edit = (octets: Uint8Array, random: Random) => Uint8Array;

/** Reads an `OctetsChange`; its parts are done in this order: set, xor, remove, insert, truncate, append. */
export function readEdit(fields: Fields): Edit {
  const at = fields.number('at', -0xffff, 0xffff) ?? 0;
  const octets = (name: string): Octets | undefined =>
    fields.has(name) ? readOctets(fields.raw(name), fields.at(name)) : undefined;
  const [set, xor, insert, append] = [octets('set'), octets('xor'), octets('insert'), octets('append')];
  const remove = fields.number('remove', 0, 0xffff);
  const truncate = fields.number('truncate', 0, 0xffff);
  if ([set, xor, insert, append, remove, truncate].every((each) => each === undefined))
    throw new FaultError(fields.where, 'expected set, xor, insert, remove, truncate or append');
  return (before, random) => {
    let after: Uint8Array = before.slice();
    const from = Math.min(at < 0 ? Math.max(0, after.length + at) : at, after.length);
    if (set) after.set(set(random).subarray(0, after.length - from), from);
    xor?.(random).forEach((octet, i) => {
      if (from + i < after.length) after[from + i] = (after[from + i] ?? 0) ^ octet;
    });
    if (remove !== undefined) after = joined(after.subarray(0, from), after.subarray(from + remove));
    if (insert) after = joined(after.subarray(0, from), insert(random), after.subarray(from));
    if (truncate !== undefined) after = after.slice(0, truncate);
    return append ? joined(after, append(random)) : after;
  };
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

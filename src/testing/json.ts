/** Values with octets, bigints and secrets as JSON, and back. A recording shows its secrets: test keys only. */
import { Secret } from '../crypto/secret.ts';
import { fromHex, toHex } from '../wire/hex.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** One line. Octets become `{"hex":"…"}`, bigints `{"bigint":"…"}`, secrets `{"secret":"…"}`; what is undefined is left out. */
export const toJson = (value: unknown): string => JSON.stringify(plain(value));

/** The value `toJson` was given. Throws SyntaxError on what is no JSON. */
export const fromJson = (text: string): unknown => revived(JSON.parse(text) as Json);

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  if (value instanceof Secret) return { secret: toHex(value.octets) };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

function revived(value: Json): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, text] = entries[0] ?? [];
  if (entries.length === 1 && typeof text === 'string') {
    if (name === 'hex') return fromHex(text);
    if (name === 'secret') return new Secret(fromHex(text));
    if (name === 'bigint') return BigInt(text);
  }
  return Object.fromEntries(entries.map(([each, inner]) => [each, revived(inner)]));
}

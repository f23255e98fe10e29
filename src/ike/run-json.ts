/** Values with octets, bigints and secrets as JSON, and back. */
import { Secret } from '../crypto/secret.ts';
import { fromHex, toHex } from '../wire/hex.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What stands for octets that were kept out; read back it is this object. */
export interface Withheld {
  readonly withheld: 'secret' | 'key';
}

/**
 * One line. Octets become `{"hex":"…"}`, bigints `{"bigint":"…"}`, secrets `{"secret":"…"}`; what is undefined is left
 * out. With `secrets: false` secrets, octets that are the value of a `key`, and those of EAP packets, become `{"withheld":"…"}`.
 */
export const toJson = (value: unknown, { secrets = true }: { readonly secrets?: boolean } = {}): string =>
  JSON.stringify(plain(value, secrets));

/** The value `toJson` was given. Throws SyntaxError on what is no JSON. */
export const fromJson = (text: string): unknown => revived(JSON.parse(text) as Json);

function plain(value: unknown, secrets: boolean, name = ''): unknown {
  if (value instanceof Uint8Array)
    return secrets || name !== 'key' ? { hex: toHex(value) } : ({ withheld: 'key' } satisfies Withheld);
  if (value instanceof Secret)
    return secrets ? { secret: toHex(value.octets) } : ({ withheld: 'secret' } satisfies Withheld);
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (Array.isArray(value)) return value.map((each) => plain(each, secrets, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    // What EAP methods say lets a password be guessed.
    Object.entries(value).map(([each, inner]) => [
      each,
      plain(inner, secrets, name === 'packet' ? 'key' : each),
    ]),
  );
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

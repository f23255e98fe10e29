/** Passwords for EAP as ipsec.secrets has them: `user : EAP "password"`. What a password is never enters a mistake. */
import type { Secret } from '../crypto/secret.ts';
import { nameOf } from './text.ts';

/** A place in a file; lines and columns count from 1. */
export interface SecretPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An entry of kind EAP, its value already read. */
export interface EapSecretEntry {
  /** Before the colon. */
  readonly names: readonly (SecretPlace & { readonly text: string })[];
  /** UTF-8, as the file has it. */
  readonly secret: Secret;
  readonly at: SecretPlace;
}

/** Where mistakes go. */
export interface SecretMistakes {
  error(at: SecretPlace, message: string, expected?: string): void;
  warning(at: SecretPlace, message: string, expected?: string): void;
}

/** By the name as the peer sends it, letter by letter. */
export type EapPasswords = ReadonlyMap<string, Secret>;

const expected = 'user : EAP "password"';
/** In characters of UTF-16. RFC 2759 §2. */
const longest = 256;

/** The passwords by name; of equal names the first. */
export function parseEapSecrets(entries: readonly EapSecretEntry[], mistakes: SecretMistakes): EapPasswords {
  const passwords = new Map<string, Secret>();
  for (const { names, secret, at } of entries) {
    const wrong = unusable(secret);
    if (wrong !== undefined) mistakes.error(at, wrong);
    // Without a name it would let in everyone who knows it, whoever they say they are.
    else if (names.length === 0) mistakes.error(at, 'an EAP password for nobody', expected);
    else for (const name of names) add(passwords, name, secret, mistakes);
  }
  return passwords;
}

function add(
  passwords: Map<string, Secret>,
  { text, ...at }: EapSecretEntry['names'][number],
  secret: Secret,
  mistakes: SecretMistakes,
): void {
  if (/^%any6?$/i.test(text)) mistakes.error(at, 'an EAP password for everybody', expected);
  else if (passwords.has(text))
    mistakes.warning(at, 'another EAP password for the same name; the first counts');
  else passwords.set(text, secret);
}

function unusable(secret: Secret): string | undefined {
  const text = nameOf(secret.octets);
  if (text === undefined) return 'the EAP password is not UTF-8 text, or holds characters that do not show';
  return text.length > longest ? `the EAP password is longer than ${longest} characters` : undefined;
}

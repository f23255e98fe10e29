/** ipsec.secrets: pre-shared keys and whom they are for. ipsec.secrets(5). What a key is never enters a mistake. */
import { Secret } from '../crypto/secret.ts';
import type { EapSecretEntry } from '../eap/index.ts';
import { addressIdentity } from '../policy/identity.ts';
import type { KeySelector, PreSharedKey } from '../policy/policy.ts';
import { parseAddress } from '../wire/address.ts';
import { identityName, identityOf } from './end-identity.ts';
import { type Mistakes, type Place, printable, quoted } from './mistake.ts';
import { enoughBits, isWeak } from './secret-strength.ts';
import { secretOctets } from './secret-text.ts';
import { type SecretEntry, secretEntries, type Token } from './secret-tokens.ts';
import type { Sources } from './sources.ts';

/** Kinds of secrets that others know: what to say about them. */
const otherKinds: Readonly<Record<string, string>> = {
  pin: 'smart cards are not supported',
  xauth: 'XAUTH is for IKEv1 only',
  ppk: 'post-quantum keys (RFC 8784) are not supported yet',
  ppks: 'post-quantum keys (RFC 8784) are not supported yet',
};

/** Secrets that open a file of a private key: `: RSA FILE "passphrase"`. */
const fileKinds: ReadonlySet<string> = new Set(['rsa', 'ecdsa', 'eddsa', 'pkcs8', 'p12', 'pkcs12']);

/** Everything of ipsec.secrets. */
export interface SecretsFile {
  readonly preShared: readonly KeyEntry[];
  readonly eap: readonly EapSecretEntry[];
  /** What opens key files, by the name that stands in the file. */
  readonly passphrases: ReadonlyMap<string, Secret>;
}

/** A key, its names not yet resolved. */
export interface KeyEntry {
  readonly names: readonly Token[];
  readonly secret: Secret;
  readonly at: Place;
}

/** The entries of `files` and of all they include. */
export function parseSecrets(sources: Sources, files: readonly string[], mistakes: Mistakes): SecretsFile {
  const preShared: KeyEntry[] = [];
  const eap: EapSecretEntry[] = [];
  const passphrases = new Map<string, Secret>();
  for (const entry of files.flatMap((file) => secretEntries(sources, file, mistakes))) {
    const word = entry.kind.text.toLowerCase();
    if (fileKinds.has(word)) passphrase(entry, passphrases, mistakes);
    else if (word === 'eap' || word === 'ntlm') eap.push(...eapEntry(entry, mistakes));
    else preShared.push(...keyEntry(entry, mistakes));
  }
  return { preShared, eap, passphrases };
}

/** Host names among the entries' names, to be resolved as pluto does. */
export function namesOf(entries: readonly KeyEntry[]): string[] {
  return entries.flatMap(({ names }) => names.flatMap(({ text }) => identityName(text) ?? []));
}

/** The keys with their selectors. A host name is its address; one that does not resolve drops the entry with a warning. */
export function preSharedKeys(
  entries: readonly KeyEntry[],
  resolved: ReadonlyMap<string, readonly string[]>,
  mistakes: Mistakes,
): PreSharedKey[] {
  return entries.flatMap((entry) => {
    const selectors = entry.names.map((name) => selectorsOf(name, resolved, mistakes));
    const known = selectors.filter((each) => each !== undefined);
    // Without its names an entry would be for everyone.
    if (known.length < selectors.length) return [];
    return [
      {
        secret: entry.secret,
        selectors: known.flat(),
        where: `${printable(entry.at.file)}:${entry.at.line}`,
      },
    ];
  });
}

function selectorsOf(
  { text, quote, ...at }: Token,
  resolved: ReadonlyMap<string, readonly string[]>,
  mistakes: Mistakes,
): KeySelector[] | undefined {
  const lower = text.toLowerCase();
  const address = parseAddress(text);
  if (lower === '%any' || lower === '%any6' || address?.every((octet) => octet === 0))
    return [{ kind: 'any' }];
  const name = identityName(text);
  if (name !== undefined) {
    const addresses = (resolved.get(name) ?? []).map(parseAddress).filter((each) => each !== undefined);
    if (addresses.length > 0)
      return addresses.map((each) => ({ kind: 'identity', identity: addressIdentity(each) }));
    mistakes.warning(
      at,
      `${quoted(name)} does not resolve; its key is left out`,
      `an address, or @${printable(text)} for the name itself`,
    );
    return undefined;
  }
  try {
    return [{ kind: 'identity', identity: identityOf(text) }];
  } catch (error) {
    // What stands in quotes may be a key in the wrong place.
    const why = quote || !(error instanceof Error) ? 'a name in quotes' : printable(error.message);
    mistakes.error(at, `this names no one: ${why}`, 'an address, %any, @NAME or USER@HOST');
  }
  return undefined;
}

function keyEntry({ names, kind, values, at }: SecretEntry, mistakes: Mistakes): KeyEntry[] {
  const word = kind.text.toLowerCase();
  if (word !== 'psk') {
    const known = otherKinds[word];
    if (known !== undefined)
      mistakes.warning(kind, `${word.toUpperCase()} secrets are not supported yet: ${known}`);
    else if (kind.quote) mistakes.error(kind, 'the kind of the secret is missing', 'PSK before the key');
    else mistakes.error(kind, 'there is no such kind of secret', 'PSK, EAP, RSA, ECDSA or P12');
    return [];
  }
  const [value, more] = values;
  if (value === undefined) {
    mistakes.error(kind, 'the key is missing', 'PSK "key", PSK 0xHEX or PSK 0sBASE64');
    return [];
  }
  if (more !== undefined) {
    mistakes.error(more, 'something follows the key', 'nothing; a key with blanks goes into double quotes');
    return [];
  }
  const secret = secretIn(value, mistakes);
  if (secret && isWeak(secret.octets))
    mistakes.warning(
      value,
      `this pre-shared key has less than ${enoughBits} bits of entropy: whoever answers one attempt can guess on at leisure`,
      'a random one, as of  openssl rand -base64 24',
    );
  return secret ? [{ names, secret, at }] : [];
}

function eapEntry({ names, kind, values, at }: SecretEntry, mistakes: Mistakes): EapSecretEntry[] {
  const [value, more] = values;
  if (value === undefined) mistakes.error(kind, 'the password is missing', 'EAP "password"');
  else if (more !== undefined)
    mistakes.error(
      more,
      'something follows the password',
      'nothing; a password with blanks goes into double quotes',
    );
  const secret = value && !more ? secretIn(value, mistakes) : undefined;
  return secret ? [{ names, secret, at }] : [];
}

/** `: RSA FILE "passphrase"`; without a passphrase there is nothing to know. A key written out as numbers is of FreeS/WAN's time. */
function passphrase(
  { kind, values }: SecretEntry,
  passphrases: Map<string, Secret>,
  mistakes: Mistakes,
): void {
  const [file, value, more] = values;
  if (file === undefined || file.text.startsWith('{')) {
    mistakes.warning(
      kind,
      'keys do not stand in this file; it is left out',
      `${kind.text} FILE "passphrase"`,
    );
    return;
  }
  if (more !== undefined) mistakes.error(more, 'something follows the passphrase', 'nothing');
  const secret = value && secretIn(value, mistakes);
  if (secret === undefined) return;
  if (passphrases.has(file.text)) {
    mistakes.warning(kind, 'another passphrase for the same file; the first counts');
    secret.destroy();
  } else passphrases.set(file.text, secret);
}

function secretIn(value: Token, mistakes: Mistakes): Secret | undefined {
  const octets = secretOctets(value);
  if (octets instanceof Uint8Array) return new Secret(octets);
  mistakes.error(value, octets.wrong, octets.expected);
  return undefined;
}

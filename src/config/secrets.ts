/** ipsec.secrets: pre-shared keys and whom they are for. ipsec.secrets(5). What a key is never enters a mistake. */
import { Secret } from '../crypto/secret.ts';
import { addressIdentity, parseIdentity } from '../policy/identity.ts';
import type { KeySelector, PreSharedKey } from '../policy/policy.ts';
import { parseAddress } from '../wire/address.ts';
import { IdType } from '../wire/numbers.ts';
import { identityName } from './end-identity.ts';
import { type Mistakes, type Place, printable, quoted } from './mistake.ts';
import { secretOctets } from './secret-text.ts';
import { type SecretEntry, secretEntries, type Token } from './secret-tokens.ts';
import type { Sources } from './sources.ts';

/** Kinds of secrets that others know: what to say about them. */
const otherKinds: Readonly<Record<string, string>> = {
  rsa: 'private keys are not supported yet',
  ecdsa: 'private keys are not supported yet',
  eddsa: 'private keys are not supported yet',
  pin: 'smart cards are not supported',
  p12: 'private keys are not supported yet',
  pkcs12: 'private keys are not supported yet',
  xauth: 'XAUTH is for IKEv1 only',
  eap: 'EAP is not supported yet',
  ntlm: 'EAP is not supported yet',
  ppk: 'post-quantum keys (RFC 8784) are not supported yet',
  ppks: 'post-quantum keys (RFC 8784) are not supported yet',
};

/** A key, its names not yet resolved. */
export interface KeyEntry {
  readonly names: readonly Token[];
  readonly secret: Secret;
  readonly at: Place;
}

/** The PSK entries of `files` and of all they include. */
export function parseSecrets(sources: Sources, files: readonly string[], mistakes: Mistakes): KeyEntry[] {
  return files.flatMap((file) =>
    secretEntries(sources, file, mistakes).flatMap((entry) => keyEntry(entry, mistakes) ?? []),
  );
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
    const identity = parseIdentity(text);
    if (identity.type !== IdType.DER_ASN1_DN) return [{ kind: 'identity', identity }];
    mistakes.error(at, 'distinguished names are not supported yet');
  } catch (error) {
    // What stands in quotes may be a key in the wrong place.
    const why = quote || !(error instanceof Error) ? 'a name in quotes' : printable(error.message);
    mistakes.error(at, `this names no one: ${why}`, 'an address, %any, @NAME or USER@HOST');
  }
  return undefined;
}

function keyEntry({ names, kind, values, at }: SecretEntry, mistakes: Mistakes): KeyEntry | undefined {
  const word = kind.text.toLowerCase();
  if (word !== 'psk') {
    const known = otherKinds[word];
    if (known !== undefined)
      mistakes.warning(kind, `${word.toUpperCase()} secrets are not supported yet: ${known}`);
    else if (kind.quote) mistakes.error(kind, 'the kind of the secret is missing', 'PSK before the key');
    else mistakes.error(kind, 'there is no such kind of secret', 'PSK');
    return undefined;
  }
  const [value, more] = values;
  if (value === undefined) {
    mistakes.error(kind, 'the key is missing', 'PSK "key", PSK 0xHEX or PSK 0sBASE64');
    return undefined;
  }
  if (more !== undefined) {
    mistakes.error(more, 'something follows the key', 'nothing; a key with blanks goes into double quotes');
    return undefined;
  }
  const octets = secretOctets(value);
  if (octets instanceof Uint8Array) return { names, secret: new Secret(octets), at };
  mistakes.error(value, octets.wrong, octets.expected);
  return undefined;
}

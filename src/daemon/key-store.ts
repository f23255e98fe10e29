/**
 * Keys and certificates in plain files below one directory: `private/ certs/ cacerts/ crls/`. The formats are those of
 * `readKeyFile`; a file of `private/` or `certs/` may hold a key and its certificates together.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import type { StoredCredentials } from '../config/credentials.ts';
import type { Secret } from '../crypto/index.ts';
import {
  isSelfIssuedName,
  type KeyFile,
  KeyFileError,
  longestFile,
  type PrivateKeyData,
  readKeyFile,
} from '../pki/keys/index.ts';

export interface Stored {
  readonly der: Uint8Array;
  readonly file: string;
}

export interface StoredKey extends PrivateKeyData {
  readonly file: string;
}

export interface KeyStore {
  /** By nickname: the file's name without its ending, and PKCS#12's own name; those of `files` as they were written. */
  readonly certificates: ReadonlyMap<string, Stored>;
  readonly keys: readonly StoredKey[];
  /** Of `cacerts/`, and what came along with a certificate. Who trusts all that issued themselves trusts no other. */
  readonly authorities: readonly Stored[];
  readonly crls: readonly Stored[];
  /** Files that gave nothing, a line each with what to do. */
  readonly mistakes: readonly string[];
}

export interface KeyStoreOptions {
  /** What opens a file, of those that are encrypted. */
  readonly passphrases?: (file: string) => Secret | undefined;
  /** Where that passphrase stands, for when it is wrong. */
  readonly whence?: (file: string) => string | undefined;
  /** Files named by a configuration: a path, or a name in `certs/` or `private/`. */
  readonly files?: readonly string[];
}

/** Everything below `directory`; a part that is missing is empty. Throws nothing: what cannot be read is a mistake. */
export function loadStore(directory: string, options: KeyStoreOptions = {}): KeyStore {
  const loading = new Loading(options);
  for (const place of ['certs', 'private'] as const)
    for (const path of filesOf(join(directory, place), loading.mistakes))
      loading.own(path, [nicknameOf(path)]);
  for (const path of filesOf(join(directory, 'cacerts'), loading.mistakes)) loading.authority(path);
  for (const path of filesOf(join(directory, 'crls'), loading.mistakes)) loading.crl(path);
  for (const text of new Set(options.files ?? [])) loading.own(found(directory, text), [text]);
  return loading;
}

/** Those of `cacerts/` alone, as far as they can be read. */
export function loadAuthorities(directory: string): readonly Stored[] {
  const loading = new Loading({});
  for (const path of filesOf(join(directory, 'cacerts'), [])) loading.authority(path);
  return loading.authorities;
}

/** What the configuration needs of it: nothing private. */
export function credentialsOf({ certificates, keys, authorities, crls }: KeyStore): StoredCredentials {
  const ders = (all: readonly Stored[]): Uint8Array[] => all.map(({ der }) => der);
  return {
    certificates: new Map([...certificates].map(([name, { der }]) => [name, der])),
    keys: keys.map(({ spki }) => spki),
    authorities: ders(authorities),
    crls: ders(crls),
  };
}

/**
 * One file. Throws KeyFileError: UNREADABLE, OPEN_TO_OTHERS when there is a private key in it that others may read, or what
 * `readKeyFile` throws; the text begins with the file's name.
 */
export function readKeyFileAt(path: string, passphrase?: Secret, mayBeOpen = false): KeyFile {
  try {
    const { octets, mode } = contents(path);
    const file = readKeyFile(octets, { passphrase });
    if (file.privateKeys.length === 0) return file;
    octets.fill(0);
    if (!mayBeOpen && (mode & 0o077) !== 0) {
      for (const { pkcs8 } of file.privateKeys) pkcs8.destroy();
      throw new KeyFileError(
        'OPEN_TO_OTHERS',
        `others than its owner may use this private key; run: chmod 600 ${shellWord(path)}`,
      );
    }
    return file;
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    throw new KeyFileError(error.reason, `${printable(path)}: ${error.text}`);
  }
}

class Loading implements KeyStore {
  readonly certificates = new Map<string, Stored>();
  readonly keys: StoredKey[] = [];
  readonly authorities: Stored[] = [];
  readonly crls: Stored[] = [];
  readonly mistakes: string[] = [];
  readonly #read = new Map<string, KeyFile | undefined>();
  readonly #options: KeyStoreOptions;

  constructor(options: KeyStoreOptions) {
    this.#options = options;
  }

  /** A certificate of ours or of a peer, a key of ours, or both. */
  own(file: string, names: readonly string[]): void {
    const seen = this.#read.has(file);
    const content = this.#open(file);
    if (content === undefined) return;
    const [der, ...others] = content.certificates;
    const own = content.format === 'pkcs12' && content.name !== undefined ? [...names, content.name] : names;
    for (const [i, name] of own.entries()) if (der) this.#name(name, { der, file }, i < names.length);
    if (seen) return;
    for (const key of content.privateKeys) this.#key({ ...key, file });
    // A PKCS#12 file is one's own: with its key comes whom to trust. Other files are what somebody sent.
    const trusted = content.format === 'pkcs12' && content.privateKeys.length > 0;
    for (const other of others)
      if (trusted || !isSelfIssuedName(other)) this.authorities.push({ der: other, file });
    this.crls.push(...content.crls.map((crl) => ({ der: crl, file })));
  }

  authority(file: string): void {
    const content = this.#open(file);
    if (content === undefined) return;
    if (content.privateKeys.length > 0)
      this.mistakes.push(`${printable(file)}: the private key in it is not used: keys go into private/`);
    this.authorities.push(...content.certificates.map((der) => ({ der, file })));
  }

  crl(file: string): void {
    const content = this.#open(file);
    if (content === undefined) return;
    if (content.crls.length === 0) this.mistakes.push(`${printable(file)}: there is no CRL in it`);
    this.crls.push(...content.crls.map((der) => ({ der, file })));
  }

  #open(file: string): KeyFile | undefined {
    if (!this.#read.has(file)) {
      try {
        this.#read.set(file, readKeyFileAt(file, this.#options.passphrases?.(file)));
      } catch (error) {
        if (!(error instanceof KeyFileError)) throw error;
        this.#read.set(file, undefined);
        const where = error.reason === 'PASSPHRASE_WRONG' ? this.#options.whence?.(file) : undefined;
        this.mistakes.push(where === undefined ? error.text : `${error.text} (that of ${printable(where)})`);
      }
    }
    return this.#read.get(file);
  }

  #key(key: StoredKey): void {
    if (!this.keys.some(({ spki }) => String(spki) === String(key.spki))) this.keys.push(key);
  }

  /** The first of a name has it; a second one is told unless the name was only a suggestion. */
  #name(name: string, stored: Stored, chosen: boolean): void {
    const before = this.certificates.get(name);
    if (before === undefined) this.certificates.set(name, stored);
    else if (chosen && String(before.der) !== String(stored.der))
      this.mistakes.push(
        `${printable(stored.file)}: the name ${printable(name)} has the certificate of ${printable(before.file)}`,
      );
  }
}

const mostFiles = 10_000;

/** What does not count as a file of the store. */
export const isIgnored = (name: string): boolean => /^\.|~$|\.(?:bak|swp|txt|md)$|^README/.test(name);

/** In the order of their names; hidden ones, and what an editor leaves, not. */
function filesOf(directory: string, mistakes: string[]): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    const wanted = names.filter((name) => !isIgnored(name)).sort();
    if (wanted.length > mostFiles) mistakes.push(`${printable(directory)}: more than ${mostFiles} files`);
    return wanted.slice(0, mostFiles).map((name) => join(directory, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') mistakes.push(`${printable(directory)}: ${code} when listing its files`);
    return [];
  }
}

/** A file's name without its ending. */
export const nicknameOf = (path: string): string =>
  basename(path).replace(/\.(p12|pfx|pem|crt|cer|der|key)$/i, '');

function found(directory: string, text: string): string {
  if (isAbsolute(text)) return text;
  const places = [join(directory, 'certs', text), join(directory, 'private', text), join(directory, text)];
  const [first = text] = places;
  return places.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined) ?? first;
}

function contents(path: string): { octets: Uint8Array; mode: number } {
  let fd: number | undefined;
  try {
    // A FIFO is not waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(fd);
    if (!status.isFile()) throw new KeyFileError('UNREADABLE', 'it is no file');
    if (status.size > longestFile)
      throw new KeyFileError('TOO_BIG', `it is larger than ${longestFile} octets`);
    return { octets: readFileSync(fd), mode: status.mode };
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    throw new KeyFileError(
      'UNREADABLE',
      reasons[String((error as NodeJS.ErrnoException).code)] ?? String(error),
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no right to read it: run as its owner or as root',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
};

const plainPath = /^[\w./@+,:=-]+$/;

/** On one line, whatever is in it. */
export const printable = (text: string): string => (plainPath.test(text) ? text : JSON.stringify(text));

/** To be pasted into a shell. */
export const shellWord = (text: string): string =>
  plainPath.test(text) ? text : `'${text.replaceAll("'", "'\\''").replace(/\p{Cc}/gu, '?')}'`;

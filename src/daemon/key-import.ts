/** `ikev2 import`: what is in a key file, as plain files of the store. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import type { Secret } from '../crypto/index.ts';
import { PkiError, parseCertificate } from '../pki/index.ts';
import { formatPem, isSelfIssuedName, type KeyFile } from '../pki/keys/index.ts';
import { isIgnored, loadAuthorities, nicknameOf, printable, readKeyFileAt, shellWord } from './key-store.ts';

export interface ImportRequest {
  readonly file: string;
  /** Of the store. */
  readonly directory: string;
  readonly passphrase: Secret | undefined;
  /** Undefined: the name inside the file, else the file's own. */
  readonly name: string | undefined;
  /** Replace what is there. */
  readonly force: boolean;
}

export interface WrittenFile {
  readonly path: string;
  readonly what: 'private key' | 'certificate' | 'authority' | 'CRL';
  /** Whether it was there before, octet for octet. */
  readonly present: boolean;
  /** Of a key that was there and that others could use: its mode before, in octal. Now it is its owner's alone. */
  readonly wasMode?: string;
  /** What is wrong with where it is, and what to run. */
  readonly warning?: string;
}

/** Something is in the way of writing. */
export class StoreError extends Error {
  readonly code = 'STORE';
}

/** A file to be. */
interface Draft {
  readonly path: string;
  readonly what: WrittenFile['what'];
  readonly text: string;
}

/** Writes what is in a file into the store, all or nothing. Throws KeyFileError or StoreError. */
export function importKeyFile(request: ImportRequest): { name: string; files: readonly WrittenFile[] } {
  const content = readKeyFileAt(request.file, request.passphrase, true);
  const name = storeName(request, content);
  return {
    name,
    files: writeDrafts(request.directory, drafts(request.directory, name, content), request.force),
  };
}

/** Writes a private key. Throws StoreError. */
export function writePrivateKey(
  directory: string,
  name: string,
  pkcs8: Secret,
  force: boolean,
): readonly WrittenFile[] {
  const path = join(directory, 'private', `${fileName(name)}.pem`);
  return writeDrafts(directory, [{ path, what: 'private key', text: keyText(pkcs8) }], force);
}

const keyText = (pkcs8: Secret): string => formatPem('PRIVATE KEY', pkcs8.octets);

const goodName = /^[\p{L}\p{N}_][\p{L}\p{N}_.@+ -]{0,99}$/u;

const ignoredAs = (name: string): boolean => isIgnored(name) || isIgnored(`${name}.pem`);

/** The endings of key files are not part of a name: `leftcert=` would take it for a file. */
const withoutEnding = (name: string): string => name.replace(/(\.(p12|pfx|pem|crt|cer|der|key))+$/i, '');

/** What a file is called after a name somebody chose. Throws StoreError. */
export function fileName(chosen: string): string {
  const name = withoutEnding(chosen);
  if (!goodName.test(name))
    throw new StoreError(
      `${printable(chosen)} cannot be a file's name: letters, digits, blanks and ._@+- can, up to 100`,
    );
  if (ignoredAs(name))
    throw new StoreError(
      `${printable(chosen)} cannot be the name: README*, *.bak, *.swp, *.txt and *.md are not read as keys`,
    );
  return name;
}

function storeName({ name, file }: ImportRequest, content: KeyFile): string {
  if (name !== undefined) return fileName(name);
  const suggestions = [content.name ?? '', nicknameOf(file), parse(file).name].map(withoutEnding);
  const suggested = suggestions.find((each) => goodName.test(each) && !ignoredAs(each));
  if (suggested === undefined)
    throw new StoreError(`${printable(file)}: it suggests no name; say --name NAME`);
  return suggested;
}

function drafts(directory: string, name: string, content: KeyFile): Draft[] {
  const { certificates, privateKeys, crls } = content;
  const isAuthority = (der: Uint8Array): boolean => isSelfIssuedName(der) && issues(der);
  // Without a key of ours there is no leaf: roots are authorities, and the first of the others is the peer's.
  const leaf = privateKeys.length > 0 ? certificates[0] : certificates.find((der) => !isAuthority(der));
  const others = certificates.filter((der) => der !== leaf);
  const known = new Set(loadAuthorities(directory).map(({ der }) => String(der)));
  const authorities = others.filter((der) => isAuthority(der) && !known.has(String(der)));
  const chain = others.filter((der) => !isAuthority(der));
  const place = (part: string, ending: string, i: number): string =>
    join(directory, part, `${name}${ending}${i === 0 ? '' : `-${i + 1}`}.pem`);
  const certificate = (der: Uint8Array): string => formatPem('CERTIFICATE', der);
  return [
    ...privateKeys.map(({ pkcs8 }, i) => ({
      path: place('private', '', i),
      what: 'private key' as const,
      text: keyText(pkcs8),
    })),
    ...(leaf ? [[leaf, ...chain]] : []).map((all) => ({
      path: place('certs', '', 0),
      what: 'certificate' as const,
      text: all.map(certificate).join(''),
    })),
    ...authorities.map((der, i) => ({
      path: place('cacerts', leaf ? '-ca' : '', i),
      what: 'authority' as const,
      text: certificate(der),
    })),
    ...crls.map((der, i) => ({
      path: place('crls', '', i),
      what: 'CRL' as const,
      text: formatPem('X509 CRL', der),
    })),
  ];
}

/** basicConstraints, or none of them as before version 3. A certificate that is not read is no authority. */
function issues(der: Uint8Array): boolean {
  try {
    const { version, extensions } = parseCertificate(der);
    return version < 3 || extensions.basicConstraints?.ca === true;
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

function writeDrafts(directory: string, drafts: readonly Draft[], force: boolean): WrittenFile[] {
  const files: WrittenFile[] = drafts.map(({ path, what, text }) => ({
    path,
    what,
    present: holds(path, text),
  }));
  const taken = files.find(({ path, present }) => !present && existsSync(path));
  if (taken && !force) throw new StoreError(`${printable(taken.path)} is there already; --force replaces it`);
  const fresh: string[] = [];
  try {
    for (const part of ['private', 'certs', 'cacerts', 'crls'])
      makeDirectory(join(directory, part), part === 'private' ? 0o700 : 0o755);
    for (const { path, what, text } of drafts) {
      if (holds(path, text)) continue;
      const mode = what === 'private key' ? 0o600 : 0o644;
      if (force) replace(path, text, mode);
      else writeFileSync(path, text, { flag: 'wx', mode });
      fresh.push(path);
    }
  } catch (error) {
    if (!force) for (const path of fresh) rmSync(path, { force: true });
    throw error instanceof StoreError
      ? error
      : new StoreError(error instanceof Error ? error.message : String(error));
  }
  return files.map((file) => (file.what === 'private key' ? { ...file, ...guarded(file) } : file));
}

/** One level at a time: Node's own way does not end below /proc. */
function makeDirectory(path: string, mode: number): void {
  const missing: string[] = [];
  let at = resolve(path);
  for (; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  try {
    for (const each of missing) mkdirSync(each, each === resolve(path) ? mode : 0o755);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody else made it meanwhile.
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    throw new StoreError(`${printable(path)}: this directory cannot be made: ${reasons[code ?? ''] ?? code}`);
  }
  if (!statSync(path).isDirectory())
    throw new StoreError(`${printable(path)}: there is something that is no directory`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the system takes none there (ENOENT)',
  ENOTDIR: 'something above it is no directory',
  EEXIST: 'there is something else of that name',
  EACCES: 'no right to: run as root, or say another with --dir',
  EROFS: 'the file system is read-only',
};

/** A key is for its owner alone, also one that was there before; its directory is for the operator to close. */
function guarded({ path, present }: WrittenFile): Pick<WrittenFile, 'wasMode' | 'warning'> {
  const directory = dirname(path);
  const [was, around] = [statSync(path).mode & 0o777, statSync(directory).mode & 0o777];
  const open = present && (was & 0o077) !== 0;
  if (open) {
    try {
      chmodSync(path, 0o600);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new StoreError(
        `others than its owner may use this private key (${code}); run as its owner: chmod 600 ${shellWord(path)}`,
      );
    }
  }
  return {
    ...(open && { wasMode: octal(was) }),
    ...((around & 0o022) !== 0 && {
      warning: `others may put and remove files in ${printable(directory)} (mode ${octal(around)}); run: chmod 700 ${shellWord(directory)}`,
    }),
  };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Never half a file under that name. */
function replace(path: string, text: string, mode: number): void {
  const beside = `${path}.${process.pid}~`;
  writeFileSync(beside, text, { flag: 'wx', mode });
  renameSync(beside, path);
}

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

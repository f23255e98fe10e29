/** Reads configuration files and all they include. The only file of this room that does I/O. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { utf8 } from './secret-text.ts';
import { includePattern, isGlob, type SourceFile, type Sources } from './sources.ts';

/** `utf-8` text, or `octets`: one character an octet, so that a key is exactly what stands in the file. */
export type Encoding = 'utf-8' | 'octets';

const maxFileLength = 4 * 1024 * 1024;
const maxFiles = 2000;

const errnoWords: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of its path is no directory',
  ELOOP: 'too many symbolic links',
};

/** Reads `paths` and what they include. Never throws: what cannot be read says why. */
export function readSources(paths: readonly string[], encoding: Encoding): Sources {
  const files = new Map<string, SourceFile>();
  const includes = new Map<string, readonly string[]>();
  const queue = paths.map((path) => resolve(path));
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (files.has(path)) continue;
    const file: SourceFile =
      files.size < maxFiles ? readSource(path, encoding) : { unreadable: 'too many files' };
    files.set(path, file);
    if ('unreadable' in file) continue;
    for (const pattern of includesOf(file.text, encoding)) {
      const absolute = includePattern(pattern, path);
      if (!includes.has(absolute)) includes.set(absolute, expand(absolute));
      queue.push(...(includes.get(absolute) ?? []));
    }
  }
  return { files, includes };
}

/** Everything that could be an include line; the parser decides. */
function includesOf(text: string, encoding: Encoding): string[] {
  return [...text.matchAll(/^include[ \t]+(?:"([^"\n]*)"|(\S+))/gim)].map((found) => {
    const pattern = found[1] ?? found[2] ?? '';
    return encoding === 'octets' ? utf8(pattern) : pattern;
  });
}

/** The files a pattern names, in the order of their names, as the shell has them. */
function expand(pattern: string): string[] {
  if (!isGlob(pattern)) return exists(pattern) ? [pattern] : [];
  try {
    return globSync(pattern, { absolute: true, expandDirectories: false, onlyFiles: true }).sort();
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readSource(path: string, encoding: Encoding): SourceFile {
  try {
    const { mode, size } = statSync(path);
    if (size > maxFileLength) return { unreadable: `it is larger than ${maxFileLength} octets` };
    const octets = readFileSync(path);
    const text = encoding === 'octets' ? octets.toString('latin1') : utf8OrLatin1(octets);
    if (encoding === 'octets') octets.fill(0);
    return { text, mode: mode & 0o777 };
  } catch (error) {
    if (!(error instanceof Error)) return { unreadable: 'it cannot be read' };
    const code = 'code' in error ? String(error.code) : '';
    return { unreadable: error instanceof TypeError ? 'it is not text' : (errnoWords[code] ?? code) };
  }
}

/** UTF-8, or what files of old HOWTOs are in. Throws TypeError when it is neither. */
function utf8OrLatin1(octets: Buffer): string {
  if (octets.includes(0)) throw new TypeError('a NUL');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return octets.toString('latin1');
  }
}

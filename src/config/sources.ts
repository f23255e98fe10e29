/** The text of all configuration files, read beforehand, so that parsing itself does no I/O. */
import { isAbsolute, posix } from 'node:path';

export interface Sources {
  /** By absolute path. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** What each include pattern (absolute) stands for: absolute paths, in order. */
  readonly includes: ReadonlyMap<string, readonly string[]>;
}

export type SourceFile =
  | { readonly text: string /** Permission bits, where the file system has them. */; readonly mode?: number }
  /** Why it could not be read, in words. */
  | { readonly unreadable: string };

/** pluto's limit on how deep includes nest. */
export const maxIncludeDepth = 10;

/** An include pattern as an absolute path: relative to the including file's directory. */
export function includePattern(pattern: string, includingFile: string): string {
  return isAbsolute(pattern) ? posix.normalize(pattern) : posix.join(posix.dirname(includingFile), pattern);
}

/** True when a pattern names files by shell wildcards. */
export function isGlob(pattern: string): boolean {
  return /[*?[\]{}]/.test(pattern);
}

/**
 * Sources made of plain texts, for tests and for callers that hold a configuration in memory. In an include pattern
 * only `*` and `?` are wildcards.
 */
export function sourcesOf(
  texts: Readonly<Record<string, string>>,
  patterns: readonly string[] = [],
): Sources {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, { text }]));
  const includes = new Map<string, readonly string[]>();
  const wanted = [...patterns];
  for (const [path, text] of Object.entries(texts)) {
    for (const found of text.matchAll(/^include[ \t]+(\S+)/gm))
      wanted.push(includePattern(found[1] ?? '', path));
  }
  for (const pattern of wanted) {
    const matcher = new RegExp(
      `^${pattern
        .replace(/[\\^$+.()|[\]{}]/g, '\\$&')
        .replaceAll('*', '[^/]*')
        .replaceAll('?', '[^/]')}$`,
    );
    includes.set(pattern, [...files.keys()].filter((path) => matcher.test(path)).sort());
  }
  return { files, includes };
}

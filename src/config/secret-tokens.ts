/** The entries of ipsec.secrets: names, a colon, a kind and its values; includes followed. ipsec.secrets(5). */

import { parseAddress } from '../wire/address.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import { utf8 } from './secret-text.ts';
import { includePattern, isGlob, maxIncludeDepth, type Sources } from './sources.ts';

export interface Token extends Place {
  readonly text: string;
  /** It stood in quotes; they are not part of `text`. */
  readonly quote: boolean;
}

export interface SecretEntry {
  readonly names: readonly Token[];
  readonly kind: Token;
  readonly values: readonly Token[];
  readonly at: Place;
}

const maxFilesParsed = 5000;

/** Entries in the order of the files. In the text every character is one octet of the file. */
export function secretEntries(sources: Sources, file: string, mistakes: Mistakes): SecretEntry[] {
  const entries: SecretEntry[] = [];
  let parsed = 0;
  const parse = (path: string, including: readonly string[], from: Place): void => {
    const source = sources.files.get(path);
    parsed += 1;
    if (source === undefined || 'unreadable' in source || parsed > maxFilesParsed) {
      const why =
        parsed > maxFilesParsed
          ? 'too many files'
          : source !== undefined && 'unreadable' in source
            ? source.unreadable
            : 'it was not read';
      mistakes.error(from, `cannot read ${quoted(path)}: ${why}`);
      return;
    }
    if (source.mode !== undefined && (source.mode & 0o077) !== 0) {
      mistakes.warning(
        { file: path, line: 0, column: 0 },
        `others than its owner can use this file of secrets: chmod 600 ${quoted(path)}`,
      );
    }
    for (const tokens of groups(source.text, path, mistakes)) {
      if (tokens[0]?.text === 'include' && !tokens[0].quote) {
        for (const found of included(tokens, path, including, sources, mistakes))
          parse(found, [...including, path], tokens[0]);
      } else {
        const entry = entryOf(tokens, mistakes);
        if (entry !== undefined) entries.push(entry);
      }
    }
  };
  parse(file, [], { file, line: 0, column: 0 });
  return entries;
}

function included(
  tokens: readonly Token[],
  path: string,
  including: readonly string[],
  sources: Sources,
  mistakes: Mistakes,
): readonly string[] {
  const [word, pattern, more] = tokens;
  if (word === undefined) return [];
  if (pattern === undefined || more !== undefined) {
    mistakes.error(more ?? word, 'include takes one file', 'include FILE');
    return [];
  }
  const found = sources.includes.get(includePattern(utf8(pattern.text), path)) ?? [];
  if (found.length === 0 && !isGlob(pattern.text))
    mistakes.warning(pattern, `there is no file ${quoted(pattern.text)} to include`);
  return found.filter((file) => {
    if (file === path || including.includes(file)) mistakes.error(pattern, `${quoted(file)} includes itself`);
    else if (including.length + 1 >= maxIncludeDepth)
      mistakes.error(pattern, `includes nest deeper than ${maxIncludeDepth}`);
    else return true;
    return false;
  });
}

function entryOf(tokens: readonly Token[], mistakes: Mistakes): SecretEntry | undefined {
  const [first] = tokens;
  if (first === undefined) return undefined;
  const colon = tokens.findIndex(({ text, quote }) => text === ':' && !quote);
  const kind = tokens[colon + 1];
  if (colon < 0 || kind === undefined) {
    mistakes.error(
      first,
      colon < 0 ? 'an entry without a colon' : 'nothing follows the colon',
      'NAMES : PSK "key"',
    );
    return undefined;
  }
  const names = tokens.slice(0, colon).map((name) => ({ ...name, text: utf8(name.text) }));
  return { names, kind, values: tokens.slice(colon + 2), at: first };
}

/** The tokens of each entry: a line at the left margin and the indented lines after it. */
function groups(text: string, file: string, mistakes: Mistakes): Token[][] {
  const all: Token[][] = [];
  let current: Token[] | undefined;
  for (const [index, whole] of text
    .replace(/^\u00EF\u00BB\u00BF/, '')
    .split('\n')
    .entries()) {
    const tokens = tokensOf(whole.replace(/\r$/, ''), file, index + 1, mistakes);
    if (tokens === undefined) {
      // What follows a line that cannot be read belongs to it.
      current = [];
      continue;
    }
    const [first] = tokens;
    if (first === undefined) continue;
    if (first.column === 1) {
      current = [];
      all.push(current);
    } else if (current === undefined) {
      mistakes.error(first, 'an indented line outside an entry', 'an entry starts at the left margin');
      current = [];
    }
    current.push(...tokens);
  }
  return all;
}

/** Words, quoted strings and the colon, which needs a blank only after it. Undefined when it was reported. */
function tokensOf(line: string, file: string, number: number, mistakes: Mistakes): Token[] | undefined {
  const tokens: Token[] = [];
  const pattern = /[ \t]+|#.*|"([^"]*)"(?=[ \t]|$)|'([^']*)'(?=[ \t]|$)|([^\s"']\S*)/y;
  while (pattern.lastIndex < line.length) {
    const column = pattern.lastIndex + 1;
    const at = { file, line: number, column };
    const found = pattern.exec(line);
    if (found === null) {
      mistakes.error(at, 'a quote is not closed on this line, or something touches it', '"key" and a blank');
      return undefined;
    }
    const [, double, single, word] = found;
    const inside = double ?? single;
    if (inside !== undefined) tokens.push({ text: inside, quote: true, ...at });
    else if (word !== undefined) tokens.push(...splitColon(word, at));
  }
  return tokens;
}

/** `%any:` is a name and a colon; `2001:db8::` is an address. */
function splitColon(word: string, at: Place): Token[] {
  if (word === ':' || !word.endsWith(':') || parseAddress(word) !== undefined)
    return [{ text: word, quote: false, ...at }];
  return [
    { text: word.slice(0, -1), quote: false, ...at },
    { text: ':', quote: false, ...at, column: at.column + word.length - 1 },
  ];
}

/** Finding a keyword by the name that stands in the file, and the nearest one when there is none. */
import { closestMatch } from 'leven';
import { type Keyword, keywords } from './keywords.ts';

export type End = 'left' | 'right';

export interface Found {
  readonly keyword: Keyword;
  /** The parameter's name as everything after the parser knows it, such as `leftsubnet`, `esp`, `left`. */
  readonly name: string;
  /** Undefined unless the keyword belongs to one end. */
  readonly end: End | undefined;
  /** The name to write instead, when the one in the file is obsolete. */
  readonly better: string | undefined;
}

type Place = 'setup' | 'conn';

const tables: Readonly<Record<Keyword['where'], ReadonlyMap<string, Keyword>>> = {
  setup: table('setup'),
  conn: table('conn'),
  end: table('end'),
};

function table(where: Keyword['where']): ReadonlyMap<string, Keyword> {
  return new Map(
    keywords.filter((keyword) => keyword.where === where).map((keyword) => [keyword.name, keyword]),
  );
}

/** The keyword called `name` in such a section; case, `left-subnet` and old spellings with `_` are accepted. */
export function findKeyword(name: string, place: Place): Found | undefined {
  const lower = name.toLowerCase();
  const hyphened = lower.replaceAll('_', '-');
  const exact = search(lower, place);
  if (exact !== undefined || hyphened === lower) return exact;
  const respelled = search(hyphened, place);
  return respelled && { ...respelled, better: respelled.better ?? respelled.name };
}

/** True for `x-...`: words Libreswan leaves to the user. */
export function isUserWord(name: string): boolean {
  return /^x[-_]/i.test(name);
}

/** The known name nearest to an unknown one, if any is near. */
export function nearestKeyword(name: string, place: Place): string | undefined {
  const known = [...tables[place].keys()];
  if (place === 'conn') {
    for (const end of ['left', 'right']) known.push(...[...tables.end.keys()].map((rest) => end + rest));
  }
  return nearest(name.toLowerCase().slice(0, 64), known);
}

/** The candidate nearest to `text`, if it is near enough to be meant. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  return closestMatch(text, candidates, {
    maxDistance: Math.max(1, Math.min(4, Math.floor(text.length / 3))),
  });
}

function search(name: string, place: Place): Found | undefined {
  const direct = tables[place].get(name);
  if (direct !== undefined) return follow(direct, place, undefined);
  if (place === 'setup') return undefined;
  const [, end, rest] = /^(left|right)-?(.*)$/.exec(name) ?? [];
  if (end !== 'left' && end !== 'right') return undefined;
  const keyword = tables.end.get(rest ?? '');
  return keyword && follow(keyword, 'end', end);
}

function follow(keyword: Keyword, where: Keyword['where'], end: End | undefined): Found {
  const { status } = keyword;
  const target = status.kind === 'alias' ? tables[where].get(status.of) : keyword;
  const meant = target ?? keyword;
  const name = `${end ?? ''}${meant.name}`;
  return { keyword: meant, name, end, better: status.kind === 'alias' && status.obsolete ? name : undefined };
}

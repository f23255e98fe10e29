/** Patterns with gaps against what there is, in time that grows with the product of both. */

/** What a place of a pattern takes: exactly one, one or none, or any number. */
export type Takes = 'one' | 'optional' | 'any';

/** How far a pattern came before it failed: the place of the pattern, and that of what was found. */
export interface Furthest {
  readonly wanted: number;
  readonly found: number;
}

/** Undefined when the pattern takes all that was found; else the furthest it came. */
export function furthest<Wanted, Found>(
  wanted: readonly Wanted[],
  found: readonly Found[],
  takes: (want: Wanted) => Takes,
  fits: (want: Wanted, is: Found) => boolean,
): Furthest | undefined {
  let miss: Furthest = { wanted: 0, found: -1 };
  const seen = new Set<number>();
  const ways: Furthest[] = [{ wanted: 0, found: 0 }];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const key = way.wanted * (found.length + 1) + way.found;
    if (seen.has(key)) continue;
    seen.add(key);
    const [want, is] = [wanted[way.wanted], found[way.found]];
    if (want === undefined && is === undefined) return undefined;
    const taking = want === undefined ? 'one' : takes(want);
    const fit = want !== undefined && is !== undefined && (taking === 'any' || fits(want, is));
    // The last one pushed is the first one tried.
    if (taking === 'any' && fit) ways.push({ wanted: way.wanted, found: way.found + 1 });
    if (taking !== 'one') ways.push({ wanted: way.wanted + 1, found: way.found });
    if (taking !== 'any' && fit) ways.push({ wanted: way.wanted + 1, found: way.found + 1 });
    if (taking === 'one' && !fit && way.found > miss.found) miss = way;
  }
  return miss;
}

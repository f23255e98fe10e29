import type { Certificate } from './certificate.ts';
import type { Search } from './path.ts';
import type { ChainInput } from './validate.ts';
import type { Refusal } from './verdict.ts';
export interface PathStatus {
  readonly refusal?: Refusal;
  readonly until: number;
  readonly needed: readonly Certificate[];
}
export function pathStatus(_path: readonly Certificate[], _input: ChainInput, _search: Search): PathStatus {
  return { until: Number.MAX_SAFE_INTEGER, needed: [] };
}

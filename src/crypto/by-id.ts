/** A list of algorithms as a provider holds it. */
export const byId = <T extends { readonly id: number }>(list: readonly T[]): ReadonlyMap<number, T> =>
  new Map(list.map((algorithm) => [algorithm.id, algorithm]));

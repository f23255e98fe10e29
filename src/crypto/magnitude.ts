/** Comparing big-endian numbers that are public: the time depends on them. */

/** a < b, of equal length. */
export function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((octet, i) => octet !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

export const isZero = (octets: Uint8Array): boolean => octets.every((octet) => octet === 0);

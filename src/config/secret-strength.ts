/** How hard a shared key is to guess, by a simple rule. RFC 7296 §2.15, RFC 8247 §4.1: who answers one attempt can try keys at leisure. */

/** Bits below which a key is warned about. */
export const enoughBits = 128;

const classes: readonly { readonly of: RegExp; readonly size: number }[] = [
  { of: /[0-9]/, size: 10 },
  { of: /[a-z]/, size: 26 },
  { of: /[A-Z]/, size: 26 },
  { of: /[ -/:-@[-`{-~]/, size: 33 },
];

/**
 * The entropy a key of these octets has at the most, in bits. Of printable ASCII it is the length times log2 of the sizes of the
 * classes in use: digits 10, small letters 26, capitals 26, other characters 33; but hexadecimal digits of one case 16. Of any
 * other octets 8 bits each. Words and names have far less.
 */
export function mostEntropy(key: Uint8Array): number {
  const text = String.fromCharCode(...key.subarray(0, 1024));
  if (!/^[ -~]*$/.test(text)) return 8 * key.length;
  return key.length * Math.log2(alphabet(text));
}

export const isWeak = (key: Uint8Array): boolean => mostEntropy(key) < enoughBits;

function alphabet(text: string): number {
  if (/[a-f]/i.test(text) && (/^[0-9a-f]+$/.test(text) || /^[0-9A-F]+$/.test(text))) return 16;
  return classes.filter(({ of }) => of.test(text)).reduce((sum, { size }) => sum + size, 0) || 1;
}

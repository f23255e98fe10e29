/** Nonces as RFC 7296 §2.8.1 compares them: octet by octet, a prefix is lower than what it begins. */
import { toHex } from '../wire/hex.ts';

/** The lower of an exchange's two nonces, in hexadecimal: two of them compare as text. */
export function lowest(ni: Uint8Array, nr: Uint8Array): string {
  return [toHex(ni), toHex(nr)].sort()[0] ?? '';
}

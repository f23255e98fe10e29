/** The two forms of an ECDSA signature: Ecdsa-Sig-Value in DER (RFC 3279 §2.2.3) and r | s (RFC 4754 §7). */
import { DerTag, der, derNatural, readDer } from './der.ts';

/**
 * r | s of an Ecdsa-Sig-Value, each of `fieldOctets` octets (32, 48, 66); undefined when it is not strict DER, a half is zero
 * or does not fit.
 */
export function ecdsaToRaw(signature: Uint8Array, fieldOctets: number): Uint8Array | undefined {
  const halves = readDer(signature, (reader) => {
    const value = reader.inside(DerTag.SEQUENCE);
    const both = [value.natural(), value.natural()];
    value.finish();
    return both;
  });
  if (halves === undefined || halves.some((half) => half.length === 0 || half.length > fieldOctets))
    return undefined;
  const raw = new Uint8Array(2 * fieldOctets);
  halves.forEach((half, i) => {
    raw.set(half, (i + 1) * fieldOctets - half.length);
  });
  return raw;
}

/** The Ecdsa-Sig-Value of r | s; undefined when `raw` is not two halves, or one is zero. That the length is the curve's is for the caller to check. */
export function ecdsaFromRaw(raw: Uint8Array): Uint8Array | undefined {
  const half = raw.length / 2;
  if (!Number.isInteger(half)) return undefined;
  const halves = [raw.subarray(0, half), raw.subarray(half)];
  if (halves.some((each) => each.every((octet) => octet === 0))) return undefined;
  return der(DerTag.SEQUENCE, ...halves.map(derNatural));
}

/** prf+ (K,S) = T1 | T2 | T3 ..., Tn = prf (K, Tn-1 | S | n). RFC 7296 §2.13. */
import type { Prf } from './provider.ts';

/**
 * `length` octets of key material under `key`. Throws RangeError beyond 255 outputs of the PRF, where the RFC leaves prf+
 * undefined.
 */
export function prfPlus(prf: Prf, key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const rounds = Math.ceil(length / prf.outputLength);
  if (rounds > 255) throw new RangeError(`prf+: ${length} octets are more than 255 outputs of ${prf.name}`);
  const material = new Uint8Array(length);
  let previous: Uint8Array = new Uint8Array(0);
  for (let round = 1; round <= rounds; round++) {
    const next = prf.compute(key, previous, seed, Uint8Array.of(round));
    const at = (round - 1) * prf.outputLength;
    material.set(next.subarray(0, length - at), at);
    previous.fill(0);
    previous = next;
  }
  previous.fill(0);
  return material;
}

/** prf+(prf(salt, secret), seed), `length` octets of it: in one call where the provider has one. */
export function prfPlusOf(
  prf: Prf,
  salt: Uint8Array,
  secret: Uint8Array,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  if (prf.extractAndExpand) return prf.extractAndExpand(salt, secret, seed, length);
  const key = prf.compute(salt, secret);
  try {
    return prfPlus(prf, key, seed, length);
  } finally {
    key.fill(0);
  }
}

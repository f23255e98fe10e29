/** EMSA-PSS, so that the salt is drawn octets and a run can be repeated. RFC 8017 §9.1.1, Appendix B.2.1. */
import type { Crypto, HashName, Random } from './provider.ts';
import { hashLengths } from './signature-algorithm.ts';

/**
 * The encoded message with a salt of `random`, as long as the modulus; MGF1 with the same hash. Throws RangeError when the modulus is too short for
 * hash and salt.
 */
export function emsaPss(
  hash: Crypto['hash'],
  name: HashName,
  message: Uint8Array,
  random: Random,
  saltLength: number,
  modulusBits: number,
): Uint8Array {
  const hashLength = hashLengths[name];
  const emBits = modulusBits - 1;
  const emLength = Math.ceil(emBits / 8);
  const dbLength = emLength - hashLength - 1;
  if (dbLength < saltLength + 1) throw new RangeError(`${modulusBits} bits are too few for PSS with ${name}`);
  const salt = random(saltLength);
  const h = hash(name, new Uint8Array(8), hash(name, message), salt);
  const db = new Uint8Array(dbLength);
  db[dbLength - saltLength - 1] = 1;
  db.set(salt, dbLength - saltLength);
  for (let at = 0, counter = 0; at < dbLength; at += hashLength, counter++) {
    const mask = hash(name, h, Uint8Array.of(0, 0, counter >> 8, counter));
    for (let i = 0; i < hashLength && at + i < dbLength; i++) db[at + i] = (db[at + i] ?? 0) ^ (mask[i] ?? 0);
  }
  db[0] = (db[0] ?? 0) & (0xff >> (8 * emLength - emBits));
  const padded = new Uint8Array(Math.ceil(modulusBits / 8));
  const at = padded.length - emLength;
  padded.set(db, at);
  padded.set(h, at + dbLength);
  padded[padded.length - 1] = 0xbc;
  return padded;
}

/** Key derivation of PKCS#12. RFC 7292 §B.2. And of PBES1 and old PEM, which are one loop. */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { join } from './ber.ts';
import type { Effort } from './opening.ts';

export const hashes = { md5, sha1, sha224, sha256, sha384, sha512 } as const;
export type KeyFileHash = keyof typeof hashes;

/** What the key is for: the ID octet of RFC 7292 §B.3. */
export const Purpose = { KEY: 1, IV: 2, MAC: 3 } as const;

export function pkcs12Key(
  { hash, salt, iterations, effort }: Derivation,
  password: Uint8Array,
  purpose: number,
  length: number,
): Uint8Array {
  const { blockLen: v, outputLen: u } = hashes[hash];
  const blocks = Math.ceil(length / u);
  effort.spend(iterations * blocks * weight(hash));
  const i = join([filled(salt, v), filled(password, v)]);
  const key = new Uint8Array(blocks * u);
  for (let block = 0; block < blocks; block++) {
    const a = iterated(hash, join([new Uint8Array(v).fill(purpose), i]), iterations);
    key.set(a, block * u);
    const b = filled(a, v, v);
    for (let at = 0; at < i.length; at += v) addOne(i.subarray(at, at + v), b);
  }
  return key.slice(0, length);
}

export interface Derivation {
  readonly hash: KeyFileHash;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly effort: Effort;
}

/** PBKDF1. RFC 8018 §5.1. */
export function pbkdf1({ hash, salt, iterations, effort }: Derivation, password: Uint8Array): Uint8Array {
  effort.spend(iterations);
  return iterated(hash, join([password, salt]), iterations);
}

/** What `Proc-Type: 4,ENCRYPTED` takes its key from: MD5, once. */
export function pemKey(password: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  let key: Uint8Array = new Uint8Array(0);
  let last: Uint8Array = new Uint8Array(0);
  while (key.length < length) {
    last = md5(join([last, password, salt]));
    key = join([key, last]);
  }
  return key.slice(0, length);
}

/** SHA-384 and SHA-512 are that much slower. */
export const weight = (hash: KeyFileHash): number => (hash === 'sha384' || hash === 'sha512' ? 4 : 1);

/** The hash of the hash of ... `data`. One hash object is used over and over: this runs 600,000 times. */
function iterated(hash: KeyFileHash, data: Uint8Array, iterations: number): Uint8Array {
  const start = hashes[hash].create();
  const work = start.clone();
  const digest = hashes[hash](data);
  for (let i = 1; i < iterations; i++)
    start
      ._cloneInto(work as never)
      .update(digest)
      .digestInto(digest);
  return digest;
}

/** `octets` repeated to a multiple of `v` octets; to `v` octets when they are given as the `length`. */
function filled(octets: Uint8Array, v: number, length = v * Math.ceil(octets.length / v)): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => octets[i % octets.length] ?? 0);
}

/** a = a + b + 1, modulo its length. */
function addOne(a: Uint8Array, b: Uint8Array): void {
  let carry = 1;
  for (let i = a.length - 1; i >= 0; i--) {
    carry += (a[i] ?? 0) + (b[i] ?? 0);
    a[i] = carry & 0xff;
    carry >>= 8;
  }
}

/** Hashes and HMAC over @noble/hashes. */
import { equalBytes } from '@noble/ciphers/utils.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { Hmac } from '../macs.ts';
import type { HashName } from '../provider.ts';

const hashes = { sha1, sha256, sha384, sha512 };

export function hash(name: HashName, ...data: Uint8Array[]): Uint8Array {
  const digest = hashes[name].create();
  for (const part of data) digest.update(part);
  return digest.digest();
}

export const hmac: Hmac = (name, key, data) => {
  const mac = nobleHmac.create(hashes[name], key);
  for (const part of data) mac.update(part);
  return mac.digest();
};

export const equal = (a: Uint8Array, b: Uint8Array): boolean => equalBytes(a, b);

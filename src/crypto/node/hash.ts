/** Hashes, HMAC and HKDF over node:crypto. */
import { createHmac, hash as hashOf, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Hkdf, Hmac } from '../macs.ts';
import type { HashName } from '../provider.ts';
import { plain } from './octets.ts';

/** In one call: an object that hashes piece by piece costs more than the hash of a few octets. */
export function hash(name: HashName, ...data: Uint8Array[]): Uint8Array {
  const [only] = data;
  return plain(hashOf(name, data.length === 1 && only ? only : Buffer.concat(data), 'buffer'));
}

export const hmac: Hmac = (name, key, data) => {
  const mac = createHmac(name, key);
  for (const part of data) mac.update(part);
  return plain(mac.digest());
};

export const hkdf: Hkdf = (name, salt, secret, info, length) =>
  new Uint8Array(hkdfSync(name, secret, salt, info, length));

export const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);

/** What each PRF and INTEG transform looks like, whichever provider computes it. */
import { Integ as IntegId, Prf as PrfId } from '../wire/numbers.ts';
import { type AesBlocks, type AesMac, aesCmac, aesXcbc } from './aes-mac.ts';
import type { HashName, Integ, Prf } from './provider.ts';

/** HMAC (RFC 2104) of the concatenated data, whole. */
export type Hmac = (hash: HashName, key: Uint8Array, data: readonly Uint8Array[]) => Uint8Array;

/** HKDF (RFC 5869), both of its steps. */
export type Hkdf = (
  hash: HashName,
  salt: Uint8Array,
  secret: Uint8Array,
  info: Uint8Array,
  length: number,
) => Uint8Array;

/** RFC 2404 and RFC 4868, then RFC 4434 and RFC 4615. */
export const prfsOf = (hmac: Hmac, aes: AesBlocks, hkdf?: Hkdf): Prf[] => [
  hmacPrf(PrfId.HMAC_SHA1, 'HMAC_SHA1', 'sha1', 20, hmac, hkdf),
  hmacPrf(PrfId.HMAC_SHA2_256, 'HMAC_SHA2_256', 'sha256', 32, hmac, hkdf),
  hmacPrf(PrfId.HMAC_SHA2_384, 'HMAC_SHA2_384', 'sha384', 48, hmac, hkdf),
  hmacPrf(PrfId.HMAC_SHA2_512, 'HMAC_SHA2_512', 'sha512', 64, hmac, hkdf),
  aesPrf(PrfId.AES128_XCBC, 'AES128_XCBC', aesXcbc(aes), zeroPadded),
  aesPrf(PrfId.AES128_CMAC, 'AES128_CMAC', aesCmac(aes), () => undefined),
];

/** RFC 2404, RFC 4868, RFC 3566 and RFC 4494. */
export const integsOf = (hmac: Hmac, aes: AesBlocks): Integ[] => [
  hmacInteg(IntegId.HMAC_SHA1_96, 'HMAC_SHA1_96', 'sha1', 20, 12, hmac),
  hmacInteg(IntegId.HMAC_SHA2_256_128, 'HMAC_SHA2_256_128', 'sha256', 32, 16, hmac),
  hmacInteg(IntegId.HMAC_SHA2_384_192, 'HMAC_SHA2_384_192', 'sha384', 48, 24, hmac),
  hmacInteg(IntegId.HMAC_SHA2_512_256, 'HMAC_SHA2_512_256', 'sha512', 64, 32, hmac),
  aesInteg(IntegId.AES_XCBC_96, 'AES_XCBC_96', aesXcbc(aes)),
  aesInteg(IntegId.AES_CMAC_96, 'AES_CMAC_96', aesCmac(aes)),
];

const hmacPrf = (
  id: number,
  name: string,
  hash: HashName,
  length: number,
  hmac: Hmac,
  hkdf: Hkdf | undefined,
): Prf => ({
  ...{ id, name, keyLength: length, outputLength: length, fixedKey: false },
  compute: (key, ...data) => hmac(hash, key, data),
  ...(hkdf && { extractAndExpand: (salt, secret, seed, octets) => hkdf(hash, salt, secret, seed, octets) }),
});

/** A key of another length than 16 octets is used as `shortKey` says, or else becomes the MAC of itself under a zero key. */
function aesPrf(
  id: number,
  name: string,
  mac: AesMac,
  shortKey: (key: Uint8Array) => Uint8Array | undefined,
): Prf {
  const length = 16;
  return {
    ...{ id, name, keyLength: length, outputLength: length, fixedKey: true },
    compute(key, ...data) {
      if (key.length === length) return mac(key, data);
      const fixed = shortKey(key) ?? mac(new Uint8Array(length), [key]);
      const result = mac(fixed, data);
      fixed.fill(0);
      return result;
    },
  };
}

/** RFC 4434 §2: shorter keys are padded with zeros, longer ones are hashed. */
function zeroPadded(key: Uint8Array): Uint8Array | undefined {
  if (key.length > 16) return undefined;
  const padded = new Uint8Array(16);
  padded.set(key);
  return padded;
}

const hmacInteg = (
  id: number,
  name: string,
  hash: HashName,
  keyLength: number,
  icvLength: number,
  hmac: Hmac,
): Integ => ({
  ...{ id, name, keyLength, icvLength },
  compute: (key, ...data) => hmac(hash, key, data).subarray(0, icvLength),
});

const aesInteg = (id: number, name: string, mac: AesMac): Integ => ({
  ...{ id, name, keyLength: 16, icvLength: 12 },
  compute: (key, ...data) => mac(key, data).subarray(0, 12),
});

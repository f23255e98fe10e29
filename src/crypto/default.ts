/** The provider used unless another is given. */
import { nobleCrypto } from './noble/index.ts';
import { nodeCrypto } from './node/index.ts';
import type { Crypto } from './provider.ts';

/** `over`'s algorithms and kinds of public key, and `base`'s where `over` has none; hashes and comparison are `over`'s. */
export function spread(base: Crypto, over: Crypto, name = `${over.name} over ${base.name}`): Crypto {
  return {
    name,
    ciphers: new Map([...base.ciphers, ...over.ciphers]),
    prfs: new Map([...base.prfs, ...over.prfs]),
    integs: new Map([...base.integs, ...over.integs]),
    keyExchanges: new Map([...base.keyExchanges, ...over.keyExchanges]),
    publicKey: (spki) => over.publicKey(spki) ?? base.publicKey(spki),
    hash: over.hash,
    equal: over.equal,
  };
}

/**
 * node over noble, whole. bench/crypto, medians in µs on 2 cores of Node 20.20 with OpenSSL 3.0:
 *
 * | operation               | node      | noble         |
 * |-------------------------|-----------|---------------|
 * | AES-GCM-16, 64 / 1400   | 6 / 6-11  | 24 / 60-93    |
 * | ChaCha20, 64 / 1400     | 7 / 9     | 12 / 23       |
 * | AES-CBC, 64 / 1400      | 4-7 / 6   | 4-7 / 20-32   |
 * | HMAC-SHA2-256, 64 / 1400| 5 / 5     | 12 / 27       |
 * | prf+ HMAC-SHA2-256      | 28        | 59            |
 * | AES-CMAC, 64 / 256      | 8.4 / 8.5 | 5.8 / 7.6     |
 * | AES-CMAC, 1400          | 10-17     | 18-26         |
 * | X25519, answer          | 164       | 3,700         |
 * | P-256, answer           | 192       | 4,272         |
 * | MODP 2048, answer       | 890       | 5,414         |
 * | ECDSA P-256, check      | 105       | 3,365         |
 * | Ed25519, check          | 132       | 1,666         |
 * | RSA 2048 PSS, check     | 32        | -             |
 *
 * The threshold: noble would have to save 5 µs. It is ahead only with AES-CMAC and AES-XCBC of fewer than some 300 octets, by
 * 1 to 3 µs, and there its AES looks up tables by key and data where OpenSSL's runs in constant time.
 */
export const defaultCrypto: Crypto = spread(nobleCrypto, nodeCrypto);

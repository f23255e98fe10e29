/** ENCR over node:crypto. */
import { type CipherCCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import type { AesBlocks } from '../aes-mac.ts';
import {
  type AeadMode,
  aesCbc,
  aesCcm,
  aesCtr,
  aesGcm,
  aesGmac,
  chacha20Poly1305,
  nullCipher,
  type PlainMode,
  tripleDes,
} from '../ciphers.ts';
import type { Cipher } from '../provider.ts';
import { plain } from './octets.ts';

type NameOf = (keyLength: number) => string;

const aesName =
  (mode: string): NameOf =>
  (keyLength) =>
    `aes-${keyLength * 8}-${mode}`;

const cbc = plainMode(aesName('cbc'));
const ecb = plainMode(aesName('ecb'));
const [zeroIv, noIv] = [new Uint8Array(16), new Uint8Array(0)];

/** What AES-XCBC and AES-CMAC stand on. */
export const aesBlocks: AesBlocks = {
  ecb: (key, blocks) => ecb.encrypt(key, noIv, blocks),
  cbc: (key, blocks) => cbc.encrypt(key, zeroIv, blocks),
};

/** All ENCR transforms. */
export const ciphers: readonly Cipher[] = [
  aesCbc(cbc),
  aesCtr(plainMode(aesName('ctr'))),
  tripleDes(plainMode(() => 'des-ede3-cbc')),
  aesGcm(8, aeadMode(aesName('gcm'), 8)),
  aesGcm(12, aeadMode(aesName('gcm'), 12)),
  aesGcm(16, aeadMode(aesName('gcm'), 16)),
  aesCcm(8, aeadMode(aesName('ccm'), 8)),
  aesCcm(12, aeadMode(aesName('ccm'), 12)),
  aesCcm(16, aeadMode(aesName('ccm'), 16)),
  chacha20Poly1305(aeadMode(() => 'chacha20-poly1305', 16)),
  aesGmac(aeadMode(aesName('gcm'), 16)),
  nullCipher,
];

function plainMode(nameOf: NameOf): PlainMode {
  return {
    encrypt(key, iv, plaintext) {
      const cipher = createCipheriv(nameOf(key.length), key, iv).setAutoPadding(false);
      const ciphertext = cipher.update(plaintext);
      cipher.final();
      return plain(ciphertext);
    },
    decrypt(key, iv, ciphertext) {
      const decipher = createDecipheriv(nameOf(key.length), key, iv).setAutoPadding(false);
      const plaintext = decipher.update(ciphertext);
      decipher.final();
      return plain(plaintext);
    },
  };
}

function aeadMode(nameOf: NameOf, authTagLength: number): AeadMode {
  // The tag's length is always given: without it OpenSSL accepts a tag of 4 octets. GCM and ChaCha20 take the same calls as CCM.
  const name = (key: Uint8Array) => nameOf(key.length) as CipherCCMTypes;
  return {
    seal(key, nonce, plaintext, aad) {
      const cipher = createCipheriv(name(key), key, nonce, { authTagLength });
      cipher.setAAD(present(aad), { plaintextLength: plaintext.length });
      const ciphertext = cipher.update(present(plaintext));
      cipher.final();
      const sealed = new Uint8Array(ciphertext.length + authTagLength);
      sealed.set(ciphertext);
      sealed.set(cipher.getAuthTag(), ciphertext.length);
      return sealed;
    },
    open(key, nonce, ciphertext, aad) {
      const length = ciphertext.length - authTagLength;
      const decipher = createDecipheriv(name(key), key, nonce, { authTagLength });
      decipher.setAuthTag(ciphertext.subarray(length));
      decipher.setAAD(present(aad), { plaintextLength: length });
      try {
        const plaintext = decipher.update(present(ciphertext.subarray(0, length)));
        decipher.final();
        return plain(plaintext);
      } catch {
        return undefined;
      }
    },
  };
}

const nothing = new Uint8Array(1).subarray(1);

/** An array over no memory reaches OpenSSL as a null pointer, which makes CCM take it for no call at all. */
const present = (octets: Uint8Array): Uint8Array => (octets.length === 0 ? nothing : octets);

/** ENCR over @noble/ciphers, which has no CCM, no 3DES and no GCM with a short ICV: those are not claimed. */
import { cbc as nobleCbc, ctr as nobleCtr, ecb as nobleEcb, gcm as nobleGcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { AesBlocks } from '../aes-mac.ts';
import {
  type AeadMode,
  aesCbc,
  aesCtr,
  aesGcm,
  aesGmac,
  chacha20Poly1305,
  nullCipher,
  type PlainMode,
} from '../ciphers.ts';
import type { Cipher } from '../provider.ts';

interface OneTime {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(ciphertext: Uint8Array): Uint8Array;
}

const unpadded = { disablePadding: true };
const cbc = plainMode((key, iv) => nobleCbc(key, iv, unpadded));
const zeroIv = new Uint8Array(16);

/** What AES-XCBC and AES-CMAC stand on. */
export const aesBlocks: AesBlocks = {
  ecb: (key, blocks) => nobleEcb(key, unpadded).encrypt(blocks),
  cbc: (key, blocks) => nobleCbc(key, zeroIv, unpadded).encrypt(blocks),
};

const gcm = aeadMode(nobleGcm);

export const ciphers: readonly Cipher[] = [
  aesCbc(cbc),
  aesCtr(plainMode(nobleCtr)),
  aesGcm(16, gcm),
  chacha20Poly1305(aeadMode(chacha20poly1305)),
  aesGmac(gcm),
  nullCipher,
];

function plainMode(start: (key: Uint8Array, iv: Uint8Array) => OneTime): PlainMode {
  return {
    encrypt: (key, iv, plaintext) => start(key, iv).encrypt(plaintext),
    decrypt: (key, iv, ciphertext) => start(key, iv).decrypt(ciphertext),
  };
}

function aeadMode(start: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => OneTime): AeadMode {
  return {
    seal: (key, nonce, plaintext, aad) => start(key, nonce, aad).encrypt(plaintext),
    open(key, nonce, ciphertext, aad) {
      try {
        return start(key, nonce, aad).decrypt(ciphertext);
      } catch {
        return undefined;
      }
    },
  };
}

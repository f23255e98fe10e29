/** What each ENCR transform looks like, whichever provider computes it. */
import { Encr } from '../wire/numbers.ts';
import type { Cipher, CipherKey } from './provider.ts';

/** Encryption alone: no ICV, no padding of its own. A key or IV of the wrong length throws. */
export interface PlainMode {
  encrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array;
  decrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array;
}

/** Encryption with authentication; the ICV follows the ciphertext. `open` is undefined when the ICV is wrong. */
export interface AeadMode {
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
}

type Shape = Omit<Cipher, 'key'>;

const aes = { keyBits: [128, 192, 256], keyLengthAttribute: true, ike: true } as const;
const aesAead = { ...aes, ivLength: 8, iv: 'counter', blockLength: 1 } as const;

/** RFC 3602. */
export const aesCbc = (mode: PlainMode): Cipher =>
  plain(
    {
      ...aes,
      ...{ id: Encr.AES_CBC, name: 'AES_CBC', saltLength: 0 },
      ...{ ivLength: 16, iv: 'random', icvLength: 0, blockLength: 16 },
    },
    mode,
  );

/** RFC 3686: the counter block is the salt, the IV and a block counter from 1. */
export const aesCtr = (mode: PlainMode): Cipher =>
  plain(
    {
      ...aes,
      ...{ id: Encr.AES_CTR, name: 'AES_CTR', saltLength: 4 },
      ...{ ivLength: 8, iv: 'counter', icvLength: 0, blockLength: 1 },
    },
    mode,
    Uint8Array.of(0, 0, 0, 1),
  );

/** RFC 2451: three keys of 64 bits, parity included. */
export const tripleDes = (mode: PlainMode): Cipher =>
  plain(
    {
      ...{ id: Encr.TRIPLE_DES, name: 'TRIPLE_DES', keyBits: [192], keyLengthAttribute: false, ike: true },
      ...{ saltLength: 0, ivLength: 8, iv: 'random', icvLength: 0, blockLength: 8 },
    },
    mode,
  );

/** RFC 4106 and RFC 5282. */
export const aesGcm = (icvLength: 8 | 12 | 16, mode: AeadMode): Cipher => {
  const id = { 8: Encr.AES_GCM_8, 12: Encr.AES_GCM_12, 16: Encr.AES_GCM_16 }[icvLength];
  return aead({ ...aesAead, id, name: `AES_GCM_${icvLength}`, saltLength: 4, icvLength }, mode);
};

/** RFC 4309 and RFC 5282: 3 octets of salt. */
export const aesCcm = (icvLength: 8 | 12 | 16, mode: AeadMode): Cipher => {
  const id = { 8: Encr.AES_CCM_8, 12: Encr.AES_CCM_12, 16: Encr.AES_CCM_16 }[icvLength];
  return aead({ ...aesAead, id, name: `AES_CCM_${icvLength}`, saltLength: 3, icvLength }, mode);
};

/** RFC 7634. */
export const chacha20Poly1305 = (mode: AeadMode): Cipher =>
  aead(
    {
      ...{ id: Encr.CHACHA20_POLY1305, name: 'CHACHA20_POLY1305', keyBits: [256], keyLengthAttribute: false },
      ...{ saltLength: 4, ivLength: 8, iv: 'counter', icvLength: 16, blockLength: 1, ike: true },
    },
    mode,
  );

/** RFC 4543: AES-GCM of nothing. What it authenticates is the AAD, the IV and the payload left in clear. */
export const aesGmac = (gcm16: AeadMode): Cipher => {
  const shape: Shape = {
    ...aesAead,
    ...{ id: Encr.NULL_AUTH_AES_GMAC, name: 'NULL_AUTH_AES_GMAC', saltLength: 4, icvLength: 16, ike: false },
  };
  const nothing = new Uint8Array(0);
  return keyed(shape, (key, salt) => ({
    seal: (iv, plaintext, aad) => {
      const icv = gcm16.seal(key, concat(salt, iv), nothing, concat(aad, iv, plaintext));
      return concat(plaintext, icv);
    },
    open: (iv, ciphertext, aad) => {
      const plaintext = ciphertext.slice(0, ciphertext.length - shape.icvLength);
      const icv = ciphertext.subarray(plaintext.length);
      return gcm16.open(key, concat(salt, iv), icv, concat(aad, iv, plaintext)) && plaintext;
    },
  }));
};

/** RFC 2410. */
export const nullCipher: Cipher = keyed(
  {
    ...{ id: Encr.NULL, name: 'NULL', keyBits: [0], keyLengthAttribute: false, ike: false },
    ...{ saltLength: 0, ivLength: 0, iv: 'none', icvLength: 0, blockLength: 1 },
  },
  () => ({
    seal: (_iv, plaintext) => Uint8Array.from(plaintext),
    open: (_iv, ciphertext) => Uint8Array.from(ciphertext),
  }),
);

function plain(shape: Shape, mode: PlainMode, counter = new Uint8Array(0)): Cipher {
  const whole = shape.saltLength + counter.length === 0;
  return keyed(shape, (key, salt) => {
    const full = (iv: Uint8Array) => (whole ? iv : concat(salt, iv, counter));
    return {
      seal: (iv, plaintext) => mode.encrypt(key, full(iv), plaintext),
      open: (iv, ciphertext) => mode.decrypt(key, full(iv), ciphertext),
    };
  });
}

function aead(shape: Shape, mode: AeadMode): Cipher {
  return keyed(shape, (key, salt) => ({
    seal: (iv, plaintext, aad) => mode.seal(key, concat(salt, iv), plaintext, aad),
    open: (iv, ciphertext, aad) => mode.open(key, concat(salt, iv), ciphertext, aad),
  }));
}

/** Checks lengths before `start`'s work, and holds the only copy of the key. */
function keyed(
  shape: Shape,
  start: (key: Uint8Array, salt: Uint8Array) => Omit<CipherKey, 'destroy'>,
): Cipher {
  const key = (material: Uint8Array): CipherKey => {
    const keyLength = material.length - shape.saltLength;
    if (!shape.keyBits.includes(keyLength * 8)) {
      throw new RangeError(`${shape.name}: no key of ${material.length} octets`);
    }
    const owned = new Uint8Array(material);
    const work = start(owned.subarray(0, keyLength), owned.subarray(keyLength));
    let live = true;
    const check = (iv: Uint8Array) => {
      if (!live) throw new Error(`${shape.name}: the key was destroyed`);
      return iv.length === shape.ivLength;
    };
    return {
      seal(iv, plaintext, aad) {
        if (!check(iv)) throw new RangeError(`${shape.name}: no IV of ${iv.length} octets`);
        if (plaintext.length % shape.blockLength !== 0) {
          throw new RangeError(`${shape.name}: plaintext is not whole blocks`);
        }
        return work.seal(iv, plaintext, aad);
      },
      open(iv, ciphertext, aad) {
        const length = ciphertext.length - shape.icvLength;
        const fits = check(iv) && length >= 0 && length % shape.blockLength === 0;
        return fits ? work.open(iv, ciphertext, aad) : undefined;
      },
      destroy() {
        live = false;
        owned.fill(0);
      },
    };
  };
  return { ...shape, key };
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

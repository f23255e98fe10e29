/** The edges of a cipher key: lengths, its own copy, and its end. */
import { describe, expect, test } from 'vitest';
import { nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import { Encr } from '../../src/wire/numbers.ts';

const none = new Uint8Array(0);

for (const crypto of [nodeCrypto, nobleCrypto]) {
  describe(crypto.name, () => {
    test.each([...crypto.ciphers.values()])('$name', (cipher) => {
      const bits = cipher.keyBits[0] ?? 0;
      const material = new Uint8Array(bits / 8 + cipher.saltLength).fill(1);
      const iv = new Uint8Array(cipher.ivLength).fill(2);
      const plaintext = new Uint8Array(cipher.blockLength * 4).fill(3);
      const key = cipher.key(material);
      const sealed = key.seal(iv, plaintext, none);
      expect(sealed.constructor).toBe(Uint8Array);

      material.fill(9);
      expect(key.seal(iv, plaintext, none)).toEqual(sealed);
      expect(() => cipher.key(new Uint8Array(material.length + 1))).toThrow(RangeError);
      expect(() => key.seal(new Uint8Array(iv.length + 1), plaintext, none)).toThrow(RangeError);
      expect(key.open(new Uint8Array(iv.length + 1), sealed, none)).toBeUndefined();
      if (cipher.blockLength > 1) {
        expect(() => key.seal(iv, plaintext.subarray(1), none)).toThrow(RangeError);
        expect(key.open(iv, sealed.subarray(1), none)).toBeUndefined();
      }
      for (let length = 0; length < cipher.icvLength; length++) {
        expect(key.open(iv, sealed.subarray(sealed.length - length), none)).toBeUndefined();
      }
      if (cipher.icvLength > 0) {
        expect(key.open(iv, sealed.subarray(0, sealed.length - 4), none)).toBeUndefined();
        expect(key.open(iv, sealed, Uint8Array.of(1))).toBeUndefined();
        const empty = key.seal(iv, none, none);
        expect(key.open(iv, empty, none)).toEqual(none);
      }
      key.destroy();
      expect(() => key.seal(iv, plaintext, none)).toThrow('destroyed');
      expect(() => key.open(iv, sealed, none)).toThrow('destroyed');
    });

    test('a GCM tag of 4 octets is no tag', () => {
      const key = crypto.ciphers.get(Encr.AES_GCM_16)?.key(new Uint8Array(20));
      const [iv, plaintext] = [new Uint8Array(8), new Uint8Array(32)];
      const sealed = key?.seal(iv, plaintext, none) ?? none;
      expect(key?.open(iv, sealed.subarray(0, 32 + 4), none)).toBeUndefined();
    });

    test('NULL and GMAC are not for IKE', () => {
      const espOnly = [...crypto.ciphers.values()].filter(({ ike }) => !ike).map(({ id }) => id);
      expect(espOnly.sort()).toEqual([Encr.NULL, Encr.NULL_AUTH_AES_GMAC].sort());
    });
  });
}

test('noble claims what its packages have', () => {
  const missing = [...nodeCrypto.ciphers.values()].filter(({ id }) => !nobleCrypto.ciphers.has(id));
  const names = ['TRIPLE_DES', 'AES_GCM_8', 'AES_GCM_12', 'AES_CCM_8', 'AES_CCM_12', 'AES_CCM_16'];
  expect(missing.map(({ name }) => name)).toEqual(names);
  expect([...nobleCrypto.prfs.keys()]).toEqual([...nodeCrypto.prfs.keys()]);
  expect([...nobleCrypto.integs.keys()]).toEqual([...nodeCrypto.integs.keys()]);
  const groups = [...nodeCrypto.keyExchanges.values()].filter(({ id }) => !nobleCrypto.keyExchanges.has(id));
  expect(groups.map(({ name }) => name)).toEqual(['BRAINPOOL_P224R1']);
});

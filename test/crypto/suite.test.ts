/** From transforms to algorithms and key lengths. RFC 7296 §2.13-2.17, RFC 5282 §7. */
import { expect, test } from 'vitest';
import {
  cipherKeyLength,
  defaultCrypto,
  espSuite,
  ikeSuite,
  integKeyLength,
  nobleCrypto,
} from '../../src/crypto/index.ts';
import { Encr, Integ, KeyExchangeMethod, Prf } from '../../src/wire/numbers.ts';

const ike = { prf: Prf.HMAC_SHA2_256, ke: KeyExchangeMethod.CURVE25519 };

test('an IKE suite of AEAD: salt counts as key, no INTEG', () => {
  const suite = ikeSuite(defaultCrypto, { ...ike, encr: Encr.AES_GCM_16, keyBits: 256 });
  expect(suite && [cipherKeyLength(suite), integKeyLength(suite), suite.integ]).toEqual([36, 0, undefined]);
  const ccm = ikeSuite(defaultCrypto, { ...ike, encr: Encr.AES_CCM_12, keyBits: 128 });
  expect(ccm && cipherKeyLength(ccm)).toBe(19);
  const chacha = ikeSuite(defaultCrypto, { ...ike, encr: Encr.CHACHA20_POLY1305 });
  expect(chacha && cipherKeyLength(chacha)).toBe(36);
});

test('an IKE suite of cipher and INTEG', () => {
  const chosen = { ...ike, encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA2_512_256 };
  const suite = ikeSuite(defaultCrypto, chosen);
  expect(suite && [cipherKeyLength(suite), integKeyLength(suite)]).toEqual([16, 64]);
  expect(ikeSuite(defaultCrypto, { ...ike, encr: Encr.AES_CBC, keyBits: 128 })).toBeUndefined();
  expect(ikeSuite(defaultCrypto, { ...chosen, keyBits: 160 })).toBeUndefined();
});

test('what a provider lacks is no suite', () => {
  const chosen = { ...ike, encr: Encr.AES_CCM_16, keyBits: 128 };
  expect(ikeSuite(defaultCrypto, chosen)).toBeDefined();
  expect(ikeSuite(nobleCrypto, chosen)).toBeUndefined();
});

test('NULL and GMAC are for ESP only', () => {
  const nothing = { encr: Encr.NULL, integ: Integ.HMAC_SHA2_256_128 };
  expect(ikeSuite(defaultCrypto, { ...ike, ...nothing })).toBeUndefined();
  expect(espSuite(defaultCrypto, nothing)).toMatchObject({ keyBits: 0, esn: false });
  const gmac = espSuite(defaultCrypto, { encr: Encr.NULL_AUTH_AES_GMAC, keyBits: 128, esn: true });
  expect(gmac && [cipherKeyLength(gmac), gmac.esn, gmac.integ]).toEqual([20, true, undefined]);
});

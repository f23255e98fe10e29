/** Every ESP transform of the crypto room has a kernel name, key layout and ICV, and comes back from them. */
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../../src/crypto/noble/index.ts';
import { algorithmAttributes, isNamed, type Keys, keysOf } from '../../../src/kernel/xfrm/algorithms.ts';
import { attributeValue } from '../../../src/kernel/xfrm/attributes.ts';
import { Encr, Integ } from '../../../src/wire/numbers.ts';
import { golden, haveVectors } from './vectors.ts';

const crypto = { ciphers: [...nobleCrypto.ciphers.values()], integs: [...nobleCrypto.integs.values()] };
const key = (length: number) => Uint8Array.from({ length }, (_, i) => i + 1);
const [sha256] = crypto.integs.filter(({ id }) => id === Integ.HMAC_SHA2_256_128);

const pairs: [string, Keys][] = [
  ...crypto.ciphers.flatMap(({ id, name, keyBits, saltLength, icvLength }) =>
    keyBits.map((bits): [string, Keys] => [
      `${name} ${bits}`,
      {
        encryption: { transform: id, keyBits: bits, key: key(bits / 8 + saltLength) },
        ...(icvLength === 0 && sha256 && { integrity: { transform: sha256.id, key: key(sha256.keyLength) } }),
      },
    ]),
  ),
  ...crypto.integs.map(({ id, name, keyLength }): [string, Keys] => [
    name,
    {
      encryption: { transform: Encr.NULL, keyBits: 0, key: key(0) },
      integrity: { transform: id, key: key(keyLength) },
    },
  ]),
];

describe('algorithms', () => {
  it.each(pairs)('%s', (_, keys) => {
    const attributes = algorithmAttributes(keys);
    expect(isNamed(keys.encryption.transform, keys.integrity?.transform ?? 0)).toBe(true);
    expect(attributes && keysOf(attributes)).toEqual(keys);
  });

  it.each(crypto.ciphers.filter(({ icvLength }) => icvLength > 0).map((one) => [one.name, one] as const))(
    'the ICV of %s is the cipher',
    (_, { id, keyBits: [bits = 0], saltLength, icvLength }) => {
      const encryption = { transform: id, keyBits: bits, key: key(bits / 8 + saltLength) };
      const aead = attributeValue(algorithmAttributes({ encryption }) ?? [], 'ALG_AEAD');
      expect(aead).toMatchObject({ alg_icv_len: icvLength * 8, alg_key_len: bits + saltLength * 8 });
    },
  );

  it.each(crypto.integs.map((one) => [one.name, one] as const))(
    'the truncation of %s is the MAC',
    (_, { id, keyLength, icvLength }) => {
      const encryption = { transform: Encr.NULL, keyBits: 0, key: key(0) };
      const integrity = { transform: id, key: key(keyLength) };
      const auth = attributeValue(algorithmAttributes({ encryption, integrity }) ?? [], 'ALG_AUTH_TRUNC');
      expect(auth).toMatchObject({ alg_trunc_len: icvLength * 8, alg_key_len: keyLength * 8 });
    },
  );

  it.skipIf(!haveVectors)('have names iproute2 was given too', () => {
    const commands = golden.map(({ command }) => command).join('\n');
    const names = pairs.flatMap(([, keys]) => (algorithmAttributes(keys) ?? []).map(nameIn));
    const unseen = new Set(names.filter((name) => !commands.includes(name)));
    // Only named in net/xfrm/xfrm_algo.c.
    expect([...unseen]).toEqual(['hmac(sha512)']);
  });

  it('have no name for what the kernel has not, nor for pairs that are none', () => {
    const encryption = { transform: Encr.AES_CBC, keyBits: 128, key: key(16) };
    expect(algorithmAttributes({ encryption })).toBeUndefined();
    expect(isNamed(Encr.AES_GCM_16, Integ.HMAC_SHA1_96)).toBe(false);
    expect(isNamed(Encr.DES, Integ.HMAC_SHA1_96)).toBe(false);
  });

  it('of a key that is too short are refused without it in the message', () => {
    const encryption = { transform: Encr.AES_GCM_16, keyBits: 256, key: key(20) };
    expect(() => algorithmAttributes({ encryption })).toThrow(
      'rfc4106(gcm(aes)): a key of 160 bits, not 288',
    );
  });

  it('of others are not taken for ours', () => {
    const [auth] = algorithmAttributes(pairs[0]?.[1] ?? fail()) ?? [];
    expect(keysOf([])).toBeUndefined();
    expect(auth?.kind === 'ALG_CRYPT' && keysOf([auth])).not.toEqual(expect.anything());
    const value = { alg_name: 'rfc4106(gcm(aes))', alg_key_len: 160, alg_icv_len: 32, alg_key: key(20) };
    expect(keysOf([{ kind: 'ALG_AEAD', value }])).toBeUndefined();
  });
});

function fail(): never {
  throw new Error('no pair');
}

const nameIn = (attribute: NonNullable<ReturnType<typeof algorithmAttributes>>[number]): string =>
  attribute.kind === 'ALG_AEAD' || attribute.kind === 'ALG_CRYPT' || attribute.kind === 'ALG_AUTH_TRUNC'
    ? attribute.value.alg_name
    : attribute.kind;

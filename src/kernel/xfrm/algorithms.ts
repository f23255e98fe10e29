/** ESP transforms as the kernel's crypto layer names them (net/xfrm/xfrm_algo.c), and back. */
import { Encr, Integ } from '../../wire/numbers.ts';
import type { SaCommand } from '../port.ts';
import { attributeValue, type XfrmAttribute } from './attributes.ts';

interface Aead {
  readonly transform: number;
  readonly name: string;
  /** The salt follows the key within the kernel's key. */
  readonly saltBits: number;
  readonly icvBits: number;
}

interface Encryption {
  readonly transform: number;
  readonly name: string;
  readonly saltBits: number;
}

interface Authentication {
  readonly transform: number;
  readonly name: string;
  readonly keyBits: number;
  /** Always told: without XFRMA_ALG_AUTH_TRUNC the kernel cuts SHA-256 to 96 bits. */
  readonly truncatedBits: number;
}

const gcm = { name: 'rfc4106(gcm(aes))', saltBits: 32 };
const ccm = { name: 'rfc4309(ccm(aes))', saltBits: 24 };

const aeads: readonly Aead[] = [
  { ...gcm, transform: Encr.AES_GCM_8, icvBits: 64 },
  { ...gcm, transform: Encr.AES_GCM_12, icvBits: 96 },
  { ...gcm, transform: Encr.AES_GCM_16, icvBits: 128 },
  { ...ccm, transform: Encr.AES_CCM_8, icvBits: 64 },
  { ...ccm, transform: Encr.AES_CCM_12, icvBits: 96 },
  { ...ccm, transform: Encr.AES_CCM_16, icvBits: 128 },
  { transform: Encr.CHACHA20_POLY1305, name: 'rfc7539esp(chacha20,poly1305)', saltBits: 32, icvBits: 128 },
  { transform: Encr.NULL_AUTH_AES_GMAC, name: 'rfc4543(gcm(aes))', saltBits: 32, icvBits: 128 },
];

const encryptions: readonly Encryption[] = [
  { transform: Encr.AES_CBC, name: 'cbc(aes)', saltBits: 0 },
  { transform: Encr.AES_CTR, name: 'rfc3686(ctr(aes))', saltBits: 32 },
  { transform: Encr.TRIPLE_DES, name: 'cbc(des3_ede)', saltBits: 0 },
  { transform: Encr.NULL, name: 'ecb(cipher_null)', saltBits: 0 },
];

const authentications: readonly Authentication[] = [
  { transform: Integ.HMAC_SHA1_96, name: 'hmac(sha1)', keyBits: 160, truncatedBits: 96 },
  { transform: Integ.HMAC_SHA2_256_128, name: 'hmac(sha256)', keyBits: 256, truncatedBits: 128 },
  { transform: Integ.HMAC_SHA2_384_192, name: 'hmac(sha384)', keyBits: 384, truncatedBits: 192 },
  { transform: Integ.HMAC_SHA2_512_256, name: 'hmac(sha512)', keyBits: 512, truncatedBits: 256 },
  { transform: Integ.AES_XCBC_96, name: 'xcbc(aes)', keyBits: 128, truncatedBits: 96 },
  { transform: Integ.AES_CMAC_96, name: 'cmac(aes)', keyBits: 128, truncatedBits: 96 },
];

export type Keys = Pick<SaCommand, 'encryption' | 'integrity'>;

/** Whether the kernel has names for these transforms; its modules may still lack them. `integ` 0: none. */
export const isNamed = (encr: number, integ: number): boolean =>
  aeads.some(({ transform }) => transform === encr)
    ? integ === Integ.NONE
    : encryptions.some(({ transform }) => transform === encr) &&
      authentications.some(({ transform }) => transform === integ);

/** Octets of the kernel's keys, salts among them; undefined when the kernel has no name for the pair. */
export function keyLengths(of: {
  readonly encr: number;
  readonly keyBits: number;
  readonly integ: number;
}): { readonly encryption: number; readonly integrity: number } | undefined {
  const aead = aeads.find(({ transform }) => transform === of.encr);
  if (aead) return { encryption: (of.keyBits + aead.saltBits) / 8, integrity: 0 };
  const crypt = encryptions.find(({ transform }) => transform === of.encr);
  const auth = authentications.find(({ transform }) => transform === of.integ);
  return crypt && auth && { encryption: (of.keyBits + crypt.saltBits) / 8, integrity: auth.keyBits / 8 };
}

/**
 * ALG_AEAD, or ALG_CRYPT and ALG_AUTH_TRUNC. Throws RangeError when a key has another length than its transform, and
 * undefined is returned when the kernel has no name for a transform or the pair is none of RFC 7296 §3.3.
 */
export function algorithmAttributes({ encryption, integrity }: Keys): XfrmAttribute[] | undefined {
  const { transform, keyBits, key } = encryption;
  if (!isNamed(transform, integrity?.transform ?? Integ.NONE)) return undefined;
  const aead = aeads.find((one) => one.transform === transform);
  if (aead) {
    const { name: alg_name, icvBits: alg_icv_len } = aead;
    const alg_key_len = checked(alg_name, key, keyBits + aead.saltBits);
    return [{ kind: 'ALG_AEAD', value: { alg_name, alg_key_len, alg_icv_len, alg_key: key } }];
  }
  const crypt = encryptions.find((one) => one.transform === transform);
  const auth = authentications.find((one) => one.transform === integrity?.transform);
  if (!crypt || !auth || !integrity) return undefined;
  const cryptBits = checked(crypt.name, key, keyBits + crypt.saltBits);
  const authBits = checked(auth.name, integrity.key, auth.keyBits);
  return [
    { kind: 'ALG_CRYPT', value: { alg_name: crypt.name, alg_key_len: cryptBits, alg_key: key } },
    {
      kind: 'ALG_AUTH_TRUNC',
      value: {
        alg_name: auth.name,
        alg_key_len: authBits,
        alg_trunc_len: auth.truncatedBits,
        alg_key: integrity.key,
      },
    },
  ];
}

/** The transforms and keys of an SA the kernel shows; undefined when they are none of ours. */
export function keysOf(attributes: readonly XfrmAttribute[]): Keys | undefined {
  const aead = attributeValue(attributes, 'ALG_AEAD');
  if (aead) {
    const known = aeads.find(({ name, icvBits }) => name === aead.alg_name && icvBits === aead.alg_icv_len);
    return known && { encryption: keyed(known, aead) };
  }
  const crypt = attributeValue(attributes, 'ALG_CRYPT');
  const auth = attributeValue(attributes, 'ALG_AUTH_TRUNC');
  const encryption = encryptions.find(({ name }) => name === crypt?.alg_name);
  const integrity = authentications.find(
    ({ name, truncatedBits }) => name === auth?.alg_name && truncatedBits === auth.alg_trunc_len,
  );
  if (!crypt || !auth || !encryption || !integrity) return undefined;
  return {
    encryption: keyed(encryption, crypt),
    integrity: { transform: integrity.transform, key: auth.alg_key },
  };
}

function keyed(
  { transform, saltBits }: Encryption,
  { alg_key_len, alg_key }: { readonly alg_key_len: number; readonly alg_key: Uint8Array },
): SaCommand['encryption'] {
  return { transform, keyBits: alg_key_len - saltBits, key: alg_key };
}

function checked(name: string, { length }: Uint8Array, bits: number): number {
  if (length * 8 !== bits) throw new RangeError(`${name}: a key of ${length * 8} bits, not ${bits}`);
  return bits;
}

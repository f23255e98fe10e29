/**
 * The names of algorithms in proposal strings, in Libreswan's spelling and in strongSwan's. The first name of a
 * spelling is the one we write. `*` stands for the key bits in strongSwan's names of ciphers; Libreswan's take
 * them at the end (`aes_gcm256`, `aes_gcm_16_256`, `aes_gcm-256`).
 */
import { Encr, Integ, KeyExchangeMethod, Prf } from '../wire/numbers.ts';

export interface CipherNames {
  readonly id: number;
  readonly libreswan: readonly string[];
  readonly strongswan: readonly string[];
  /** Sizes that may be named; empty: the cipher has one and never names it. */
  readonly keyBits: readonly number[];
  /** What Libreswan takes when no size is named: the smaller and the larger default. */
  readonly unnamed: readonly number[];
}

const aesBits = { keyBits: [128, 192, 256], unnamed: [128, 256] };
const oneSize = { keyBits: [], unnamed: [] };

export const cipherNames: readonly CipherNames[] = [
  { id: Encr.AES_CBC, libreswan: ['aes', 'aes_cbc'], strongswan: ['aes*'], ...aesBits },
  { id: Encr.AES_CTR, libreswan: ['aes_ctr', 'aesctr'], strongswan: ['aes*ctr'], ...aesBits },
  {
    id: Encr.AES_GCM_16,
    libreswan: ['aes_gcm', 'aes_gcm_c', 'aes_gcm_16'],
    strongswan: ['aes*gcm16', 'aes*gcm128', 'aes*gcm'],
    ...aesBits,
  },
  {
    id: Encr.AES_GCM_12,
    libreswan: ['aes_gcm_12', 'aes_gcm_b'],
    strongswan: ['aes*gcm12', 'aes*gcm96'],
    ...aesBits,
  },
  {
    id: Encr.AES_GCM_8,
    libreswan: ['aes_gcm_8', 'aes_gcm_a'],
    strongswan: ['aes*gcm8', 'aes*gcm64'],
    ...aesBits,
  },
  {
    id: Encr.AES_CCM_16,
    libreswan: ['aes_ccm', 'aes_ccm_c', 'aes_ccm_16'],
    strongswan: ['aes*ccm16', 'aes*ccm128', 'aes*ccm'],
    ...aesBits,
  },
  {
    id: Encr.AES_CCM_12,
    libreswan: ['aes_ccm_12', 'aes_ccm_b'],
    strongswan: ['aes*ccm12', 'aes*ccm96'],
    ...aesBits,
  },
  {
    id: Encr.AES_CCM_8,
    libreswan: ['aes_ccm_8', 'aes_ccm_a'],
    strongswan: ['aes*ccm8', 'aes*ccm64'],
    ...aesBits,
  },
  {
    id: Encr.CHACHA20_POLY1305,
    libreswan: ['chacha20_poly1305'],
    strongswan: ['chacha20poly1305'],
    ...oneSize,
  },
  {
    id: Encr.NULL_AUTH_AES_GMAC,
    libreswan: ['null_auth_aes_gmac', 'aes_gmac'],
    strongswan: ['aes*gmac'],
    ...aesBits,
  },
  { id: Encr.TRIPLE_DES, libreswan: ['3des', '3des_cbc'], strongswan: ['3des'], ...oneSize },
  { id: Encr.NULL, libreswan: ['null'], strongswan: ['null'], ...oneSize },
  {
    id: Encr.CAMELLIA_CBC,
    libreswan: ['camellia', 'camellia_cbc'],
    strongswan: ['camellia*'],
    ...aesBits,
  },
  { id: Encr.CAMELLIA_CTR, libreswan: ['camellia_ctr'], strongswan: ['camellia*ctr'], ...aesBits },
];

/** A hash or MAC: one word is its PRF, its INTEG or both, as the proposal needs. */
export interface HashNames {
  readonly prf: number;
  readonly integ: number;
  /** Names that leave open which of the two is meant. */
  readonly libreswan: readonly string[];
  readonly strongswan: readonly string[];
  /** Libreswan's names of the truncated MAC: INTEG only. */
  readonly integOnly: readonly string[];
  /** strongSwan's name of the PRF. */
  readonly prfOnly: string;
}

export const hashNames: readonly HashNames[] = [
  {
    prf: Prf.HMAC_SHA2_256,
    integ: Integ.HMAC_SHA2_256_128,
    libreswan: ['sha2_256', 'sha2', 'hmac_sha2_256'],
    strongswan: ['sha256'],
    integOnly: ['sha2_256_128', 'hmac_sha2_256_128'],
    prfOnly: 'prfsha256',
  },
  {
    prf: Prf.HMAC_SHA2_384,
    integ: Integ.HMAC_SHA2_384_192,
    libreswan: ['sha2_384', 'hmac_sha2_384'],
    strongswan: ['sha384'],
    integOnly: ['sha2_384_192', 'hmac_sha2_384_192'],
    prfOnly: 'prfsha384',
  },
  {
    prf: Prf.HMAC_SHA2_512,
    integ: Integ.HMAC_SHA2_512_256,
    libreswan: ['sha2_512', 'hmac_sha2_512'],
    strongswan: ['sha512'],
    integOnly: ['sha2_512_256', 'hmac_sha2_512_256'],
    prfOnly: 'prfsha512',
  },
  {
    prf: Prf.HMAC_SHA1,
    integ: Integ.HMAC_SHA1_96,
    libreswan: ['sha1', 'sha', 'hmac_sha1'],
    strongswan: ['sha1'],
    integOnly: ['sha1_96', 'hmac_sha1_96'],
    prfOnly: 'prfsha1',
  },
  {
    prf: Prf.HMAC_MD5,
    integ: Integ.HMAC_MD5_96,
    libreswan: ['md5', 'hmac_md5'],
    strongswan: ['md5'],
    integOnly: ['md5_96', 'hmac_md5_96'],
    prfOnly: 'prfmd5',
  },
  {
    prf: Prf.AES128_XCBC,
    integ: Integ.AES_XCBC_96,
    libreswan: ['aes_xcbc', 'aes128_xcbc'],
    strongswan: ['aesxcbc'],
    integOnly: ['aes_xcbc_96'],
    prfOnly: 'prfaesxcbc',
  },
  {
    prf: Prf.AES128_CMAC,
    integ: Integ.AES_CMAC_96,
    libreswan: ['aes_cmac', 'aes128_cmac'],
    strongswan: ['aescmac'],
    integOnly: ['aes_cmac_96'],
    prfOnly: 'prfaescmac',
  },
];

export interface GroupNames {
  readonly id: number;
  readonly libreswan: readonly string[];
  readonly strongswan: readonly string[];
}

const group = (id: number, libreswan: readonly string[], strongswan: readonly string[]): GroupNames => ({
  id,
  libreswan: [...libreswan, `dh${id}`],
  strongswan,
});

export const groupNames: readonly GroupNames[] = [
  group(KeyExchangeMethod.MODP_1024, ['modp1024'], ['modp1024']),
  group(KeyExchangeMethod.MODP_1536, ['modp1536'], ['modp1536']),
  group(KeyExchangeMethod.MODP_2048, ['modp2048'], ['modp2048']),
  group(KeyExchangeMethod.MODP_3072, ['modp3072'], ['modp3072']),
  group(KeyExchangeMethod.MODP_4096, ['modp4096'], ['modp4096']),
  group(KeyExchangeMethod.MODP_6144, ['modp6144'], ['modp6144']),
  group(KeyExchangeMethod.MODP_8192, ['modp8192'], ['modp8192']),
  group(KeyExchangeMethod.ECP_256, ['dh19', 'ecp_256'], ['ecp256']),
  group(KeyExchangeMethod.ECP_384, ['dh20', 'ecp_384'], ['ecp384']),
  group(KeyExchangeMethod.ECP_521, ['dh21', 'ecp_521'], ['ecp521']),
  group(KeyExchangeMethod.BRAINPOOL_P224R1, [], ['ecp224bp']),
  group(KeyExchangeMethod.BRAINPOOL_P256R1, [], ['ecp256bp']),
  group(KeyExchangeMethod.BRAINPOOL_P384R1, [], ['ecp384bp']),
  group(KeyExchangeMethod.BRAINPOOL_P512R1, [], ['ecp512bp']),
  group(KeyExchangeMethod.CURVE25519, ['dh31'], ['x25519', 'curve25519']),
  group(KeyExchangeMethod.CURVE448, [], ['x448', 'curve448']),
  group(KeyExchangeMethod.ML_KEM_512, ['mlkem512'], ['mlkem512']),
  group(KeyExchangeMethod.ML_KEM_768, ['mlkem768'], ['mlkem768']),
  group(KeyExchangeMethod.ML_KEM_1024, ['mlkem1024'], ['mlkem1024']),
];

/** Words for NONE, as an INTEG beside an AEAD or as a group of ESP. */
export const noneNames: readonly string[] = ['none', 'null'];

/** Words for NONE as a group only. */
export const noGroupNames: readonly string[] = ['modpnone'];

/** Extended sequence numbers, of ESP. */
export const sequenceNames: ReadonlyMap<string, boolean> = new Map([
  ['esn', true],
  ['noesn', false],
]);

/** Known to one of the two and too weak, private or too rare for us: a mistake to explain, not a typing error. */
export const unsupportedNames: ReadonlySet<string> = new Set([
  ...['des', 'blowfish', 'blowfish128', 'blowfish192', 'blowfish256', 'cast', 'cast128'],
  ...[
    'serpent',
    'serpent128',
    'serpent192',
    'serpent256',
    'twofish',
    'twofish128',
    'twofish192',
    'twofish256',
  ],
  ...['chacha20poly1305compat', 'camellia_ccm', 'sha1_160', 'sha256_96', 'sha2_256_96', 'md5_128'],
  ...[
    'hmac_sha2_256_truncbug',
    'camelliaxcbc',
    'prfcamelliaxcbc',
    'modp768',
    'modpnull',
    'dh1',
    'modp1024s160',
  ],
  ...['modp2048s224', 'modp2048s256', 'dh22', 'dh23', 'dh24', 'ecp192', 'ecp224', 'dh25', 'dh26'],
  ...['ntru112', 'ntru128', 'ntru192', 'ntru256', 'newhope128'],
]);

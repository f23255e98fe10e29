/** The RFCs' own vectors. */
import { join } from 'node:path';
import type { HashName } from '../../../src/crypto/index.ts';
import { Encr, Integ, KeyExchangeMethod, Prf } from '../../../src/wire/numbers.ts';
import type { Source, Vector } from '../vector.ts';
import { concat, hex, json, none, ownVectors, type Row, rfcCases } from './files.ts';

const valid = true;

const hashOf: Record<string, { hash: HashName; prf: number; integ?: number }> = {
  'SHA-256': { hash: 'sha256', prf: Prf.HMAC_SHA2_256, integ: Integ.HMAC_SHA2_256_128 },
  'SHA-384': { hash: 'sha384', prf: Prf.HMAC_SHA2_384, integ: Integ.HMAC_SHA2_384_192 },
  'SHA-512': { hash: 'sha512', prf: Prf.HMAC_SHA2_512, integ: Integ.HMAC_SHA2_512_256 },
};

export const rfcSources = (): Source[] => [
  source('rfc2202-hmac-sha1.json', (row) => [
    ...[{ kind: 'prf', id: Prf.HMAC_SHA1, key: hex(row, 'key'), data: hex(row, 'data') } as const].map(
      (vector) => ({ ...vector, output: hex(row, 'digest'), valid }),
    ),
  ]),
  source('rfc4231-hmac-sha2.json', (row) => hmacSha2(row, 'HMAC-')),
  source('rfc4868-hmac-sha2-ipsec.json', (row) => hmacSha2(row, 'PRF-HMAC-')),
  source('rfc3602-aes-cbc-esp.json', (row) => [
    {
      ...{ kind: 'encr', id: Encr.AES_CBC, key: hex(row, 'key'), iv: hex(row, 'iv'), aad: none, valid },
      plaintext: hex(row, row.plaintext === undefined ? 'preEncryption' : 'plaintext'),
      ciphertext: hex(row, row.ciphertext === undefined ? 'encrypted' : 'ciphertext'),
    },
  ]),
  source('rfc3686-aes-ctr-esp.json', (row) => [
    {
      ...{
        kind: 'encr',
        id: Encr.AES_CTR,
        key: concat(hex(row, 'key'), hex(row, 'nonce')),
        aad: none,
        valid,
      },
      ...{ iv: hex(row, 'iv'), plaintext: hex(row, 'plaintext'), ciphertext: hex(row, 'ciphertext') },
    },
  ]),
  source('rfc7634-chacha20poly1305-ike-esp.json', (row) => [
    {
      ...{ kind: 'encr', id: Encr.CHACHA20_POLY1305, key: hex(row, 'keymat'), aad: hex(row, 'aad'), valid },
      iv: row.iv === undefined ? hex(row, 'skPayload').slice(4, 12) : hex(row, 'iv'),
      plaintext: hex(row, row.plaintext === undefined ? 'plaintextPadded' : 'plaintext'),
      ciphertext: concat(hex(row, 'ciphertext'), hex(row, 'tag')),
    },
  ]),
  source('rfc3566-aes-xcbc-mac-96.json', (row) => [
    {
      kind: 'integ',
      ...{ id: Integ.AES_XCBC_96, key: hex(row, 'key'), data: hex(row, 'msg'), icv: hex(row, 'mac96') },
    },
    {
      ...{ kind: 'prf', id: Prf.AES128_XCBC, key: hex(row, 'key'), data: hex(row, 'msg'), valid },
      output: hex(row, 'mac'),
    },
  ]),
  source('rfc4434-aes-xcbc-prf-128.json', (row) => [prf(row, Prf.AES128_XCBC)]),
  source('rfc4615-aes-cmac-prf-128.json', (row) => [prf(row, Prf.AES128_CMAC)]),
  source('rfc4494-aes-cmac-96.json', (row) => [
    {
      kind: 'integ',
      ...{ id: Integ.AES_CMAC_96, key: hex(row, 'key'), data: hex(row, 'msg'), icv: hex(row, 'mac96') },
    },
  ]),
  source('rfc4754-ecdsa-ikev2.json', (row) => {
    const [hash, length] = ecdsaHashes[row.alg?.slice(0, 9) ?? ''] ?? ['sha1', 20];
    return [{ kind: 'hash', hash, data: hex(row, 'message'), digest: hex(row, 'h').slice(-length) }];
  }),
  source('rfc5903-ecp-dh-ikev2.json', (row) => {
    const generic = 8;
    const [initiator, responder] = [
      hex(row, 'KEi_payload').slice(generic),
      hex(row, 'KEr_payload').slice(generic),
    ];
    return bothWays(Number(row.group), hex(row, 'i'), initiator, hex(row, 'r'), responder, hex(row, 'girx'));
  }),
  source('rfc5114-dh-test-data.json', (row) =>
    [19, 20, 21].includes(Number(row.group)) ? weierstrass(row) : [],
  ),
  source('rfc6932-brainpool-ike-dh.json', weierstrass),
  source('rfc7027-brainpool-dh.json', weierstrass),
  source('rfc7748-dh.json', (row) =>
    bothWays(Number(row.ikeGroup), hex(row, 'a'), hex(row, 'A'), hex(row, 'b'), hex(row, 'B'), hex(row, 'K')),
  ),
  source('rfc8031-curve25519-ike.json', (row) =>
    ['random', 'fixed'].flatMap((which) =>
      bothWays(
        KeyExchangeMethod.CURVE25519,
        hex(row, `${which}_i`),
        hex(row, 'pub_i'),
        hex(row, `${which}_r`),
        hex(row, 'pub_r'),
        hex(row, 'shared'),
      ),
    ),
  ),
];

/** Transcribed into the project: they need nothing beside it. */
export const ownSources = (): Source[] => [
  {
    file: 'vectors/rfc/draft-mcgrew-gcm-test-01.json',
    vectors: json<{ gmac: Row[] }>(join(ownVectors, 'rfc/draft-mcgrew-gcm-test-01.json')).gmac.map((row) => ({
      ...{ name: `GMAC ${row.title}`, kind: 'encr', id: Encr.NULL_AUTH_AES_GMAC, valid },
      ...{
        key: hex(row, 'keymat'),
        iv: hex(row, 'iv'),
        aad: hex(row, 'aad'),
        plaintext: hex(row, 'plaintext'),
      },
      ciphertext: concat(hex(row, 'plaintext'), hex(row, 'icv')),
    })),
  },
];

const ecdsaHashes: Record<string, [HashName, number]> = {
  'ECDSA-256': ['sha256', 32],
  'ECDSA-384': ['sha384', 48],
  'ECDSA-521': ['sha512', 64],
};

type Unnamed = Vector extends infer V ? (V extends Vector ? Omit<V, 'name'> : never) : never;

const source = (file: string, of: (row: Row) => Unnamed[]): Source => ({
  file,
  vectors: rfcCases(file).flatMap((row, i) =>
    of(row).map((vector) => ({ ...vector, name: `${file} ${i + 1}` })),
  ),
});

const prf = (row: Row, id: number): Unnamed => ({
  ...{ kind: 'prf', id, key: hex(row, 'key'), data: hex(row, 'msg'), output: hex(row, 'out'), valid },
});

function hmacSha2(row: Row, prefix: string): Unnamed[] {
  const [key, data] = [hex(row, 'Key'), hex(row, 'Data')];
  return Object.entries(hashOf).flatMap(([name, { prf: id, integ }]): Unnamed[] => {
    if (row[prefix + name] === undefined) return [];
    const vectors: Unnamed[] = [{ kind: 'prf', id, key, data, output: hex(row, prefix + name), valid }];
    const truncated = Object.keys(row).find((field) => field.startsWith(`HMAC-${name}-`));
    if (integ === undefined || truncated === undefined) return vectors;
    return [...vectors, { kind: 'integ', id: integ, key, data, icv: hex(row, truncated) }];
  });
}

const weierstrass = (row: Row): Unnamed[] => {
  const group = row.ikeGroup ?? row.group ?? brainpool[row.curve ?? ''];
  const [a, b] = ['A', 'B'].map((side) => concat(hex(row, `x_q${side}`), hex(row, `y_q${side}`)));
  return bothWays(Number(group), hex(row, 'dA'), a ?? none, hex(row, 'dB'), b ?? none, hex(row, 'x_Z'));
};

const brainpool: Record<string, number> = {
  brainpoolP256r1: KeyExchangeMethod.BRAINPOOL_P256R1,
  brainpoolP384r1: KeyExchangeMethod.BRAINPOOL_P384R1,
  brainpoolP512r1: KeyExchangeMethod.BRAINPOOL_P512R1,
};

/** Either side's private value, its public value and the other's. */
export const bothWays = (
  id: number,
  privateA: Uint8Array,
  publicA: Uint8Array,
  privateB: Uint8Array,
  publicB: Uint8Array,
  secret: Uint8Array,
): Unnamed[] => [
  { kind: 'ke', id, privateValue: privateA, publicValue: publicA, peer: publicB, secret, valid },
  { kind: 'ke', id, privateValue: privateB, publicValue: publicB, peer: publicA, secret, valid },
];

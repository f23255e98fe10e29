/** C2SP Wycheproof. Valid cases must be accepted, invalid ones refused; what IKEv2 cannot express is filtered and counted. */
import { join } from 'node:path';
import { Encr, KeyExchangeMethod, Prf } from '../../../src/wire/numbers.ts';
import type { Source, Vector } from '../vector.ts';
import { concat, hex, json, none, type Row, sharedVectors } from './files.ts';

interface Test extends Record<string, unknown> {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

interface Group {
  readonly keySize?: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly tests: readonly Test[];
}

/** A vector, or why there is none. */
type Reading = (test: Row, group: Group, result: Test['result'], name: string) => Vector | string;

export const wycheproofSources = (): Source[] => [
  source('aes_gcm_test.json', gcm),
  source('aes_gmac_test.json', gmac),
  source('aes_cbc_pkcs5_test.json', cbcPkcs5),
  source('aes_cmac_test.json', mac(Prf.AES128_CMAC, [128])),
  source('hmac_sha1_test.json', mac(Prf.HMAC_SHA1)),
  source('hmac_sha256_test.json', mac(Prf.HMAC_SHA2_256)),
  source('hmac_sha512_test.json', mac(Prf.HMAC_SHA2_512)),
  source('x25519_test.json', x25519),
  source('ecdh_secp256r1_ecpoint_test.json', ecPoint(KeyExchangeMethod.ECP_256, 32)),
  source('ecdh_secp521r1_ecpoint_test.json', ecPoint(KeyExchangeMethod.ECP_521, 66)),
  source('ecdh_brainpoolP256r1_test.json', spki(KeyExchangeMethod.BRAINPOOL_P256R1, 32)),
  source('ecdh_brainpoolP512r1_test.json', spki(KeyExchangeMethod.BRAINPOOL_P512R1, 64)),
];

function source(file: string, read: Reading): Source {
  const path = `04-wycheproof/${file}`;
  const filtered = new Map<string, number>();
  const vectors: Vector[] = [];
  for (const group of json<{ testGroups: Group[] }>(join(sharedVectors, path)).testGroups) {
    for (const test of group.tests) {
      const name = `${file} ${test.tcId} (${test.comment}; ${test.flags.join(', ')}; ${test.result})`;
      const vector = read(test as unknown as Row, group, test.result, name);
      const repetitive = test.flags.includes('EdgeCaseDoubling');
      if (typeof vector !== 'string') vectors.push({ ...vector, repetitive });
      else filtered.set(vector, (filtered.get(vector) ?? 0) + 1);
    }
  }
  return { file: path, vectors, filtered };
}

/** A nonce of 96 bits is our salt and IV. */
function gcm(test: Row, group: Group, result: Test['result'], name: string): Vector | string {
  if (group.ivSize !== 96) return 'nonce is not 96 bits';
  const nonce = hex(test, 'iv');
  return {
    ...{ name, kind: 'encr', id: Encr.AES_GCM_16, key: concat(hex(test, 'key'), nonce.slice(0, 4)) },
    ...{ iv: nonce.slice(4), aad: hex(test, 'aad'), plaintext: hex(test, 'msg') },
    ...{ ciphertext: concat(hex(test, 'ct'), hex(test, 'tag')), valid: result === 'valid' },
  };
}

/** GMAC is GCM of nothing; its framing in ESP has a vector of its own (draft-mcgrew-gcm-test). */
function gmac(test: Row, group: Group, result: Test['result'], name: string): Vector | string {
  if (group.ivSize !== 96) return 'nonce is not 96 bits';
  const nonce = hex(test, 'iv');
  return {
    ...{ name, kind: 'encr', id: Encr.AES_GCM_16, key: concat(hex(test, 'key'), nonce.slice(0, 4)) },
    ...{ iv: nonce.slice(4), aad: hex(test, 'msg'), plaintext: none, ciphertext: hex(test, 'tag') },
    valid: result === 'valid',
  };
}

/** The padding is not the cipher's in IKE and ESP: it is put on here, and cases that only break it are left out. */
function cbcPkcs5(test: Row, _group: Group, result: Test['result'], name: string): Vector | string {
  const ciphertext = hex(test, 'ct');
  if (result !== 'valid' && ciphertext.length % 16 === 0) return 'only the PKCS#5 padding is wrong';
  const msg = hex(test, 'msg');
  const pad = 16 - (msg.length % 16);
  return {
    ...{ name, kind: 'encr', id: Encr.AES_CBC, key: hex(test, 'key'), iv: hex(test, 'iv'), aad: none },
    ...{ plaintext: concat(msg, new Uint8Array(pad).fill(pad)), ciphertext, valid: result === 'valid' },
  };
}

const mac =
  (id: number, keySizes?: readonly number[]): Reading =>
  (test, group, result, name) => {
    if (keySizes?.includes(group.keySize ?? 0) === false) return `key is not ${keySizes} bits`;
    const [key, data, output] = [hex(test, 'key'), hex(test, 'msg'), hex(test, 'tag')];
    return { name, kind: 'prf', id, key, data, output, valid: result === 'valid' };
  };

/** RFC 8031 refuses a zero secret; other odd public values are accepted, as RFC 7748 has it. */
function x25519(test: Row, _group: Group, _result: Test['result'], name: string): Vector {
  const secret = hex(test, 'shared');
  return {
    ...{ name, kind: 'ke', id: KeyExchangeMethod.CURVE25519, privateValue: hex(test, 'private') },
    ...{ peer: hex(test, 'public'), secret, valid: secret.some((octet) => octet !== 0) },
  };
}

/** IKE drops the 04: a point in another form has another length and is refused, a `compressed` one too. */
const ecPoint =
  (id: number, length: number): Reading =>
  (test, _group, result, name) => {
    const point = hex(test, 'public');
    if (point.length === 1 + 2 * length && point[0] !== 4)
      return 'not the uncompressed form, which IKE implies';
    const privateValue = sized(hex(test, 'private'), length);
    const peer = point.slice(1);
    return {
      name,
      kind: 'ke',
      id,
      privateValue,
      peer,
      secret: hex(test, 'shared'),
      valid: result === 'valid',
    };
  };

/** A SubjectPublicKeyInfo with its curve by name, DER; what plays with the ASN.1 around the point does not reach IKE. */
const spki = (id: number, length: number): Reading => {
  let header = '';
  return (test, group, result, name) => {
    const point = 2 * (1 + 2 * length);
    header ||= test.public?.slice(0, -point) ?? '';
    const digits = test.public ?? '';
    if (!digits.startsWith(header) || digits.length !== header.length + point) {
      return 'not the curve by name in DER, or not an uncompressed point';
    }
    return ecPoint(id, length)({ ...test, public: digits.slice(header.length) }, group, result, name);
  };
};

/** Two's complement puts a zero octet in front, or takes leading ones away. */
function sized(octets: Uint8Array, length: number): Uint8Array {
  const all = concat(new Uint8Array(length), octets);
  return all.slice(all.length - length);
}

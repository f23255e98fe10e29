/** SKEYSEED and key material: NIST SP 800-135 (CAVS), one ACVP case, and NSS. RFC 7296 §2.14, §2.17, §2.18. */
import { join } from 'node:path';
import { Prf } from '../../../src/wire/numbers.ts';
import type { Source, Vector } from '../vector.ts';
import { concat, hex, json, none, type Row, sharedVectors, text } from './files.ts';

const valid = true;

const prfs: Record<string, { id: number; length: number }> = {
  'SHA-1': { id: Prf.HMAC_SHA1, length: 20 },
  'SHA-256': { id: Prf.HMAC_SHA2_256, length: 32 },
  'SHA-384': { id: Prf.HMAC_SHA2_384, length: 48 },
  'SHA-512': { id: Prf.HMAC_SHA2_512, length: 64 },
};

export function cavsSource(): Source {
  const file = '01-kdf-ikev2/nist-cavp/ikev2.rsp';
  const filtered = new Map<string, number>();
  const vectors: Vector[] = [];
  let hash = '';
  for (const block of text(join(sharedVectors, file)).split(/\r?\n\r?\n/)) {
    hash = /^\[(SHA-\d+)\]/m.exec(block)?.[1] ?? hash;
    const row: Row = Object.fromEntries(
      [...block.matchAll(/^(.+?) = ([0-9a-f]+)\r?$/gm)].map(([, field = '', value = '']) => [field, value]),
    );
    if (row.SKEYSEED === undefined) continue;
    const prf = prfs[hash];
    if (prf === undefined)
      filtered.set(`no IKEv2 PRF: ${hash}`, (filtered.get(`no IKEv2 PRF: ${hash}`) ?? 0) + 1);
    else vectors.push(...ikev2Kdf(`${hash} COUNT ${row.COUNT}`, prf, row));
  }
  return { file, vectors, filtered };
}

function ikev2Kdf(name: string, { id, length }: { id: number; length: number }, row: Row): Vector[] {
  const nonces = concat(hex(row, 'Ni'), hex(row, 'Nr'));
  const [secret, fresh] = [hex(row, 'g^ir'), hex(row, 'g^ir (new)')];
  const [skeyseed, dkm, rekeyed] = [hex(row, 'SKEYSEED'), hex(row, 'DKM'), hex(row, 'SKEYSEED(Rekey)')];
  const [child, childWithKe] = [hex(row, 'DKM(Child SA)'), hex(row, 'DKM(Child SA D-H)')];
  const seed = concat(nonces, hex(row, 'SPIi'), hex(row, 'SPIr'));
  const skD = dkm.slice(0, length);
  return [
    { name, kind: 'prf', id, key: nonces, data: secret, output: skeyseed, valid },
    { name, kind: 'prf+', id, key: skeyseed, seed, output: dkm },
    { name, kind: 'prf+', id, key: skD, seed: nonces, output: child },
    { name, kind: 'prf+', id, key: skD, seed: concat(fresh, nonces), output: childWithKe },
    { name, kind: 'prf', id, key: skD, data: concat(fresh, nonces), output: rekeyed, valid },
  ];
}

interface Acvp {
  readonly testGroups: readonly { readonly tests: readonly (Row & { hashAlg: string })[] }[];
}

export function acvpSource(): Source {
  const file = '01-kdf-ikev2/acvp-libreswan/ikev2.json';
  const tests = json<Acvp>(join(sharedVectors, file)).testGroups.flatMap((group) => group.tests);
  const renamed = (test: Row): Row => ({
    ...{ Ni: test.nInit ?? '', Nr: test.nResp ?? '', SPIi: test.spiInit ?? '', SPIr: test.spiResp ?? '' },
    ...{ 'g^ir': test.gir ?? '', 'g^ir (new)': test.girNew ?? '', SKEYSEED: test.sKeySeed ?? '' },
    ...{ DKM: test.derivedKeyingMaterial ?? '', 'DKM(Child SA)': test.derivedKeyingMaterialChild ?? '' },
    ...{
      'DKM(Child SA D-H)': test.derivedKeyingMaterialDh ?? '',
      'SKEYSEED(Rekey)': test.sKeySeedReKey ?? '',
    },
  });
  const vectors = tests.flatMap((test) => {
    const prf = prfs[test.hashAlg];
    return prf === undefined ? [] : ikev2Kdf(`ACVP ${test.hashAlg}`, prf, renamed(test));
  });
  return { file, vectors };
}

const nssPrfs: Record<string, number> = {
  aesxcbc: Prf.AES128_XCBC,
  sha1: Prf.HMAC_SHA1,
  sha256: Prf.HMAC_SHA2_256,
  sha384: Prf.HMAC_SHA2_384,
  sha512: Prf.HMAC_SHA2_512,
};

/** One key has an odd number of digits; as NSS reads it, the last digit is an octet. */
export function nssSource(): Source {
  const file = '01-kdf-ikev2/nss/nss-ike-prf-vectors.json';
  const octets = (row: Row, field: string) => {
    const digits = row[field] ?? '';
    return digits === '' ? none : hex({ [field]: digits.replace(/^((?:..)*)(.)$/, '$10$2') }, field);
  };
  const vectors = json<Row[]>(join(sharedVectors, file)).map((row): Vector => {
    const id = nssPrfs[row.prf ?? ''] ?? 0;
    const nonces = concat(octets(row, 'Ni'), octets(row, 'Nr'));
    const [key, output] = [octets(row, 'ikm'), octets(row, 'okm')];
    const name = `NSS ${row.prf} ${row.type} ${row.id}`;
    if (row.type === 'ikeGxy') return { name, kind: 'prf', id, key: nonces, data: key, output, valid };
    const seed = concat(octets(row, 'gxykm'), nonces, octets(row, 'seed_data'));
    if (row.type === 'ikeV2Rekey') return { name, kind: 'prf', id, key, data: seed, output, valid };
    return { name, kind: 'prf+', id, key, seed, output };
  });
  return { file, vectors };
}

/** Vectors of other implementations: strongSwan, DPDK and the Wireshark captures' SK payloads. */
import { join } from 'node:path';
import { Encr, Integ, KeyExchangeMethod, Prf } from '../../../src/wire/numbers.ts';
import type { Source, Vector } from '../vector.ts';
import { concat, hex, json, none, type Row, sharedVectors } from './files.ts';
import { bothWays } from './rfc.ts';

const valid = true;

const encrs: Record<string, number> = {
  ENCR_3DES: Encr.TRIPLE_DES,
  ENCR_NULL: Encr.NULL,
  ENCR_AES_CBC: Encr.AES_CBC,
  ENCR_AES_GCM_ICV8: Encr.AES_GCM_8,
  ENCR_AES_GCM_ICV12: Encr.AES_GCM_12,
  ENCR_AES_GCM_ICV16: Encr.AES_GCM_16,
  ENCR_CHACHA20_POLY1305: Encr.CHACHA20_POLY1305,
};
const prfs: Record<string, number> = {
  PRF_HMAC_SHA1: Prf.HMAC_SHA1,
  PRF_HMAC_SHA2_256: Prf.HMAC_SHA2_256,
  PRF_HMAC_SHA2_384: Prf.HMAC_SHA2_384,
  PRF_HMAC_SHA2_512: Prf.HMAC_SHA2_512,
  PRF_AES128_XCBC: Prf.AES128_XCBC,
  PRF_AES128_CMAC: Prf.AES128_CMAC,
};
const integs: Record<string, number> = {
  AUTH_HMAC_SHA1_96: Integ.HMAC_SHA1_96,
  AUTH_HMAC_SHA2_256_128: Integ.HMAC_SHA2_256_128,
  AUTH_HMAC_SHA2_384_192: Integ.HMAC_SHA2_384_192,
  AUTH_HMAC_SHA2_512_256: Integ.HMAC_SHA2_512_256,
  AUTH_AES_XCBC_96: Integ.AES_XCBC_96,
  AUTH_AES_CMAC_96: Integ.AES_CMAC_96,
};
const groups: Record<string, number> = {
  MODP_1024_BIT: KeyExchangeMethod.MODP_1024,
  MODP_1536_BIT: KeyExchangeMethod.MODP_1536,
  MODP_2048_BIT: KeyExchangeMethod.MODP_2048,
  MODP_3072_BIT: KeyExchangeMethod.MODP_3072,
  MODP_4096_BIT: KeyExchangeMethod.MODP_4096,
  MODP_6144_BIT: KeyExchangeMethod.MODP_6144,
  MODP_8192_BIT: KeyExchangeMethod.MODP_8192,
  ECP_256_BIT: KeyExchangeMethod.ECP_256,
  ECP_384_BIT: KeyExchangeMethod.ECP_384,
  ECP_521_BIT: KeyExchangeMethod.ECP_521,
  CURVE_25519: KeyExchangeMethod.CURVE25519,
  CURVE_448: KeyExchangeMethod.CURVE448,
};

const strongswanFiles = [
  ...['3des_cbc', 'aes_cbc', 'aes_cmac', 'aes_gcm', 'aes_xcbc', 'chacha20poly1305', 'curve25519', 'curve448'],
  ...['ecp', 'modp', 'null', 'sha1_hmac', 'sha2_hmac'],
];

export const strongswanSources = (): Source[] =>
  strongswanFiles.map((file) => {
    const path = `03-rfc-and-algorithm/strongswan/${file}.json`;
    const filtered = new Map<string, number>();
    const vectors = json<{ vectors: Row[] }>(join(sharedVectors, path)).vectors.flatMap((row) => {
      const found = strongswan(row).map((vector): Vector => ({ ...vector, name: `${file} ${row.name}` }));
      const reason = `no IKEv2 transform we have: ${row.alg ?? row.method}`;
      if (found.length === 0) filtered.set(reason, (filtered.get(reason) ?? 0) + 1);
      return found;
    });
    return { file: path, vectors, filtered };
  });

function strongswan(row: Row): ReturnType<typeof bothWays> {
  const id = { ...encrs, ...prfs, ...integs, ...groups }[row.alg ?? row.method ?? ''];
  if (id === undefined) return [];
  const key = row.key === undefined ? none : hex(row, 'key');
  switch (row.kind) {
    case 'crypter':
    case 'aead': {
      const [plaintext, ciphertext, iv] = [hex(row, 'plain'), hex(row, 'cipher'), hex(row, 'iv')];
      const aad = row.adata === undefined ? none : hex(row, 'adata');
      return [{ kind: 'encr', id, key, iv, aad, plaintext, ciphertext, valid }];
    }
    case 'prf':
      return [{ kind: 'prf', id, key, data: hex(row, 'seed'), output: hex(row, 'out'), valid }];
    case 'signer': {
      // sha1_hmac_s4 has 16 octets of MAC, of which strongSwan compares the 12 of the transform.
      const mac = hex(row, 'mac');
      const icv = id === Integ.HMAC_SHA1_96 ? mac.slice(0, 12) : mac;
      return [{ kind: 'integ', id, key, data: hex(row, 'data'), icv }];
    }
    default: {
      const seed = hex(row, 'seed');
      const [a, b] = [seed.slice(0, seed.length / 2), seed.slice(seed.length / 2)];
      return bothWays(id, a, hex(row, 'pub_i'), b, hex(row, 'pub_r'), hex(row, 'shared'));
    }
  }
}

/** ESP packets: SPI and sequence number, IV, ciphertext, ICV. */
export function dpdkSource(): Source {
  const file = '08-esp/dpdk/dpdk-esp-ah.json';
  const filtered = new Map<string, number>();
  const vectors: Vector[] = [];
  for (const row of json<{ cases: (Row & { algos: string[] })[] }>(join(sharedVectors, file)).cases) {
    const [encr = '', auth = ''] = row.algos.map((name) => name.replace('RTE_CRYPTO_', ''));
    const id = dpdkEncrs[encr];
    if (id === undefined) {
      const reason = row.proto?.endsWith('_AH') ? 'AH' : `no ENCR we have: ${encr}`;
      filtered.set(reason, (filtered.get(reason) ?? 0) + 1);
      continue;
    }
    const packet = hex(row, 'output_text');
    const esp = packet.slice((packet[0] ?? 0) >> 4 === 6 ? 40 : 20);
    const [integ, icvLength] = dpdkIntegs[auth] ?? [undefined, auth === 'AUTH_MD5_HMAC' ? 12 : 0];
    const iv = hex(row, 'iv');
    vectors.push({
      ...{ name: `${row.name}`, kind: 'encr', id, iv, aad: esp.slice(0, 8), valid },
      key: concat(hex(row, 'key'), row.salt ? hex(row, 'salt') : none),
      plaintext: hex(row, 'espPlaintextWithTrailer'),
      ciphertext: esp.slice(8 + iv.length, esp.length - icvLength),
    });
    if (integ !== undefined) {
      const data = esp.slice(0, esp.length - icvLength);
      const icv = esp.slice(data.length);
      vectors.push({ name: `${row.name}`, kind: 'integ', id: integ, key: hex(row, 'auth_key'), data, icv });
    }
  }
  return { file, vectors, filtered };
}

const dpdkEncrs: Record<string, number> = {
  AEAD_AES_GCM: Encr.AES_GCM_16,
  CIPHER_AES_CBC: Encr.AES_CBC,
  CIPHER_AES_CTR: Encr.AES_CTR,
  CIPHER_3DES_CBC: Encr.TRIPLE_DES,
};
const dpdkIntegs: Record<string, [number, number]> = {
  AUTH_SHA256_HMAC: [Integ.HMAC_SHA2_256_128, 16],
  AUTH_SHA384_HMAC: [Integ.HMAC_SHA2_384_192, 24],
  AUTH_SHA512_HMAC: [Integ.HMAC_SHA2_512_256, 32],
};

interface Captured {
  readonly alg?: string;
  readonly ikeMessage: string;
  readonly plaintextWithPadding: string;
  readonly encKey?: string;
  readonly integKey?: string;
  readonly integ?: string;
  readonly aead?: { readonly key: string; readonly salt: string; readonly icvLen: number };
}

/** SK payloads as Wireshark's captures hold them: the IKE header and 4 octets of payload header are the AAD. */
export function wiresharkSource(): Source {
  const file = '02-wireshark-ikev2/golden.json';
  const vectors: Vector[] = [];
  for (const { messages } of json<{ messages: Captured[] }[]>(join(sharedVectors, file))) {
    for (const captured of messages.filter((message) => message.alg !== undefined)) {
      const message = hex({ m: captured.ikeMessage }, 'm');
      const name = `${captured.alg} ${captured.ikeMessage.slice(0, 56)}`;
      const plaintext = hex({ p: captured.plaintextWithPadding }, 'p');
      const { aead, encKey = '', integKey = '' } = captured;
      const common = { name, kind: 'encr', aad: message.slice(0, 32), plaintext, valid } as const;
      if (aead !== undefined) {
        const id = captured.alg?.includes('CCM') ? Encr.AES_CCM_12 : Encr.AES_GCM_16;
        const key = hex({ k: aead.key + aead.salt }, 'k');
        vectors.push({ ...common, id, key, iv: message.slice(32, 40), ciphertext: message.slice(40) });
        continue;
      }
      const triple = captured.alg?.startsWith('3DES');
      const [id, ivEnd, icvLength] = triple ? [Encr.TRIPLE_DES, 40, 20] : [Encr.AES_CBC, 48, 16];
      const [iv, end] = [message.slice(32, ivEnd), message.length - icvLength];
      vectors.push({
        ...common,
        id,
        key: hex({ k: encKey }, 'k'),
        iv,
        ciphertext: message.slice(ivEnd, end),
      });
      if (!triple) {
        const [key, data, icv] = [hex({ k: integKey }, 'k'), message.slice(0, end), message.slice(end)];
        vectors.push({ name, kind: 'integ', id: Integ.HMAC_SHA2_256_128, key, data, icv });
      }
    }
  }
  return { file, vectors };
}

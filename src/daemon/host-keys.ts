/** This host's own keys: made, and shown as Libreswan shows them. ipsec-newhostkey(8), ipsec-showhostkey(8). */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { ckaid, nodeCrypto, parseSpki } from '../crypto/index.ts';
import { nodeKeyFileCrypto } from '../crypto/node/key-file.ts';
import {
  base64Of,
  formatPem,
  makeEcKey,
  makeEdwardsKey,
  type PrivateKeyData,
  type PublicKeyForm,
  publicKeyKeywords,
  publicKeyText,
  readKeyFile,
} from '../pki/keys/index.ts';
import { toHex } from '../wire/hex.ts';
import { StoreError } from './key-import.ts';
import type { StoredKey } from './key-store.ts';

export type NewKey =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ecdsa'; readonly curve: string }
  | { readonly type: 'ed25519' | 'ed448' };

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** Curves by their names in Libreswan and elsewhere. */
export const curveNames: Readonly<Record<string, string>> = {
  secp256r1: 'P-256',
  prime256v1: 'P-256',
  'p-256': 'P-256',
  secp384r1: 'P-384',
  'p-384': 'P-384',
  secp521r1: 'P-521',
  'p-521': 'P-521',
};

/** Throws StoreError when openssl, which looks for the primes of an RSA key, is missing or fails. */
export async function makeHostKey(key: NewKey): Promise<PrivateKeyData> {
  if (key.type === 'rsa') return makeRsaKey(key.bits);
  if (key.type === 'ecdsa') return makeEcKey(key.curve, random, nodeKeyFileCrypto);
  return makeEdwardsKey(key.type, random, nodeKeyFileCrypto);
}

async function makeRsaKey(bits: number): Promise<PrivateKeyData> {
  const args = ['genpkey', '-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`, '-outform', 'DER'];
  try {
    const { stdout } = await promisify(execFile)('openssl', args, { encoding: 'buffer', timeout: 600_000 });
    const [made] = readKeyFile(new Uint8Array(stdout)).privateKeys;
    stdout.fill(0);
    if (made) return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new StoreError(
        'RSA keys are made by openssl, which is not installed; or take --type ecdsa or ed25519',
      );
    throw new StoreError(
      `openssl made no RSA key: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new StoreError('openssl made no RSA key');
}

export interface HostKey {
  readonly kind: 'RSA' | 'ECDSA' | 'EDDSA';
  /** Nine characters: of an RSA key's text, of another key's CKAID. */
  readonly keyId: string;
  readonly ckaid: string;
  /** Without `left` or `right`: `rsasigkey`. */
  readonly keyword: string;
  /** What stands after `=`. */
  readonly text: string;
  /** SubjectPublicKeyInfo in base64, for `pubkey`, and in PEM. */
  readonly pubkey: string;
  readonly pem: string;
  readonly file: string;
}

/** How a key is shown. Of a key `parseSpki` takes. */
export function describeKey({ spki, file }: Pick<StoredKey, 'spki' | 'file'>): HostKey {
  const { form, text } = publicKeyText(spki);
  const id = ckaid(spki, nodeCrypto);
  const kind = { rsa: 'RSA', ec: 'ECDSA', ed25519: 'EDDSA', ed448: 'EDDSA' } as const;
  return {
    kind: kind[parseSpki(spki)?.kind ?? 'rsa'],
    keyId: (form === 'rsa' ? text : base64Of(id)).slice(0, 9),
    ckaid: toHex(id),
    keyword: publicKeyKeywords[form],
    text: `${prefixes[form]}${text}`,
    pubkey: base64Of(spki),
    pem: formatPem('PUBLIC KEY', spki),
    file,
  };
}

/** Libreswan writes a leftpubkey= without. */
const prefixes: Readonly<Record<PublicKeyForm, string>> = { rsa: '0s', ecdsa: '0s', eddsa: '0s', pubkey: '' };

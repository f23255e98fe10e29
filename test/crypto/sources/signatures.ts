/** The signature files of C2SP Wycheproof; what a SignatureAlgorithm cannot say is filtered and counted. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HashName, SignatureAlgorithm } from '../../../src/crypto/index.ts';
import { fromHex } from '../../../src/wire/hex.ts';
import { hasSharedVectors, json, sharedVectors } from './files.ts';

export interface SignatureCase {
  readonly name: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
  readonly spki: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** The signature is r | s, each half of this many octets. */
  readonly raw?: number;
}

export interface SignatureFile {
  readonly file: string;
  readonly cases: readonly SignatureCase[];
  readonly filtered: ReadonlyMap<string, number>;
}

interface Group {
  readonly type: string;
  readonly publicKeyDer: string;
  readonly publicKey: { readonly keySize?: number };
  readonly sha?: string;
  readonly mgfSha?: string;
  readonly sLen?: number;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly flags: readonly string[];
    readonly result: SignatureCase['result'];
    readonly msg: string;
    readonly sig: string;
  }[];
}

const folder = join(sharedVectors, '04-wycheproof');

export const signatureFiles = (): SignatureFile[] =>
  hasSharedVectors
    ? readdirSync(folder)
        .filter((file) => /^(ecdsa|ed25519|rsa_(pss|signature))/.test(file))
        .sort()
        .map(read)
    : [];

function read(file: string): SignatureFile {
  const cases: SignatureCase[] = [];
  const filtered = new Map<string, number>();
  for (const group of json<{ testGroups: Group[] }>(join(folder, file)).testGroups) {
    const algorithm = algorithmOf(group);
    if (typeof algorithm === 'string') {
      filtered.set(algorithm, (filtered.get(algorithm) ?? 0) + group.tests.length);
      continue;
    }
    const raw =
      group.type === 'EcdsaP1363Verify' ? { raw: Math.ceil((group.publicKey.keySize ?? 0) / 8) } : {};
    for (const { tcId, comment, flags, result, msg, sig } of group.tests)
      cases.push({
        ...{ name: `${file} ${tcId} (${comment}; ${flags.join(', ')}; ${result})`, result, flags, algorithm },
        ...{ spki: fromHex(group.publicKeyDer), message: fromHex(msg), signature: fromHex(sig) },
        ...raw,
      });
  }
  return { file, cases, filtered };
}

function algorithmOf({ type, sha, mgfSha, sLen }: Group): SignatureAlgorithm | string {
  if (type === 'EddsaVerify') return { kind: 'ed25519' };
  const hash = hashes.get(sha ?? '');
  if (hash === undefined) return `hash ${sha}`;
  if (type.startsWith('Ecdsa')) return { kind: 'ecdsa', hash };
  if (type === 'RsassaPkcs1Verify') return { kind: 'rsa-pkcs1', hash };
  if (mgfSha !== sha) return 'mask with another hash';
  return { kind: 'rsa-pss', hash, saltLength: sLen ?? 0 };
}

const hashes = new Map<string, HashName>([
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

/** Ends that prove themselves by the certificates of `vectors/certificates`. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  ckaid,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
  type PrivateKey,
} from '../../src/crypto/index.ts';
import { parseCertificate } from '../../src/pki/index.ts';
import type { AuthPolicy, Credential, PeerKeys, PkiPolicy } from '../../src/policy/policy.ts';
import { toHex } from '../../src/wire/hex.ts';

const file = (name: string): string =>
  readFileSync(new URL(`../../vectors/certificates/${name}`, import.meta.url), 'latin1');

/** A certificate, DER. */
export const certificate = (name: string): Uint8Array =>
  new Uint8Array(Buffer.from(file(`${name}.pem`).replace(/-----[^-]+-----|\s/g, ''), 'base64'));

export function privateKey(name: string): PrivateKey {
  const pem = file(`${name}.key.pem`);
  const pkcs8 = new Uint8Array(createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }));
  // noble's signatures are the same in every run; it has no RSA.
  return /^(?:ca|east|rsa)/.test(name) ? nodePrivateKey(pkcs8) : noblePrivateKey(pkcs8);
}

export const credential = (name: string, more: Partial<Credential> = {}): Credential => {
  const der = certificate(name);
  const { spki } = parseCertificate(der);
  return { spki, key: toHex(ckaid(spki, nodeCrypto)), certificates: [der], send: 'always', ...more };
};

export const trust = (more: Partial<PkiPolicy> = {}): PkiPolicy => ({
  anchors: [certificate('ca')],
  certificates: [],
  crls: [],
  revocation: { crlStrict: false, crlTimeout: 0, ocsp: 'off', ocspMethod: 'get', ocspTimeout: 0 },
  ...more,
});

const hashes = { sha256: 32, sha384: 48, sha512: 64 } as const;
const each = ['sha256', 'sha384', 'sha512'] as const;

export const signature: AuthPolicy = {
  kind: 'signature',
  algorithms: [
    ...each.map((hash) => ({ kind: 'rsa-pss', hash, saltLength: hashes[hash] }) as const),
    ...each.map((hash) => ({ kind: 'rsa-pkcs1', hash }) as const),
    ...each.map((hash) => ({ kind: 'ecdsa', hash }) as const),
    { kind: 'ed25519' },
    { kind: 'ed448' },
  ],
};

export const anyCertificate: PeerKeys = { raw: [], identityInCertificate: true };

/** What the load proves itself with, made ready once. */
import { type Crypto, ckaid, nodePrivateKey, type PrivateKey, Secret } from '../crypto/index.ts';
import { parseCertificate } from '../pki/index.ts';
import { pemBlocks } from '../pki/keys/pem.ts';
import type { AuthPolicy, Credential, PeerKeys, PkiPolicy, PreSharedKey } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import type { Credentials } from './plan.ts';

export interface Proof {
  readonly auth: readonly AuthPolicy[];
  readonly preSharedKeys: readonly PreSharedKey[];
  readonly credential?: Credential;
  readonly keys?: PeerKeys;
  readonly pki?: PkiPolicy;
  readonly privateKeys: readonly PrivateKey[];
}

/** A file given has not what it must have. */
export class CredentialError extends Error {
  readonly code = 'CREDENTIAL';
}

const signature: AuthPolicy = {
  kind: 'signature',
  algorithms: [
    { kind: 'ecdsa', hash: 'sha256' },
    { kind: 'ecdsa', hash: 'sha384' },
    { kind: 'ecdsa', hash: 'sha512' },
    { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 },
    { kind: 'rsa-pkcs1', hash: 'sha256' },
    { kind: 'rsa-pkcs1', hash: 'sha384' },
    { kind: 'rsa-pkcs1', hash: 'sha512' },
    { kind: 'ed25519' },
    { kind: 'ed448' },
  ],
};

/** Throws CredentialError, PkiError and RangeError on what is no certificate or no key. */
export function proofOf(credentials: Credentials, crypto: Crypto): Proof {
  if (credentials.kind === 'psk') {
    const { secret } = credentials;
    return {
      auth: [{ kind: 'psk' }],
      preSharedKeys: [{ secret: new Secret(secret), selectors: [], where: '--psk' }],
      privateKeys: [],
    };
  }
  const [leaf, ...above] = blocks(credentials.pem, 'CERTIFICATE');
  const [pkcs8] = blocks(credentials.pem, 'PRIVATE KEY');
  if (leaf === undefined) throw new CredentialError('there is no CERTIFICATE in it');
  if (pkcs8 === undefined) throw new CredentialError('there is no PRIVATE KEY in it (PKCS#8, not encrypted)');
  const { spki } = parseCertificate(leaf);
  return {
    auth: [signature],
    preSharedKeys: [],
    credential: {
      spki,
      key: toHex(ckaid(spki, crypto)),
      certificates: [leaf, ...above],
      send: 'always',
    },
    keys: { raw: [], identityInCertificate: false },
    pki: {
      anchors: blocks(credentials.authorities, 'CERTIFICATE'),
      certificates: above,
      crls: [],
      revocation: { crlStrict: false, crlTimeout: 0, ocsp: 'off', ocspMethod: 'get', ocspTimeout: 0 },
    },
    privateKeys: [nodePrivateKey(pkcs8)],
  };
}

const blocks = (texts: readonly string[], wanted: string): Uint8Array[] =>
  texts.flatMap(pemBlocks).flatMap(({ label, octets }) => (label === wanted ? [octets] : []));

/** Ends of a test that prove themselves by certificates. */

import { nobleCrypto } from '../crypto/noble/index.ts';
import { noblePrivateKey } from '../crypto/noble/signature.ts';
import type { Crypto, PrivateKey, SignatureAlgorithm } from '../crypto/provider.ts';
import { ckaid } from '../crypto/signature-key.ts';
import { parseCertificate } from '../pki/index.ts';
import { pemBlocks } from '../pki/keys/pem.ts';
import type { AuthPolicy, PkiPolicy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import type { AuthOptions } from './connection.ts';

export interface CertifiedOptions {
  /** PEM: the end's certificate, those above it, and its private key (PKCS#8, not encrypted), in one text or several. */
  readonly pem: readonly string[];
  /** PEM: certificates of the authorities it trusts, and their CRLs. */
  readonly authorities: readonly string[];
  /** How it signs and what it takes; RSA and ECDSA with SHA-2, and EdDSA, unless said. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** For RSA, of which the portable provider has nothing: `nodePrivateKey` and `defaultCrypto` of `ikev2`. */
  readonly rsa?: { readonly privateKey: (pkcs8: Uint8Array) => PrivateKey; readonly crypto: Crypto };
}

/** What `pair` and `connection` need of such an end. */
export interface Certified {
  readonly auth: AuthOptions;
  readonly pki: PkiPolicy;
  readonly privateKeys: readonly PrivateKey[];
  readonly crypto: Crypto;
}

const sha2 = [
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
] as const;

const usual: readonly SignatureAlgorithm[] = [
  ...sha2.map(([hash, saltLength]) => ({ kind: 'rsa-pss', hash, saltLength }) as const),
  ...sha2.map(([hash]) => ({ kind: 'rsa-pkcs1', hash }) as const),
  ...sha2.map(([hash]) => ({ kind: 'ecdsa', hash }) as const),
  { kind: 'ed25519' },
  { kind: 'ed448' },
];

/**
 * An end that signs with its certificate's key and takes peers by certificates of these authorities:
 * `pair({ initiator: { identity: '@east', ...certified({ pem, authorities }) }, responder: ... })`. Throws KeyFileError or
 * PkiError on text it cannot use, RangeError without a certificate or a key.
 */
export function certified({ pem, authorities, algorithms = usual, rsa }: CertifiedOptions): Certified {
  const { privateKey, crypto } = rsa ?? { privateKey: noblePrivateKey, crypto: nobleCrypto };
  const [leaf, ...above] = blocks(pem, 'CERTIFICATE');
  const [pkcs8] = blocks(pem, 'PRIVATE KEY');
  if (leaf === undefined || pkcs8 === undefined)
    throw new RangeError(`there is no ${leaf === undefined ? 'CERTIFICATE' : 'PRIVATE KEY'}`);
  const { spki } = parseCertificate(leaf);
  const signature: AuthPolicy = { kind: 'signature', algorithms };
  return {
    auth: {
      local: [signature],
      remote: [signature],
      credential: {
        spki,
        key: toHex(ckaid(spki, crypto)),
        certificates: [leaf, ...above],
        send: 'always',
      },
      keys: { raw: [], identityInCertificate: true },
    },
    pki: {
      anchors: blocks(authorities, 'CERTIFICATE'),
      certificates: [],
      crls: blocks(authorities, 'X509 CRL'),
      revocation: { crlStrict: false, crlTimeout: 0, ocsp: 'off', ocspMethod: 'get', ocspTimeout: 0 },
    },
    privateKeys: [privateKey(pkcs8)],
    crypto,
  };
}

const blocks = (texts: readonly string[], wanted: string): Uint8Array[] =>
  texts.flatMap(pemBlocks).flatMap(({ label, octets }) => (label === wanted ? [octets] : []));

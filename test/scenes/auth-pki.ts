/** Authorities and certificates made to order for scenes, and the ends that show them. */
import { ckaid, defaultCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import type { Credential, PkiPolicy } from '../../src/policy/policy.ts';
import type { AuthOptions } from '../../src/testing/connection.ts';
import type { PairEnd } from '../../src/testing/index.ts';
import { toHex } from '../../src/wire/hex.ts';
import {
  altNames,
  basicConstraints,
  dns,
  type Issued,
  issue,
  keyFrom,
  keyUsage,
  type Order,
} from '../pki/issue.ts';
import { anyCertificate, signature, trust } from './certificates.ts';

/** Virtual time begins in November 2023. */
export const years = { from: '200101000000Z', to: '400101000000Z' };

export const authority = (name: string, seed: number, more: Partial<Order> = {}): Issued =>
  issue({
    subject: `O=Test, CN=${name}`,
    key: keyFrom(seed),
    ...years,
    extensions: [basicConstraints(true), keyUsage(5, 6)],
    ...more,
  });

export const root = authority('Root', 1);
export const middle = authority('Middle', 2, { issuer: root, serial: 2 });
export const stranger = authority('Stranger', 9);

/** A certificate for `NAME.test`, of the root unless said. */
export const certificateFor = (name: string, seed: number, more: Partial<Order> = {}): Issued =>
  issue({
    subject: `O=Test, CN=${name}.test`,
    key: keyFrom(seed),
    issuer: root,
    serial: seed,
    ...years,
    ...more,
    extensions: [keyUsage(0), altNames(dns(`${name}.test`)), ...(more.extensions ?? [])],
  });

export const east = certificateFor('east', 11);
export const west = certificateFor('west', 12);

export interface BearerOptions extends Omit<PairEnd, 'auth' | 'pki'> {
  readonly auth?: Partial<AuthOptions>;
  readonly pki?: Partial<PkiPolicy>;
  readonly credential?: Partial<Credential>;
}

/** The end of a certificate; it trusts the root. */
export function bearer(
  { certificate, key }: Issued,
  { auth, pki, credential, ...more }: BearerOptions = {},
): PairEnd {
  return {
    identity: `@${certificate.altNames.dns[0]}`,
    crypto: defaultCrypto,
    privateKeys: [key],
    ...more,
    pki: trust({ anchors: [root.certificate.der], ...pki }),
    entry: { fragmentation: 'no', ...more.entry },
    auth: {
      local: [signature],
      remote: [signature],
      keys: anyCertificate,
      credential: {
        spki: key.spki,
        key: toHex(ckaid(key.spki, nodeCrypto)),
        certificates: [certificate.der],
        send: 'always',
        ...credential,
      },
      ...auth,
    },
  };
}

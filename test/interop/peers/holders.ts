/** Certificates for a test: keys of every kind, whoever issues for them, and the files in which both ends read them. */
import { type ECKeyPairKeyObjectOptions, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  nodeCrypto,
  nodePrivateKey,
  type PrivateKey,
  type SignatureAlgorithm,
} from '../../../src/crypto/index.ts';
import { formatPem } from '../../../src/pki/keys/index.ts';
import {
  authorityKeyId,
  basicConstraints,
  crlDer,
  crlNumber,
  type Issued,
  issue,
  keyUsage,
  type Order,
  revoked,
  subjectKeyId,
} from '../../pki/issue.ts';
import type { Files } from './mounts.ts';

export type KeyKind = 'rsa2048' | 'rsa3072' | 'p256' | 'p384' | 'p521' | 'ed25519' | 'ed448';

/** Somebody with a certificate. */
export interface Holder extends Issued {
  readonly kind: KeyKind;
  readonly pem: string;
  readonly keyPem: string;
}

export interface Wanted {
  readonly subject: string;
  readonly kind?: KeyKind;
  /** Itself when there is none. */
  readonly issuer?: Holder;
  readonly authority?: boolean;
  readonly serial?: number;
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
  readonly extensions?: readonly Uint8Array[];
  /** Certified, while `key` is what its holder has. */
  readonly certified?: PrivateKey;
}

/** With a new key. */
export function certify(wanted: Wanted): Holder {
  const { subject, kind = 'p256', issuer, authority = false, serial = 2, from = -1, to = 300 } = wanted;
  const made = makeKey(kind);
  const key = nodePrivateKey(made.export({ format: 'der', type: 'pkcs8' }));
  const order: Order = {
    subject,
    key: wanted.certified ?? key,
    ...(issuer && { issuer }),
    serial,
    from: day(from),
    to: day(to),
    algorithm: algorithms[issuer?.kind ?? kind],
    extensions: [
      basicConstraints(authority),
      authority ? keyUsage(5, 6) : keyUsage(0),
      keyId(key.spki),
      authorityKeyId(...nodeCrypto.hash('sha1', (issuer?.key ?? key).spki)),
      ...(wanted.extensions ?? []),
    ],
  };
  const { certificate } = issue(order);
  const keyPem = String(made.export({ format: 'pem', type: 'pkcs8' }));
  return { certificate, key, kind, pem: formatPem('CERTIFICATE', certificate.der), keyPem };
}

/** An authority that issued itself. */
export const root = (name = 'root', more: Partial<Wanted> = {}): Holder =>
  certify({ subject: `C=CA, O=Interop, CN=${name}`, authority: true, serial: 1, ...more });

/** A list of revoked serial numbers, valid from yesterday; PEM. */
export function revocationList(issuer: Holder, serials: readonly number[], to = 30): string {
  const list = crlDer({
    issuer,
    algorithm: algorithms[issuer.kind],
    from: day(-1),
    to: day(to),
    revoked: serials.map((serial) => revoked(serial)),
    extensions: [authorityKeyId(...nodeCrypto.hash('sha1', issuer.key.spki)), crlNumber(1)],
  });
  return formatPem('X509 CRL', list);
}

/** What an end has: itself, what it has at hand, and whom it trusts. */
export interface Belongings {
  readonly holder?: Holder;
  readonly others?: readonly Holder[];
  readonly trusts: readonly Holder[];
  /** Peers, called `known0` and so on. */
  readonly known?: readonly Holder[];
  /** PEM. */
  readonly lists?: readonly string[];
}

const numbered = (path: string, all: readonly string[]): [string, string][] =>
  all.map((text, at) => [`${path}${at}.pem`, text]);
const pems = (all: readonly Holder[] = []): string[] => all.map(({ pem }) => pem);

/** The store of our end: its certificate is called `ours`. */
export const ourStore = ({ holder, others, trusts, known, lists = [] }: Belongings): Files =>
  Object.fromEntries([
    ...(holder
      ? [
          ['certs/ours.pem', holder.pem],
          ['private/ours.key', holder.keyPem],
        ]
      : []),
    ...numbered('certs/known', pems(known)),
    ...numbered('cacerts/', pems([...trusts, ...(others ?? [])])),
    ...numbered('crls/', lists),
  ]);

/** The directory of swanctl: charon's certificate is called `charon.pem`. */
export const charonStore = ({ holder, others, trusts, known, lists = [] }: Belongings): Files =>
  Object.fromEntries([
    ...(holder
      ? [
          ['x509/charon.pem', holder.pem],
          ['private/charon.pem', holder.keyPem],
        ]
      : []),
    ...numbered('x509/known', pems(known)),
    ...numbered('x509ca/', pems([...trusts, ...(others ?? [])])),
    ...numbered('x509crl/', lists),
  ]);

const algorithms: Readonly<Record<KeyKind, SignatureAlgorithm>> = {
  rsa2048: { kind: 'rsa-pkcs1', hash: 'sha256' },
  rsa3072: { kind: 'rsa-pkcs1', hash: 'sha256' },
  p256: { kind: 'ecdsa', hash: 'sha256' },
  p384: { kind: 'ecdsa', hash: 'sha384' },
  p521: { kind: 'ecdsa', hash: 'sha512' },
  ed25519: { kind: 'ed25519' },
  ed448: { kind: 'ed448' },
};

const curves = { p256: 'P-256', p384: 'P-384', p521: 'P-521' } as const;

function makeKey(kind: KeyKind): KeyObject {
  switch (kind) {
    case 'rsa2048':
    case 'rsa3072':
      return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'ed448':
      return generateKeyPairSync('ed448').privateKey;
    default: {
      const options: ECKeyPairKeyObjectOptions = { namedCurve: curves[kind] };
      return generateKeyPairSync('ec', options).privateKey;
    }
  }
}

const keyId = (spki: Uint8Array): Uint8Array => subjectKeyId(...nodeCrypto.hash('sha1', spki));

/** A day's same time of the clock, as UTCTime has it. */
function day(fromNow: number): string {
  const iso = new Date(Date.now() + fromNow * 86_400_000).toISOString();
  return `${iso.replace(/[-:T]/g, '').slice(2, 14)}Z`;
}

/** Made when it is wanted first: keys take their time. */
export function once<T>(make: () => T): () => T {
  let made: { readonly one: T } | undefined;
  return () => {
    made ??= { one: make() };
    return made.one;
  };
}

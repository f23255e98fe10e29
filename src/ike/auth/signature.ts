/** AUTH by signature: methods 1 and 9 to 11, and Digital Signature (14). RFC 7296 §3.8, RFC 4754, RFC 7427, RFC 8420. */

import { ecdsaFromRaw, ecdsaToRaw } from '../../crypto/ecdsa-value.ts';
import type { HashName, PublicKey, SignatureAlgorithm } from '../../crypto/provider.ts';
import { algorithmIdentifier, parseAlgorithmIdentifier } from '../../crypto/signature-algorithm.ts';
import { AuthMethod, HashAlgorithm, nameOf } from '../../wire/numbers.ts';
import type { Authentication } from '../../wire/payloads/auth.ts';
import { concat } from '../keys.ts';
import type { PeerSupport } from '../phase.ts';

/** How a signature travels: the method and, of `DIGITAL_SIGNATURE`, the algorithm before it. */
export interface Scheme {
  readonly method: number;
  readonly algorithm: SignatureAlgorithm;
}

/** The methods that each name one curve and one hash. RFC 4754. */
const ecdsaMethods: readonly { method: number; curve: string; hash: HashName; octets: number }[] = [
  { method: AuthMethod.ECDSA_SHA_256_P_256, curve: 'P-256', hash: 'sha256', octets: 32 },
  { method: AuthMethod.ECDSA_SHA_384_P_384, curve: 'P-384', hash: 'sha384', octets: 48 },
  { method: AuthMethod.ECDSA_SHA_512_P_521, curve: 'P-521', hash: 'sha512', octets: 66 },
];

const hashNumbers: Readonly<Record<HashName, number>> = {
  sha1: HashAlgorithm.SHA1,
  sha256: HashAlgorithm.SHA2_256,
  sha384: HashAlgorithm.SHA2_384,
  sha512: HashAlgorithm.SHA2_512,
};

/** The first of `allowed` that our key can make and the peer can verify; an EC key goes first with the hash of its own size. */
export function chooseScheme(
  allowed: readonly SignatureAlgorithm[],
  key: Pick<PublicKey, 'kind' | 'bits' | 'curve'>,
  peer: Pick<PeerSupport, 'signatureHashes' | 'authMethods'>,
): Scheme | undefined {
  const ours = allowed.filter((algorithm) => fitsKey(algorithm, key));
  const own = ownHash(key);
  ours.sort((a, b) => Number(hashOf(b) === own) - Number(hashOf(a) === own));
  for (const algorithm of ours) {
    const scheme = { method: AuthMethod.DIGITAL_SIGNATURE, algorithm };
    if (peer.signatureHashes.includes(hashNumber(algorithm)) && announced(scheme, peer)) return scheme;
    // SHA-1 is announced by nobody; who asks for it means method 1.
    if (peer.signatureHashes.length > 0 && hashOf(algorithm) !== 'sha1') continue;
    const method = oldMethod(algorithm, key);
    if (method !== undefined && announced({ method, algorithm }, peer)) return { method, algorithm };
  }
  return undefined;
}

/** The AUTH payload of a signature made as `scheme` says. */
export function signatureAuth({ method, algorithm }: Scheme, signature: Uint8Array): Authentication {
  if (method === AuthMethod.DIGITAL_SIGNATURE) {
    const identifier = algorithmIdentifier(algorithm);
    return {
      kind: 'auth',
      method,
      data: concat(Uint8Array.of(identifier.length), identifier, signature),
    };
  }
  const raw = ecdsaMethods.find((each) => each.method === method);
  return { kind: 'auth', method, data: (raw && ecdsaToRaw(signature, raw.octets)) ?? signature };
}

/** What an AUTH payload says to be, with its signature; a text says why it is none. */
export function readSignature({
  method,
  data,
}: Authentication): (Scheme & { readonly signature: Uint8Array; readonly curve?: string }) | string {
  if (method === AuthMethod.RSA_DIGITAL_SIGNATURE)
    return { method, algorithm: { kind: 'rsa-pkcs1', hash: 'sha1' }, signature: data };
  const raw = ecdsaMethods.find((each) => each.method === method);
  if (raw) {
    const { curve, hash, octets } = raw;
    if (data.length !== 2 * octets) return `a signature of ${data.length} octets instead of ${2 * octets}`;
    const signature = ecdsaFromRaw(data);
    if (signature === undefined) return 'a signature out of bounds';
    return { method, algorithm: { kind: 'ecdsa', hash }, signature, curve };
  }
  if (method !== AuthMethod.DIGITAL_SIGNATURE) return `AUTH by ${nameOf(AuthMethod, method)}`;
  const length = data[0] ?? 0;
  if (length === 0 || data.length < 1 + length) return 'a Digital Signature without an algorithm';
  const algorithm = parseAlgorithmIdentifier(data.subarray(1, 1 + length));
  if (algorithm === undefined) return 'a Digital Signature by an unknown or ill-formed algorithm';
  return { method, algorithm, signature: data.subarray(1 + length) };
}

export const isSignature = (method: number): boolean =>
  method === AuthMethod.RSA_DIGITAL_SIGNATURE ||
  method === AuthMethod.DIGITAL_SIGNATURE ||
  ecdsaMethods.some((each) => each.method === method);

/** Same kind, same hash. */
export const sameAlgorithm = (a: SignatureAlgorithm, b: SignatureAlgorithm): boolean =>
  a.kind === b.kind && hashOf(a) === hashOf(b);

/** `RSASSA-PSS with SHA2-256`, as a log has it. */
export function describeAlgorithm(algorithm: SignatureAlgorithm): string {
  const names = {
    'rsa-pkcs1': 'RSASSA-PKCS1-v1_5',
    'rsa-pss': 'RSASSA-PSS',
    ecdsa: 'ECDSA',
    ed25519: 'Ed25519',
    ed448: 'Ed448',
  };
  const hash = hashOf(algorithm);
  return hash
    ? `${names[algorithm.kind]} with ${nameOf(HashAlgorithm, hashNumbers[hash])}`
    : names[algorithm.kind];
}

const hashOf = (algorithm: SignatureAlgorithm): HashName | undefined =>
  'hash' in algorithm ? algorithm.hash : undefined;

/** EdDSA hashes nothing beforehand: Identity. RFC 8420 §2. */
export function hashNumber(algorithm: SignatureAlgorithm): number {
  const hash = hashOf(algorithm);
  return hash ? hashNumbers[hash] : HashAlgorithm.IDENTITY;
}

function fitsKey(algorithm: SignatureAlgorithm, key: Pick<PublicKey, 'kind'>): boolean {
  if (algorithm.kind === 'rsa-pkcs1' || algorithm.kind === 'rsa-pss') return key.kind === 'rsa';
  return key.kind === (algorithm.kind === 'ecdsa' ? 'ec' : algorithm.kind);
}

function ownHash({ kind, bits }: Pick<PublicKey, 'kind' | 'bits'>): HashName | undefined {
  if (kind !== 'ec') return undefined;
  return bits <= 256 ? 'sha256' : bits <= 384 ? 'sha384' : 'sha512';
}

function oldMethod(algorithm: SignatureAlgorithm, { curve }: Pick<PublicKey, 'curve'>): number | undefined {
  if (algorithm.kind === 'rsa-pkcs1')
    return algorithm.hash === 'sha1' ? AuthMethod.RSA_DIGITAL_SIGNATURE : undefined;
  const method = oldMethodOf(algorithm);
  return ecdsaMethods.find((each) => each.method === method)?.curve === curve ? method : undefined;
}

/** The method of RFC 4754 with this hash. */
export function oldMethodOf(algorithm: SignatureAlgorithm): number | undefined {
  if (algorithm.kind !== 'ecdsa') return undefined;
  return ecdsaMethods.find(({ hash }) => hash === algorithm.hash)?.method;
}

/** Whether the peer announced it, or announced nothing. RFC 9593. */
function announced(
  { method, algorithm }: Scheme,
  { authMethods }: Pick<PeerSupport, 'authMethods'>,
): boolean {
  if (authMethods.length === 0) return true;
  return authMethods.some(
    (each) => each.method === method && (!each.algorithm || sameAlgorithm(each.algorithm, algorithm)),
  );
}

/** What the responder's benches negotiate: the suites of docs/performance.md, as policies of both ends. */
import { readFileSync } from 'node:fs';
import { nodeCrypto, nodePrivateKey } from '../src/crypto/index.ts';
import type { PrivateKey } from '../src/crypto/provider.ts';
import type { Policy } from '../src/policy/policy.ts';
import { type Certified, certified } from '../src/testing/certified.ts';
import { type ConnectionOptions, connection, padEntry } from '../src/testing/connection.ts';

export interface Suite {
  readonly name: string;
  readonly ike: string;
  readonly esp: string;
  /** Files of vectors/certificates: the certificate of both ends, and its issuer. By a shared key without. */
  readonly certificate?: { readonly end: string; readonly issuer: string };
  /** How far the initiators go: half-open stops after IKE_SA_INIT, a cookie reply before any SA is made. */
  readonly stop?: 'half-open' | 'cookie';
}

const fast = { ike: 'aes128gcm16-prfsha256-x25519', esp: 'aes128gcm16' };

export const suites: readonly Suite[] = [
  { name: 'psk x25519', ...fast },
  { name: 'psk ecp256', ike: 'aes128gcm16-prfsha256-ecp256', esp: 'aes128gcm16' },
  { name: 'psk modp2048', ike: 'aes128-sha256-modp2048', esp: 'aes128-sha256' },
  { name: 'ecdsa x25519', ...fast, certificate: { end: 'deep', issuer: 'middle' } },
  { name: 'rsa x25519', ...fast, certificate: { end: 'east', issuer: 'ca' } },
  { name: 'half-open x25519', ...fast, stop: 'half-open' },
  { name: 'cookie x25519', ...fast, stop: 'cookie' },
];

export function suiteNamed(name: string): Suite {
  const suite = suites.find((each) => each.name === name);
  if (suite === undefined) throw new RangeError(`no suite ${name}`);
  return suite;
}

export const responderAddress = '192.0.2.1';

/** Seconds since 1970 at which the certificates are valid. */
export const unixTime = 1_700_000_000;

/** The address of the n-th initiator, from 0. */
export const initiatorAddress = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;

const pem = (name: string): string => readFileSync(`vectors/certificates/${name}.pem`, 'latin1');

const proofs = new Map<string, Certified>();

/** Read once: what follows of it is remembered by the octets' identity. */
function proofOf({ certificate }: Suite): Certified | undefined {
  if (certificate === undefined) return undefined;
  const { end, issuer } = certificate;
  const known = proofs.get(end);
  if (known !== undefined) return known;
  const proof = certified({
    pem: [pem(end), pem(`${end}.key`)],
    authorities: [pem(issuer)],
    rsa: { privateKey: nodePrivateKey, crypto: nodeCrypto },
  });
  proofs.set(end, proof);
  return proof;
}

export const privateKeysOf = (suite: Suite): readonly PrivateKey[] => proofOf(suite)?.privateKeys ?? [];

/** Of all initiators of a suite by certificate one name, by shared key each its own. */
const identityOf = ({ certificate }: Suite, n: number): string =>
  certificate ? `@${certificate.end}.test` : `@i${n}.test`;

/** How the responder knows its initiators: as anybody, each by its address, or each by its name. */
export type Known = 'anybody' | 'by-address' | 'by-name';

export function responderPolicy(suite: Suite, known: Known = 'anybody', conns = 1): Policy {
  const proof = proofOf(suite);
  const options = (n: number): ConnectionOptions => ({
    name: `peer${n}`,
    address: responderAddress,
    identity: suite.certificate ? identityOf(suite, n) : '@responder.test',
    ike: suite.ike,
    esp: suite.esp,
    ...proof,
    peerAddress: known === 'by-address' ? initiatorAddress(n) : '%any',
    peerIdentity: known === 'anybody' ? '%any' : identityOf(suite, n),
    peer: { address: initiatorAddress(n) },
    // One certificate for all must not push out those before.
    ...(proof && { entry: { unique: false } }),
    halfOpenLimit: 1_000_000,
    cookieThreshold: suite.stop === 'cookie' ? 0 : 1_000_000,
  });
  const policy = connection(options(0));
  return { ...policy, pad: Array.from({ length: conns }, (_, n) => padEntry(options(n))) };
}

export function initiatorPolicy(suite: Suite, n: number): Policy {
  const proof = proofOf(suite);
  return connection({
    name: 'bench',
    address: initiatorAddress(n),
    identity: identityOf(suite, n),
    ike: suite.ike,
    esp: suite.esp,
    ...proof,
    peer: {
      address: responderAddress,
      identity: suite.certificate ? identityOf(suite, n) : '@responder.test',
    },
  });
}

/** What no responder on node:crypto can do without: the key pair, the secret, the signature and its check, and nothing else. */
import {
  createDiffieHellman,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { modpGroups } from '../src/crypto/modp.ts';
import type { Suite } from './suites.ts';

const times = 300;

/** µs of CPU. */
export function floorOf(suite: Suite): number {
  if (suite.stop === 'cookie') return 0;
  const operations = [keyExchangeOf(suite), ...signaturesOf(suite)];
  for (const operation of operations) for (let at = 0; at < 50; at++) operation();
  const before = process.cpuUsage();
  for (const operation of operations) for (let at = 0; at < times; at++) operation();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function keyExchangeOf({ ike, stop }: Suite): () => void {
  if (ike.endsWith('ecp256')) {
    const peer = createECDH('prime256v1');
    const theirs = peer.generateKeys();
    const scalar = createECDH('prime256v1');
    scalar.generateKeys();
    const octets = scalar.getPrivateKey();
    return () => {
      const own = createECDH('prime256v1');
      own.setPrivateKey(octets);
      own.getPublicKey();
      own.computeSecret(theirs);
    };
  }
  if (ike.endsWith('modp2048')) {
    const prime = modpGroups.find(({ name }) => name === 'MODP_2048')?.primeOctets ?? new Uint8Array();
    const group = createDiffieHellman(prime, 2);
    group.setPrivateKey(randomBytes(32));
    const theirs = group.generateKeys();
    return () => {
      group.setPrivateKey(randomBytes(32));
      group.generateKeys();
      group.computeSecret(theirs);
    };
  }
  const x = x25519().export({ format: 'jwk' }).x ?? '';
  return () => {
    const own = x25519();
    own.export({ format: 'jwk' });
    if (stop === 'half-open') return;
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x } });
    diffieHellman({ privateKey: own, publicKey });
  };
}

const unread = Buffer.alloc(32).toString('base64url');

const x25519 = (): KeyObject => {
  const d = randomBytes(32).toString('base64url');
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', d, x: unread } });
};

function signaturesOf({ certificate }: Suite): (() => void)[] {
  if (certificate === undefined) return [];
  const key = createPrivateKey(readFileSync(`vectors/certificates/${certificate.end}.key.pem`));
  const publicKey = createPublicKey(key);
  const octets = randomBytes(600);
  const signature = sign('sha256', octets, key);
  return [() => sign('sha256', octets, key), () => verify('sha256', octets, publicKey, signature)];
}

/** KE over node:crypto. Private values are drawn octets, imported: generateKeyPair of Node 20 can stop the process for ever. */
import {
  createDiffieHellman,
  createECDH,
  createPrivateKey,
  createPublicKey,
  type DiffieHellman,
  diffieHellman as deriveSecret,
} from 'node:crypto';
import { KeyExchangeMethod } from '../../wire/numbers.ts';
import { type Curve, curves, drawScalar } from '../curves.ts';
import { diffieHellman, type Group, refuseZero } from '../diffie-hellman.ts';
import { checkRange, leftPadded, type ModpGroup, modpGroups } from '../modp.ts';
import { type KeyExchange, KeyExchangeError } from '../provider.ts';
import { plain } from './octets.ts';

const opensslNames = new Map<number, string>([
  [KeyExchangeMethod.ECP_256, 'prime256v1'],
  [KeyExchangeMethod.ECP_384, 'secp384r1'],
  [KeyExchangeMethod.ECP_521, 'secp521r1'],
  [KeyExchangeMethod.BRAINPOOL_P224R1, 'brainpoolP224r1'],
  [KeyExchangeMethod.BRAINPOOL_P256R1, 'brainpoolP256r1'],
  [KeyExchangeMethod.BRAINPOOL_P384R1, 'brainpoolP384r1'],
  [KeyExchangeMethod.BRAINPOOL_P512R1, 'brainpoolP512r1'],
]);

/** All groups; MODP_1024 only serves those who ask for it by name. */
export const keyExchanges: readonly KeyExchange[] = [
  ...modpGroups.map((group) => diffieHellman(modp(group))),
  ...curves.map((curve) => diffieHellman(weierstrass(curve))),
  diffieHellman(montgomery(KeyExchangeMethod.CURVE25519, 'CURVE25519', 'X25519', 32)),
  diffieHellman(montgomery(KeyExchangeMethod.CURVE448, 'CURVE448', 'X448', 56)),
];

/**
 * One DiffieHellman object serves all pairs of a prime, since each new one tests the prime again (45 ms for MODP_1024). It
 * holds a pair's exponent only during a call: every pair keeps its own octets, and 1 is parked in between.
 */
function modp(group: ModpGroup): Group {
  const { id, name, length, exponentLength } = group;
  const parked = Uint8Array.of(1);
  let shared: DiffieHellman | undefined;
  const under = (exponent: Uint8Array, work: (arithmetic: DiffieHellman) => Buffer): Uint8Array => {
    shared ??= createDiffieHellman(group.primeOctets, 2);
    shared.setPrivateKey(exponent);
    try {
      return leftPadded(work(shared), length);
    } finally {
      shared.setPrivateKey(parked);
    }
  };
  return {
    ...{ id, name, publicLength: length },
    draw: (random) => random(exponentLength),
    open: (exponent) => ({
      publicValue: under(exponent, (arithmetic) => arithmetic.generateKeys()),
      agree(peer) {
        const secret = under(exponent, (arithmetic) => arithmetic.computeSecret(peer));
        checkRange(group, secret);
        return secret;
      },
    }),
    check: (peer) => checkRange(group, peer),
  };
}

const uncompressed = Uint8Array.of(4);

function weierstrass(curve: Curve): Group {
  const { id, name, length } = curve;
  const opensslName = opensslNames.get(id) ?? name;
  return {
    ...{ id, name, publicLength: length * 2 },
    draw: (random) => drawScalar(random, curve),
    open(scalar) {
      const arithmetic = createECDH(opensslName);
      arithmetic.setPrivateKey(scalar);
      return {
        publicValue: plain(arithmetic.getPublicKey()).subarray(1),
        agree(peer) {
          try {
            return plain(arithmetic.computeSecret(Buffer.concat([uncompressed, peer])));
          } catch {
            throw new KeyExchangeError(id, 'point');
          }
        },
      };
    },
  };
}

/** JWK is the fast way in (PKCS#8 takes ten times as long); of a private key `x` must be there and is not read. RFC 8031. */
function montgomery(id: number, name: string, crv: string, length: number): Group {
  const unread = Buffer.alloc(length).toString('base64url');
  return {
    ...{ id, name, publicLength: length },
    draw: (random) => random(length),
    open(scalar) {
      const d = Buffer.from(scalar.buffer, scalar.byteOffset, length).toString('base64url');
      const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv, d, x: unread } });
      const { x: own = '' } = privateKey.export({ format: 'jwk' });
      return {
        publicValue: new Uint8Array(Buffer.from(own, 'base64url')),
        agree(peer) {
          const x = Buffer.from(peer).toString('base64url');
          const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv, x } });
          try {
            return refuseZero(id, plain(deriveSecret({ privateKey, publicKey })));
          } catch {
            throw new KeyExchangeError(id, 'zero');
          }
        },
      };
    },
  };
}

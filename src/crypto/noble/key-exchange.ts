/** KE over @noble/curves, which has no Brainpool P224: not claimed. MODP is its modular power, whose time depends on the exponent. */
import { pow } from '@noble/curves/abstract/modular.js';
import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { KeyExchangeMethod } from '../../wire/numbers.ts';
import { type Curve, curves, drawScalar } from '../curves.ts';
import { diffieHellman, type Group, refuseZero } from '../diffie-hellman.ts';
import { checkRange, type ModpGroup, modpGroups } from '../modp.ts';
import { type KeyExchange, KeyExchangeError } from '../provider.ts';

const weierstrassCurves = new Map([
  [KeyExchangeMethod.ECP_256, p256],
  [KeyExchangeMethod.ECP_384, p384],
  [KeyExchangeMethod.ECP_521, p521],
  [KeyExchangeMethod.BRAINPOOL_P256R1, brainpoolP256r1],
  [KeyExchangeMethod.BRAINPOOL_P384R1, brainpoolP384r1],
  [KeyExchangeMethod.BRAINPOOL_P512R1, brainpoolP512r1],
] as [number, typeof p256][]);

/** MODP_1024 only serves those who ask for it by name. */
export const keyExchanges: readonly KeyExchange[] = [
  ...modpGroups.map((group) => diffieHellman(modp(group))),
  ...curves.flatMap((curve) => {
    const arithmetic = weierstrassCurves.get(curve.id);
    return arithmetic === undefined ? [] : [diffieHellman(weierstrass(curve, arithmetic))];
  }),
  diffieHellman(montgomery(KeyExchangeMethod.CURVE25519, 'CURVE25519', x25519, 32)),
  diffieHellman(montgomery(KeyExchangeMethod.CURVE448, 'CURVE448', x448, 56)),
];

function modp(group: ModpGroup): Group {
  const { id, name, length, prime, exponentLength } = group;
  const power = (value: bigint, exponent: Uint8Array) =>
    numberToBytesBE(pow(value, bytesToNumberBE(exponent), prime), length);
  return {
    ...{ id, name, publicLength: length },
    draw: (random) => random(exponentLength),
    open: (exponent) => ({
      publicValue: power(2n, exponent),
      agree(peer) {
        const secret = power(bytesToNumberBE(peer), exponent);
        checkRange(group, secret);
        return secret;
      },
    }),
    check: (peer) => checkRange(group, peer),
  };
}

function weierstrass(curve: Curve, arithmetic: typeof p256): Group {
  const { id, name, length } = curve;
  return {
    ...{ id, name, publicLength: length * 2 },
    draw: (random) => drawScalar(random, curve),
    open: (scalar) => ({
      publicValue: arithmetic.getPublicKey(scalar, false).slice(1),
      agree(peer) {
        const point = new Uint8Array(1 + peer.length);
        point[0] = 4;
        point.set(peer, 1);
        try {
          return arithmetic.getSharedSecret(scalar, point, false).slice(1, 1 + length);
        } catch {
          throw new KeyExchangeError(id, 'point');
        }
      },
    }),
  };
}

function montgomery(id: number, name: string, arithmetic: typeof x25519, length: number): Group {
  return {
    ...{ id, name, publicLength: length },
    draw: (random) => random(length),
    open: (scalar) => ({
      publicValue: arithmetic.getPublicKey(scalar),
      agree(peer) {
        try {
          return refuseZero(id, arithmetic.getSharedSecret(scalar, peer));
        } catch {
          throw new KeyExchangeError(id, 'zero');
        }
      },
    }),
  };
}

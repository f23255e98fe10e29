/** Short Weierstrass groups: ECP (RFC 5903) and Brainpool (RFC 5639, numbered for IKEv2 by RFC 6954). */
import { KeyExchangeMethod } from '../wire/numbers.ts';
import type { Random } from './provider.ts';

export interface Curve {
  readonly id: number;
  readonly name: string;
  /** Octets of a coordinate, of a private scalar and of a secret (the x coordinate alone, RFC 5903 §7). */
  readonly length: number;
  /** The group's order, big-endian, `length` octets. All these groups have cofactor 1. */
  readonly order: Uint8Array;
}

const curve = (id: number, name: string, order: string): Curve => {
  const octets = order.match(/../g) ?? [];
  return {
    id,
    name,
    length: octets.length,
    order: Uint8Array.from(octets, (octet) => Number.parseInt(octet, 16)),
  };
};

export const curves: readonly Curve[] = [
  curve(
    KeyExchangeMethod.ECP_256,
    'ECP_256',
    'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ),
  curve(
    KeyExchangeMethod.ECP_384,
    'ECP_384',
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
  curve(
    KeyExchangeMethod.ECP_521,
    'ECP_521',
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa' +
      '51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ),
  curve(
    KeyExchangeMethod.BRAINPOOL_P224R1,
    'BRAINPOOL_P224R1',
    'd7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f',
  ),
  curve(
    KeyExchangeMethod.BRAINPOOL_P256R1,
    'BRAINPOOL_P256R1',
    'a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7',
  ),
  curve(
    KeyExchangeMethod.BRAINPOOL_P384R1,
    'BRAINPOOL_P384R1',
    '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565',
  ),
  curve(
    KeyExchangeMethod.BRAINPOOL_P512R1,
    'BRAINPOOL_P512R1',
    'aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870' +
      '553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069',
  ),
];

const maxDraws = 256;

/**
 * A private scalar, uniform in [1, order - 1]: draws `length` octets, drops the bits above the order's, and draws again
 * while the value is out of range. Throws when a broken `random` never gives one.
 */
export function drawScalar(random: Random, { name, order, length }: Curve): Uint8Array {
  const mask = 0xff >> (Math.clz32(order[0] ?? 0) - 24);
  for (let draws = 0; draws < maxDraws; draws++) {
    const scalar = random(length);
    scalar[0] = (scalar[0] ?? 0) & mask;
    if (below(scalar, order) && scalar.some((octet) => octet !== 0)) return scalar;
    scalar.fill(0);
  }
  throw new Error(`${name}: ${maxDraws} draws gave no private scalar`);
}

/** a < b, of equal length, with no branch on the octets. */
function below(a: Uint8Array, b: Uint8Array): boolean {
  let borrow = 0;
  for (let i = a.length - 1; i >= 0; i--) borrow = ((a[i] ?? 0) - (b[i] ?? 0) - borrow) >>> 31;
  return borrow === 1;
}

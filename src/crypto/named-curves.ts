/** The curves keys are named after in certificates: NIST (RFC 5480 §2.1.1.1) and Brainpool (RFC 5639 §4.1). */
import { KeyExchangeMethod } from '../wire/numbers.ts';
import { curves } from './curves.ts';
import { derOid } from './der.ts';

export interface NamedCurve {
  readonly name: string;
  /** The OBJECT IDENTIFIER element that names it. */
  readonly oid: Uint8Array;
  /** Of the field. */
  readonly bits: number;
  /** Octets of a coordinate, and of each half of a signature. */
  readonly length: number;
  /** The group's order, big-endian, `length` octets. */
  readonly order: Uint8Array;
}

const named = (name: string, dotted: string, bits: number, group: number): NamedCurve => ({
  ...{ name, bits, oid: derOid(dotted), length: Math.ceil(bits / 8) },
  order: curves.find(({ id }) => id === group)?.order ?? new Uint8Array(),
});

export const namedCurves: readonly NamedCurve[] = [
  named('P-256', '1.2.840.10045.3.1.7', 256, KeyExchangeMethod.ECP_256),
  named('P-384', '1.3.132.0.34', 384, KeyExchangeMethod.ECP_384),
  named('P-521', '1.3.132.0.35', 521, KeyExchangeMethod.ECP_521),
  named('brainpoolP256r1', '1.3.36.3.3.2.8.1.1.7', 256, KeyExchangeMethod.BRAINPOOL_P256R1),
  named('brainpoolP384r1', '1.3.36.3.3.2.8.1.1.11', 384, KeyExchangeMethod.BRAINPOOL_P384R1),
  named('brainpoolP512r1', '1.3.36.3.3.2.8.1.1.13', 512, KeyExchangeMethod.BRAINPOOL_P512R1),
];

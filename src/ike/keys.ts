/** SKEYSEED, the seven SK_* and KEYMAT. RFC 7296 §2.13-2.17. */

import { prfPlus, prfPlusOf } from '../crypto/prf-plus.ts';
import type { Prf } from '../crypto/provider.ts';
import { Secret } from '../crypto/secret.ts';
import { cipherKeyLength, type EspSuite, type IkeSuite, integKeyLength } from '../crypto/suite.ts';

export interface IkeKeys {
  readonly d: Secret;
  readonly ai: Secret;
  readonly ar: Secret;
  readonly ei: Secret;
  readonly er: Secret;
  readonly pi: Secret;
  readonly pr: Secret;
}

export interface ChildKeys {
  /** Initiator to responder. */
  readonly initiator: { readonly encryption: Uint8Array; readonly integrity: Uint8Array };
  readonly responder: { readonly encryption: Uint8Array; readonly integrity: Uint8Array };
}

/** SKEYSEED = prf(Ni | Nr, g^ir). RFC 7296 §2.14. */
export const skeyseed = (prf: Prf, ni: Uint8Array, nr: Uint8Array, shared: Uint8Array): Uint8Array =>
  prf.compute(saltOf(prf, ni, nr), shared);

/** Of each nonce 64 bits only when the PRF's key is fixed. */
const saltOf = ({ fixedKey }: Prf, ni: Uint8Array, nr: Uint8Array): Uint8Array =>
  fixedKey ? concat(ni.subarray(0, 8), nr.subarray(0, 8)) : concat(ni, nr);

/** The seven keys after IKE_SA_INIT, without a SKEYSEED in our hands. Zeroes `shared`. */
export function firstKeys(
  suite: IkeSuite,
  shared: Uint8Array,
  ni: Uint8Array,
  nr: Uint8Array,
  spiI: bigint,
  spiR: bigint,
): IkeKeys {
  const { prf } = suite;
  const seed = seedOf(ni, nr, spiI, spiR);
  const stream = prfPlusOf(prf, saltOf(prf, ni, nr), shared, seed, lengthOf(suite));
  shared.fill(0);
  return cut(suite, stream);
}

/** {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(seed, Ni | Nr | SPIi | SPIr). Zeroes `seed`. */
export function ikeKeys(
  suite: IkeSuite,
  seed: Uint8Array,
  ni: Uint8Array,
  nr: Uint8Array,
  spiI: bigint,
  spiR: bigint,
): IkeKeys {
  const stream = prfPlus(suite.prf, seed, seedOf(ni, nr, spiI, spiR), lengthOf(suite));
  seed.fill(0);
  return cut(suite, stream);
}

function seedOf(ni: Uint8Array, nr: Uint8Array, spiI: bigint, spiR: bigint): Uint8Array {
  const spis = new Uint8Array(16);
  const view = new DataView(spis.buffer);
  view.setBigUint64(0, spiI);
  view.setBigUint64(8, spiR);
  return concat(ni, nr, spis);
}

const lengthOf = (suite: IkeSuite): number =>
  3 * suite.prf.keyLength + 2 * integKeyLength(suite) + 2 * cipherKeyLength(suite);

/** All seven stay where they are: in `stream`, which is theirs. */
function cut(suite: IkeSuite, stream: Uint8Array): IkeKeys {
  const prfLength = suite.prf.keyLength;
  const integLength = integKeyLength(suite);
  const cipherLength = cipherKeyLength(suite);
  let at = 0;
  const take = (length: number): Secret => {
    at += length;
    return new Secret(stream, at - length, at);
  };
  return {
    d: take(prfLength),
    ai: take(integLength),
    ar: take(integLength),
    ei: take(cipherLength),
    er: take(cipherLength),
    pi: take(prfLength),
    pr: take(prfLength),
  };
}

/** KEYMAT = prf+(SK_d, [g^ir (new)] | Ni | Nr), cut for ESP: encryption before integrity. RFC 7296 §2.17. */
export function childKeys(
  prf: Prf,
  d: Secret,
  suite: EspSuite,
  ni: Uint8Array,
  nr: Uint8Array,
  shared?: Uint8Array,
): ChildKeys {
  const cipherLength = cipherKeyLength(suite);
  const integLength = integKeyLength(suite);
  const seed = shared === undefined ? concat(ni, nr) : concat(shared, ni, nr);
  const stream = prfPlus(prf, d.octets, seed, 2 * (cipherLength + integLength));
  const take = taker(stream);
  const keys = {
    initiator: { encryption: take(cipherLength), integrity: take(integLength) },
    responder: { encryption: take(cipherLength), integrity: take(integLength) },
  };
  stream.fill(0);
  return keys;
}

/** Zeroes all seven. */
export function destroyKeys(keys: IkeKeys): void {
  for (const key of [keys.d, keys.ai, keys.ar, keys.ei, keys.er, keys.pi, keys.pr]) key.destroy();
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Copies, so that the stream itself can be zeroed. */
function taker(stream: Uint8Array): (length: number) => Uint8Array {
  let at = 0;
  return (length) => {
    at += length;
    return stream.slice(at - length, at);
  };
}

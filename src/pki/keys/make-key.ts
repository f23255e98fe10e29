/** New private keys of drawn octets. RSA keys are made elsewhere: they take a search for primes. */
import { der, derBits, derNatural, derOid, explicitTag } from '../../crypto/der.ts';
import type { KeyFileCrypto } from '../../crypto/key-file.ts';
import { namedCurves } from '../../crypto/named-curves.ts';
import type { Random } from '../../crypto/provider.ts';
import { spkiBits } from '../../crypto/signature-key.ts';
import { Tag } from '../der.ts';
import { checked, fromSec1, KeyKind, type PrivateKeyData } from './private-key.ts';

/** `curve` as `namedCurves` has it. Throws RangeError when there is no such curve. */
export function makeEcKey(curve: string, random: Random, crypto: KeyFileCrypto): PrivateKeyData {
  const named = namedCurves.find(({ name }) => name === curve);
  if (!named) throw new RangeError(`no curve ${curve}`);
  const scalar = drawScalar(named.order, random);
  const sec1 = (...publicKey: Uint8Array[]) =>
    der(
      Tag.SEQUENCE,
      derNatural(Uint8Array.of(1)),
      der(Tag.OCTET_STRING, scalar),
      der(explicitTag(0), named.oid),
      ...publicKey,
    );
  const bare = fromSec1(sec1(), crypto);
  bare.pkcs8.destroy();
  // Others do not all compute the public key themselves.
  const whole = sec1(der(explicitTag(1), derBits(spkiBits(bare.spki))));
  scalar.fill(0);
  return fromSec1(whole, crypto);
}

export function makeEdwardsKey(
  kind: 'ed25519' | 'ed448',
  random: Random,
  crypto: KeyFileCrypto,
): PrivateKeyData {
  const [oid, length] = kind === 'ed25519' ? [KeyKind.ED25519, 32] : [KeyKind.ED448, 57];
  const seed = random(length);
  const algorithm = der(Tag.SEQUENCE, derOid(oid));
  const key = der(Tag.OCTET_STRING, der(Tag.OCTET_STRING, seed));
  seed.fill(0);
  return checked(der(Tag.SEQUENCE, derNatural(Uint8Array.of(0)), algorithm, key), crypto);
}

/** Evenly from 1 to the order - 1: what does not fit is drawn again. FIPS 186-5 §A.2.2. */
function drawScalar(order: Uint8Array, random: Random): Uint8Array {
  const mask = 0xff >> Math.clz32((order[0] ?? 0) << 24);
  for (let tries = 0; tries < 100; tries++) {
    const scalar = random(order.length);
    scalar[0] = (scalar[0] ?? 0) & mask;
    const difference = scalar.findIndex((octet, i) => octet !== order[i]);
    const below = (scalar[difference] ?? 0) < (order[difference] ?? 0);
    if (difference >= 0 && below && scalar.some((octet) => octet !== 0)) return scalar;
  }
  throw new RangeError('the source of randomness gives the same octets again and again');
}

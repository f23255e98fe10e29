/** ESP suites to test with: every cipher and INTEG a provider has, keys of counted octets. */
import type { Crypto } from '../../src/crypto/provider.ts';
import { cipherKeyLength, type EspSuite, espSuite, integKeyLength } from '../../src/crypto/suite.ts';

/** Every ENCR of every key size; with every INTEG where it needs one. */
export function allSuites(crypto: Crypto, esn: boolean): EspSuite[] {
  const suites: EspSuite[] = [];
  for (const cipher of crypto.ciphers.values()) {
    for (const keyBits of cipher.keyBits) {
      const integs = cipher.icvLength > 0 ? [0] : [...crypto.integs.keys()];
      for (const integ of integs) {
        const suite = espSuite(crypto, { encr: cipher.id, keyBits, integ, esn });
        if (suite !== undefined) suites.push(suite);
      }
    }
  }
  return suites;
}

export const suiteName = ({ cipher, keyBits, integ, esn }: EspSuite): string =>
  `${cipher.name}_${keyBits}${integ ? `-${integ.name}` : ''}${esn ? ' ESN' : ''}`;

export const octetsFrom = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => first + 7 * i);

/** Keys of the suite's lengths. */
export const keysOf = (suite: EspSuite) => ({
  key: octetsFrom(1, cipherKeyLength(suite)),
  integKey: octetsFrom(2, integKeyLength(suite)),
});

/** Repeatable octets in place of a random source. */
export function counting(): (length: number) => Uint8Array {
  let next = 0;
  return (length) =>
    Uint8Array.from({ length }, () => {
      next = (next + 13) & 0xff;
      return next;
    });
}

/** prf+ at its edges; its values are held to NIST's and NSS's vectors. RFC 7296 §2.13. */
import { expect, test } from 'vitest';
import { defaultCrypto, prfPlus } from '../../src/crypto/index.ts';

const [key, seed] = [new Uint8Array(32).fill(1), new Uint8Array(40).fill(2)];

test.each([...defaultCrypto.prfs.values()])('$name', (prf) => {
  const most = 255 * prf.outputLength;
  const whole = prfPlus(prf, key, seed, most);
  expect(whole).toHaveLength(most);
  expect(() => prfPlus(prf, key, seed, most + 1)).toThrow(RangeError);
  for (const length of [0, 1, prf.outputLength, prf.outputLength + 1, 200]) {
    expect(prfPlus(prf, key, seed, length)).toEqual(whole.subarray(0, length));
  }
  expect(whole.subarray(0, prf.outputLength)).toEqual(prf.compute(key, seed, Uint8Array.of(1)));
});

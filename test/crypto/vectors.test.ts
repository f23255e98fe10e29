/** Either provider against every independent vector of an algorithm it claims. */
import { describe, expect, test } from 'vitest';
import { nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import { hasSharedVectors, sources } from './sources/index.ts';
import { check } from './vector.ts';

/** Cases of what noble does not claim: 3DES, CCM, GCM with a short ICV, Brainpool P224. */
const unclaimed = new Map([
  [nodeCrypto, 0],
  [nobleCrypto, 25],
]);

for (const crypto of [nodeCrypto, nobleCrypto]) {
  describe(crypto.name, () => {
    const counts = { held: 0, unclaimed: 0, left: 0 }; // left for test/fuzz

    test.each(sources)('$file', ({ vectors, filtered }) => {
      expect(vectors.length).toBeGreaterThan(0);
      for (const vector of vectors) {
        if (vector.repetitive) counts.left++;
        else if (check(crypto, vector)) counts.held++;
        else counts.unclaimed++;
      }
      for (const [reason, count] of filtered ?? [])
        if (crypto === nodeCrypto) console.info(`${count} not run: ${reason}`);
    });

    test.skipIf(!hasSharedVectors)('holds all that it claims, and claims what it should', () => {
      console.info(`${crypto.name}: ${JSON.stringify(counts)} vectors`);
      expect(counts.unclaimed).toBe(unclaimed.get(crypto));
      expect(counts.held).toBeGreaterThan(3_200);
    });
  });
}

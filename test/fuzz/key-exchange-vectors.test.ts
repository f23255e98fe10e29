/** Wycheproof's many cases of points that double along the way, on either provider: too slow for the unit tests. */
import { expect, test } from 'vitest';
import { nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import { hasSharedVectors, sources } from '../crypto/sources/index.ts';
import { check } from '../crypto/vector.ts';

const slow = sources
  .map(({ file, vectors }) => ({ file, vectors: vectors.filter((vector) => vector.repetitive) }))
  .filter(({ vectors }) => vectors.length > 0);

for (const crypto of [nodeCrypto, nobleCrypto]) {
  test.skipIf(!hasSharedVectors).each(slow)(`${crypto.name}: $file`, ({ vectors }) => {
    expect(vectors.filter((vector) => check(crypto, vector))).toHaveLength(vectors.length);
  });
}

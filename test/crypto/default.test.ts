/** The default spreads node over noble. */
import { expect, test } from 'vitest';
import { defaultCrypto, nobleCrypto, nodeCrypto, spread } from '../../src/crypto/index.ts';

const lists = ['ciphers', 'prfs', 'integs', 'keyExchanges'] as const;

test('the default claims all that either provider does', () => {
  for (const list of lists) {
    const either = new Set([...nodeCrypto[list].keys(), ...nobleCrypto[list].keys()]);
    expect(new Set(defaultCrypto[list].keys())).toEqual(either);
    for (const [id, algorithm] of defaultCrypto[list]) expect(algorithm.id).toBe(id);
  }
});

test('what is spread over covers what is below, and leaves the rest', () => {
  const crypto = spread(nodeCrypto, nobleCrypto);
  expect(crypto.name).toBe('noble over node');
  for (const list of lists) {
    for (const [id, algorithm] of crypto[list]) {
      expect(algorithm).toBe(nobleCrypto[list].get(id) ?? nodeCrypto[list].get(id));
    }
  }
  expect(crypto.hash).toBe(nobleCrypto.hash);
});

/** Signature checks of either provider against every Wycheproof file, the RFCs' examples, and each other. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  type Crypto,
  ecdsaFromRaw,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
} from '../../src/crypto/index.ts';
import { ecSpki, edwardsPkcs8, edwardsSpki } from './signature-keys.ts';
import { hasSharedVectors, hex, rfcCases, sharedVectors } from './sources/files.ts';
import { type SignatureCase, signatureFiles } from './sources/signatures.ts';

/** True or false as the signature holds; undefined where the provider does not claim the key. */
function outcome(
  crypto: Crypto,
  { spki, algorithm, message, signature, raw }: SignatureCase,
): boolean | undefined {
  const key = crypto.publicKey(spki);
  if (key === undefined) return undefined;
  // Methods 9 to 11 know the length; whoever reads AUTH checks it.
  const value =
    raw === undefined ? signature : signature.length === 2 * raw ? ecdsaFromRaw(signature) : undefined;
  return value !== undefined && key.verify(algorithm, message, value);
}

const files = signatureFiles();
if (!hasSharedVectors) console.warn('skipped: signature vectors, for ../shared/vectors is not there');

describe.each([nodeCrypto, nobleCrypto])('Wycheproof, $name', (crypto) => {
  const total = { valid: 0, invalid: 0, missingNull: 0, unclaimed: 0, inexpressible: 0 };

  test.skipIf(!hasSharedVectors).each(files)(
    '$file',
    ({ cases, filtered }) => {
      const wrong: string[] = [];
      for (const each of cases) {
        const held = outcome(crypto, each);
        // The only acceptable ones: a DigestInfo without NULL, which RFC 8017 §9.2 lets be refused. We refuse.
        const wanted = each.result === 'valid';
        if (each.result === 'acceptable') expect(each.flags).toEqual(['MissingNull']);
        if (held === undefined) total.unclaimed++;
        else if (held !== wanted) wrong.push(each.name);
        else total[each.result === 'acceptable' ? 'missingNull' : each.result]++;
      }
      for (const count of filtered.values()) total.inexpressible += count;
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  test.skipIf(!hasSharedVectors)('the numbers', () => {
    console.info(`${crypto.name}: ${JSON.stringify(total)} signature cases of Wycheproof`);
    expect(total).toEqual(numbers[crypto.name]);
  });
});

/** Valid ones accepted, invalid and MissingNull ones refused; noble has no RSA; a PSS file mixes hashes and has SHA-224. */
const numbers: Record<string, object> = {
  node: { valid: 1758, invalid: 2744, missingNull: 4, unclaimed: 0, inexpressible: 126 },
  noble: { valid: 1418, invalid: 1563, missingNull: 0, unclaimed: 1525, inexpressible: 126 },
};

describe.skipIf(!hasSharedVectors)('RFC 8032', () => {
  test.each(['ed25519', 'ed448'] as const)('%s: the same keys and signatures', (kind) => {
    const path = join(sharedVectors, `03-rfc-and-algorithm/rfc/rfc8032-${kind}.json.gz`);
    const cases = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, string>[];
    let held = 0;
    for (const row of cases.filter(
      ({ context = '', name = '' }) => context === '' && !/ph|ctx/i.test(name),
    )) {
      const message = hex(row, 'message');
      const spki = edwardsSpki(kind, hex(row, 'publicKey'));
      const signature = hex(row, 'signature');
      for (const key of [nodePrivateKey, noblePrivateKey].map((read) =>
        read(edwardsPkcs8(kind, hex(row, 'secretKey'))),
      )) {
        expect(key.spki).toEqual(spki);
        expect(key.sign(noRandom, { kind }, message)).toEqual(signature);
      }
      for (const crypto of [nodeCrypto, nobleCrypto])
        expect(crypto.publicKey(spki)?.verify({ kind }, message, signature)).toBe(true);
      held++;
    }
    console.info(`${held} of ${cases.length} ${kind} examples; the others have a context`);
    expect(held).toBeGreaterThan(4);
  });
});

const noRandom = (): Uint8Array => {
  throw new Error('nothing to draw here');
};

const abc = new TextEncoder().encode('abc');

describe.skipIf(!hasSharedVectors)('RFC 4754 §8: AUTH of methods 9 to 11', () => {
  test.each(hasSharedVectors ? rfcCases('rfc4754-ecdsa-ikev2.json') : [])('$alg', (row) => {
    const bits = /ECDSA-(\d+)/.exec(row.alg ?? '')?.[1] ?? '';
    const hash = bits === '521' ? 'sha512' : (`sha${bits}` as 'sha256' | 'sha384');
    const [x, y] = [hex(row, 'gwx'), hex(row, 'gwy')];
    const spki = ecSpki(`P-${bits}`, x, y);
    const value = ecdsaFromRaw(hex(row, 'AUTH_payload').slice(8));
    for (const crypto of [nodeCrypto, nobleCrypto])
      expect(value && crypto.publicKey(spki)?.verify({ kind: 'ecdsa', hash }, abc, value)).toBe(true);
  });
});

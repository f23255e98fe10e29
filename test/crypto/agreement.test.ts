/** The two providers agree octet for octet on everything both claim. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HashName, nobleCrypto, nodeCrypto, type Random } from '../../src/crypto/index.ts';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 300 });

/** What both claim, in pairs. */
function shared<T extends { name: string }>(ours: ReadonlyMap<number, T>, theirs: ReadonlyMap<number, T>) {
  return [...ours].flatMap(([id, node]) => {
    const noble = theirs.get(id);
    return noble === undefined ? [] : [{ name: node.name, node, noble }];
  });
}

describe('ciphers', () => {
  test.each(shared(nodeCrypto.ciphers, nobleCrypto.ciphers))('$name', ({ node, noble }) => {
    for (const bits of node.keyBits) {
      const material = octets(bits / 8 + node.saltLength);
      const blocks = fc.integer({ min: 0, max: 40 }).chain((count) => octets(count * node.blockLength));
      fc.assert(
        fc.property(
          material,
          octets(node.ivLength),
          blocks,
          some,
          fc.nat(),
          (secret, iv, plaintext, aad, at) => {
            const [a, b] = [node.key(secret), noble.key(secret)];
            const sealed = a.seal(iv, plaintext, aad);
            expect(b.seal(iv, plaintext, aad)).toEqual(sealed);
            expect(sealed).toHaveLength(plaintext.length + node.icvLength);
            for (const key of [a, b]) expect(key.open(iv, sealed, aad)).toEqual(plaintext);
            if (node.icvLength === 0) return;
            sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ (1 << (at % 8));
            for (const key of [a, b]) expect(key.open(iv, sealed, aad)).toBeUndefined();
          },
        ),
        { numRuns: 40 },
      );
    }
  });
});

describe('PRF and INTEG', () => {
  test.each(shared(nodeCrypto.prfs, nobleCrypto.prfs))('PRF $name', ({ node, noble }) => {
    fc.assert(
      fc.property(some, fc.array(some, { maxLength: 3 }), (key, data) => {
        const output = node.compute(key, ...data);
        expect(noble.compute(key, ...data)).toEqual(output);
        expect(output).toHaveLength(node.outputLength);
        expect(node.compute(key, Uint8Array.from(Buffer.concat(data)))).toEqual(output);
      }),
    );
  });

  test.each(shared(nodeCrypto.integs, nobleCrypto.integs))('INTEG $name', ({ node, noble }) => {
    fc.assert(
      fc.property(octets(node.keyLength), fc.array(some, { maxLength: 3 }), (key, data) => {
        const icv = node.compute(key, ...data);
        expect(noble.compute(key, ...data)).toEqual(icv);
        expect(icv).toHaveLength(node.icvLength);
      }),
    );
  });

  test.each<HashName>(['sha1', 'sha256', 'sha384', 'sha512'])('%s', (name) => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(nobleCrypto.hash(name, a, b)).toEqual(nodeCrypto.hash(name, a, b));
      }),
    );
  });

  test('equal', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        for (const { equal } of [nodeCrypto, nobleCrypto]) {
          expect(equal(a, b)).toBe(Buffer.compare(a, b) === 0);
          expect(equal(a, a.slice())).toBe(true);
        }
      }),
    );
  });
});

describe('key exchange: the same octets drawn give the same public value and the same secret', () => {
  test.each(shared(nodeCrypto.keyExchanges, nobleCrypto.keyExchanges))('$name', ({ node, noble }) => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, seed, (seedA, seedB) => {
        const initiators = [node, noble].map((provider) => provider.generate(stream(seedA)));
        const publicValue = initiators[0]?.publicValue ?? new Uint8Array(0);
        expect(publicValue).toHaveLength(node.initiatorLength);
        expect(initiators[1]?.publicValue).toEqual(publicValue);
        const answers = [node, noble].map((provider) => provider.respond(stream(seedB), publicValue));
        expect(answers[1]).toEqual(answers[0]);
        const { value, secret } = answers[0] ?? { value: new Uint8Array(0), secret: new Uint8Array(0) };
        for (const initiator of initiators) expect(initiator.derive(value)).toEqual(secret);
      }),
      { numRuns: node.initiatorLength > 400 ? 2 : 6 },
    );
  });
});

/** As many octets as are asked for, from a seed. */
function stream(seed: Uint8Array): Random {
  let drawn = 0;
  return (length) => {
    const made = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
      nodeCrypto.hash('sha512', seed, Uint8Array.of(drawn, i)),
    );
    drawn++;
    return Uint8Array.from(Buffer.concat(made).subarray(0, length));
  };
}

/** What a key exchange refuses (RFC 6989, RFC 8031), and how private values are drawn, used once and forgotten. */
import { getDiffieHellman } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { curves } from '../../src/crypto/curves.ts';
import { KeyExchangeError, nobleCrypto, nodeCrypto, type Random } from '../../src/crypto/index.ts';
import { modpGroups } from '../../src/crypto/modp.ts';
import { toHex } from '../../src/wire/hex.ts';
import { KeyExchangeMethod } from '../../src/wire/numbers.ts';
import { hasSharedVectors, rfcCases } from './sources/files.ts';

const filled = (length: number, octet: number) => new Uint8Array(length).fill(octet);
const fives: Random = (length) => filled(length, 5);
const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

test.skipIf(!hasSharedVectors)('the primes are those of RFC 3526', () => {
  const cases = rfcCases('rfc3526-modp-primes.json');
  expect(cases).toHaveLength(6);
  for (const { group, p } of cases) {
    expect(toHex(modpGroups.find(({ id }) => id === Number(group))?.primeOctets ?? filled(0, 0))).toBe(p);
  }
});

test('the primes are those OpenSSL has', () => {
  for (const { id, primeOctets } of modpGroups) {
    expect(toHex(primeOctets)).toBe(getDiffieHellman(`modp${id}`).getPrime('hex'));
  }
});

for (const crypto of [nodeCrypto, nobleCrypto]) {
  const groups = [...crypto.keyExchanges.values()];
  const of = (id: number) => {
    const group = crypto.keyExchanges.get(id);
    if (group === undefined) throw new Error(`${crypto.name} has no group ${id}`);
    return group;
  };

  describe(crypto.name, () => {
    test.each(groups)('$name refuses values of another length', (group) => {
      for (const length of [0, 1, group.initiatorLength - 1, group.initiatorLength + 1]) {
        const peer = filled(length, 2);
        for (const work of [() => group.generate(fives).derive(peer), () => group.respond(fives, peer)]) {
          expect(thrown(work)).toMatchObject({ code: 'KEY_EXCHANGE', method: group.id, reason: 'length' });
        }
      }
    });

    test.each(modpGroups)('$name refuses 0, 1, p-1, p and more', ({ id, length, primeOctets, largest }) => {
      const one = filled(length, 0);
      one[length - 1] = 1;
      for (const peer of [filled(length, 0), one, largest, primeOctets, filled(length, 0xff)]) {
        expect(thrown(() => of(id).respond(fives, peer))).toMatchObject({ reason: 'range' });
      }
    });

    test.each(curves.filter(({ id }) => crypto.keyExchanges.has(id)))(
      '$name refuses what is no point',
      (curve) => {
        const group = of(curve.id);
        const { publicValue } = group.generate(fives);
        const off = Uint8Array.from(publicValue);
        off[off.length - 1] = (off[off.length - 1] ?? 0) ^ 1;
        const beyondField = Uint8Array.from(publicValue).fill(0xff, 0, curve.length);
        for (const peer of [
          off,
          beyondField,
          filled(group.initiatorLength, 0),
          filled(group.initiatorLength, 0xff),
        ]) {
          expect(thrown(() => group.respond(fives, peer))).toMatchObject({ reason: 'point' });
        }
      },
    );

    test.each([of(KeyExchangeMethod.CURVE25519), of(KeyExchangeMethod.CURVE448)])(
      '$name refuses points of small order',
      (group) => {
        const one = filled(group.initiatorLength, 0);
        one[0] = 1;
        for (const peer of [filled(group.initiatorLength, 0), one]) {
          expect(thrown(() => group.respond(fives, peer))).toMatchObject({ reason: 'zero' });
        }
      },
    );

    test.each(groups)('$name: the same secret until destroyed, then its private value is gone', (group) => {
      const drawn: Uint8Array[] = [];
      const pair = group.generate((length) => {
        const octets = fives(length);
        drawn.push(octets);
        return octets;
      });
      const { publicValue: peer } = group.generate((length) => filled(length, 7));
      expect(() => pair.derive(peer.subarray(1))).toThrow(KeyExchangeError);
      const secret = pair.derive(peer);
      expect(secret.some((octet) => octet !== 0)).toBe(true);
      expect(pair.derive(peer)).toEqual(secret);
      pair.destroy();
      expect(drawn.flatMap((octets) => [...octets]).every((octet) => octet === 0)).toBe(true);
      expect(() => pair.derive(peer)).toThrow('is gone');
    });

    test('pairs of one MODP group do not mix', () => {
      const group = of(KeyExchangeMethod.MODP_2048);
      const [a, b] = [group.generate(fives), group.generate((length) => filled(length, 7))];
      const [ab, ba] = [a.derive(b.publicValue), b.derive(a.publicValue)];
      expect(ab).toEqual(ba);
    });

    test.each(modpGroups)('$name pads public values and secrets to $length octets', ({ id, length }) => {
      const one: Random = (count) => Uint8Array.of(...filled(count - 1, 0), 1);
      const pair = of(id).generate(one);
      const two = Uint8Array.of(...filled(length - 1, 0), 2);
      expect(pair.publicValue).toEqual(two);
      expect(pair.derive(two)).toEqual(two);
    });

    test.each(curves.filter(({ id }) => crypto.keyExchanges.has(id)))(
      '$name draws again what is no scalar: 0, the order, more',
      ({ id, order, length }) => {
        const script = [filled(length, 0), order.slice(), filled(length, 0xff), filled(length, 3)];
        const draws: number[] = [];
        const pair = of(id).generate((count) => {
          draws.push(count);
          return script.shift() ?? filled(count, 0);
        });
        expect(draws).toEqual([length, length, length, length]);
        const three = filled(length, 3);
        three[0] = three[0] === undefined || id !== KeyExchangeMethod.ECP_521 ? 3 : 1;
        expect(pair.publicValue).toEqual(of(id).generate(() => three).publicValue);
        expect(() => of(id).generate((count) => filled(count, 0))).toThrow('no private scalar');
      },
    );

    test('the exponents are above twice the strength of their group (RFC 3526 §8, RFC 7919)', () => {
      const drawn: number[] = [];
      for (const { id } of modpGroups) {
        of(id).generate((length) => {
          drawn.push(length * 8);
          return filled(length, 9);
        });
      }
      expect(drawn).toEqual([256, 256, 256, 320, 384, 448, 512]);
    });
  });
}

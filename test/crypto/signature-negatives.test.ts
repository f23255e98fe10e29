/**
 * Signatures that never hold, by the name of the fault that let them: lax PKCS#1 v1.5 (DER, length, trailing data, e = 3), huge
 * PSS salts, empty and zero signatures, points of small order.
 */
import { constants, createPrivateKey, privateEncrypt } from 'node:crypto';
import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE, numberToBytesLE } from '@noble/curves/utils.js';
import { shake256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { emsaPss } from '../../src/crypto/emsa-pss.ts';
import {
  ecdsaFromRaw,
  type HashName,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
  type PublicKey,
  parseSpki,
  rsaSpki,
  type SignatureAlgorithm,
} from '../../src/crypto/index.ts';
import { fromHex } from '../../src/wire/hex.ts';
import { ecPkcs8, edwardsPkcs8, edwardsSpki, rsaKeys } from './signature-keys.ts';

const message = new TextEncoder().encode('signed octets');
const zeros = (length: number) => new Uint8Array(length);
const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const rsa = nodePrivateKey(rsaKeys.rsa2048);
const rsaPublic = taken(nodeCrypto.publicKey(rsa.spki));
const modulus = (() => {
  const key = parseSpki(rsa.spki);
  if (key?.kind !== 'rsa') throw new Error('no RSA key');
  return key.modulus;
})();
const length = modulus.length;
const rawKey = createPrivateKey({ key: Buffer.from(rsaKeys.rsa2048), format: 'der', type: 'pkcs8' });

/** The signature whose opening is exactly these octets: what a sloppy or hostile signer can make. */
const opensTo = (octets: Uint8Array): Uint8Array =>
  new Uint8Array(privateEncrypt({ key: rawKey, padding: constants.RSA_NO_PADDING }, octets));

function taken(key: PublicKey | undefined): PublicKey {
  if (key === undefined) throw new Error('key refused');
  return key;
}

describe('RSASSA-PKCS1-v1_5: the encoded message is that of RFC 8017 §9.2 and no other', () => {
  const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
  const digest = nodeCrypto.hash('sha256', message);
  const oid = fromHex('0609608648016503040201');
  const info = concat(fromHex('3031300d'), oid, fromHex('05000420'), digest);
  const padded = (content: Uint8Array, start = [0, 1]) =>
    concat(Uint8Array.from(start), zeros(length - content.length - 3).fill(0xff), Uint8Array.of(0), content);
  const holds = (octets: Uint8Array) => rsaPublic.verify(pkcs1, message, opensTo(octets));

  test('the right one holds', () => expect(holds(padded(info))).toBe(true));

  const right = padded(info);
  const shortened = (count: number, tail: Uint8Array) =>
    concat(Uint8Array.of(0, 1), zeros(count).fill(0xff), Uint8Array.of(0), info, tail);
  test.each(
    [
      [
        'trailing octets after the digest (Bleichenbacher 2006)',
        shortened(8, zeros(length - 11 - info.length).fill(7)),
      ],
      ['trailing zeros after the digest', shortened(8, zeros(length - 11 - info.length))],
      [
        'trailing octets inside the DigestInfo',
        padded(concat(fromHex('3032300d'), oid, fromHex('05000420'), digest, zeros(1))),
      ],
      [
        'octets in the parameters (CVE-2018-16152)',
        padded(concat(fromHex('30393015'), oid, fromHex(`0408${'00'.repeat(8)}`), fromHex('0420'), digest)),
      ],
      [
        'octets after the OBJECT IDENTIFIER (CVE-2018-16151)',
        padded(concat(fromHex('3032300e'), fromHex('060a60864801650304020100'), fromHex('05000420'), digest)),
      ],
      ['octets after NULL', padded(concat(fromHex('3033300f'), oid, fromHex('050005000420'), digest))],
      ['NULL with content', padded(concat(fromHex('3032300e'), oid, fromHex('0501000420'), digest))],
      ['NULL left out', padded(concat(fromHex('302f300b'), oid, fromHex('0420'), digest))],
      ['a length in its long form', padded(concat(fromHex('308131300d'), oid, fromHex('05000420'), digest))],
      [
        'an indefinite length',
        padded(concat(fromHex('3080300d'), oid, fromHex('05000420'), digest, zeros(2))),
      ],
      ['the bare digest', padded(digest)],
      [
        'a digest cut short',
        padded(concat(fromHex('3030300d'), oid, fromHex('0500041f'), digest.subarray(0, 31))),
      ],
      ['an empty digest', padded(concat(fromHex('3011300d'), oid, fromHex('05000400')))],
      [
        'another hash named',
        padded(concat(fromHex('3031300d0609608648016503040202'), fromHex('05000420'), digest)),
      ],
      ['padding that is not ff', Uint8Array.from(right, (octet, i) => (i === 40 ? 0xfe : octet))],
      ['padding ended early', Uint8Array.from(right, (octet, i) => (i === 40 ? 0 : octet))],
      ['block type 2', padded(info, [0, 2])],
      ['block type 0', padded(info, [0, 0])],
      ['no separator', Uint8Array.from(right, (octet, i) => (i === length - info.length - 1 ? 0xff : octet))],
      ['only zeros', concat(zeros(length - 1), Uint8Array.of(0))],
      ['only ones', concat(zeros(length - 1), Uint8Array.of(1))],
    ].filter((row) => row.length > 0) as [string, Uint8Array][],
  )('%s', (_, octets) => {
    expect(octets).toHaveLength(length);
    expect(holds(octets)).toBe(false);
  });

  test('Bleichenbacher 2006: a cube root made without the private key, e = 3', () => {
    const prefix = concat(Uint8Array.of(0, 1), zeros(8).fill(0xff), Uint8Array.of(0), info);
    const wanted = concat(prefix, zeros(length - prefix.length));
    const root = cubeRoot(bytesToNumberBE(wanted)) + 1n;
    const opened = numberToBytesBE(root ** 3n, length);
    // It opens to the right octets with garbage behind, below any modulus of this length.
    expect(opened.subarray(0, prefix.length)).toEqual(prefix);
    const key = taken(nodeCrypto.publicKey(rsaSpki({ modulus, exponent: Uint8Array.of(3) })));
    expect(key.verify(pkcs1, message, numberToBytesBE(root, length))).toBe(false);
  });

  test('a signature of another length: a zero put in front, a leading zero left out, the number plus the modulus', () => {
    let at = 0;
    let signature: Uint8Array = zeros(0);
    let signed: Uint8Array = message;
    while (signature[0] !== 0) {
      signed = concat(message, Uint8Array.of(at >> 8, at++ & 0xff));
      signature = rsa.sign(zeros, pkcs1, signed);
    }
    expect(rsaPublic.verify(pkcs1, signed, signature)).toBe(true);
    expect(rsaPublic.verify(pkcs1, signed, signature.subarray(1))).toBe(false);
    expect(rsaPublic.verify(pkcs1, signed, concat(zeros(1), signature))).toBe(false);
    expect(rsaPublic.verify(pkcs1, signed, concat(signature, zeros(1)))).toBe(false);
    const more = numberToBytesBE(bytesToNumberBE(signature) + bytesToNumberBE(modulus), length);
    expect(rsaPublic.verify(pkcs1, signed, more)).toBe(false);
  });
});

function cubeRoot(number: bigint): bigint {
  let [low, high] = [0n, 1n << 700n];
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** 3n <= number) low = middle;
    else high = middle - 1n;
  }
  return low;
}

describe('RSASSA-PSS: salt, mask, trailer and leading bits are as told', () => {
  const pss = (saltLength: number, hash: HashName = 'sha256') =>
    ({ kind: 'rsa-pss', hash, saltLength }) as const;
  const encoded = (saltLength = 32, fill = 5) =>
    emsaPss(nodeCrypto.hash, 'sha256', message, (size) => zeros(size).fill(fill), saltLength, 2048);
  const holds = (octets: Uint8Array, saltLength = 32) =>
    rsaPublic.verify(pss(saltLength), message, opensTo(octets));

  test('the right one holds, with its own salt length only', () => {
    for (const own of [0, 20, 32, 222]) {
      for (const told of [0, 20, 31, 32, 33, 222]) expect(holds(encoded(own), told)).toBe(own === told);
    }
  });

  test.each([
    ['another trailer', Uint8Array.from(encoded(), (octet, i) => (i === 255 ? 0xcc : octet))],
    ['the leading bit set', highest()],
    ['a bit of the mask changed', Uint8Array.from(encoded(), (octet, i) => (i === 30 ? octet ^ 1 : octet))],
    ['a bit of the hash changed', Uint8Array.from(encoded(), (octet, i) => (i === 250 ? octet ^ 1 : octet))],
    ['only zeros', zeros(256)],
    ['zeros and the trailer', concat(zeros(255), Uint8Array.of(0xbc))],
  ])('%s', (_, octets) => {
    expect(holds(octets)).toBe(false);
  });

  /** With the top bit, which is over the 2047 that are encoded, and yet below the modulus. */
  function highest(): Uint8Array {
    for (let fill = 0; fill < 256; fill++) {
      const octets = encoded(32, fill);
      octets[0] = (octets[0] ?? 0) | 0x80;
      if (bytesToNumberBE(octets) < bytesToNumberBE(modulus)) return octets;
    }
    throw new Error('no such encoded message');
  }

  test.each([
    -1,
    -2,
    -3,
    0.5,
    Number.NaN,
    223,
    1000,
    65_535,
    2 ** 31,
    2 ** 32 + 32,
    2 ** 53,
    Number.POSITIVE_INFINITY,
  ])('a salt length of %d (CVE-2021-41990): no, and no throw', (saltLength) => {
    expect(holds(encoded(), saltLength)).toBe(false);
    expect(() => rsa.sign(zeros, pss(saltLength), message)).toThrow(RangeError);
  });

  test('a key too short for hash and salt signs nothing', () => {
    const short = nodePrivateKey(rsaKeys.rsa1025);
    expect(() => short.sign(zeros, pss(62, 'sha512'), message)).not.toThrow();
    expect(() => short.sign(zeros, pss(63, 'sha512'), message)).toThrow(RangeError);
  });
});

describe('empty and zero signatures (CVE-2013-2944), and of the wrong kind', () => {
  const keys: [string, PublicKey | undefined][] = [['RSA, node', rsaPublic]];
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    const files = {
      ...{ 'P-256': ecPkcs8('P-256', zeros(32).fill(1)), 'P-521': ecPkcs8('P-521', zeros(66).fill(1)) },
      ...{ brainpoolP256r1: ecPkcs8('brainpoolP256r1', zeros(32).fill(1)) },
      ...{ Ed25519: edwardsPkcs8('ed25519', zeros(32)), Ed448: edwardsPkcs8('ed448', zeros(57)) },
    };
    for (const [name, file] of Object.entries(files))
      keys.push([`${name}, ${crypto.name}`, crypto.publicKey(noblePrivateKey(file).spki)]);
  }
  const algorithms: SignatureAlgorithm[] = [
    { kind: 'rsa-pkcs1', hash: 'sha256' },
    { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 },
    { kind: 'ecdsa', hash: 'sha256' },
    { kind: 'ed25519' },
    { kind: 'ed448' },
  ];
  const der = (r: string, s: string) =>
    fromHex(
      `30${half(r.length / 2 + s.length / 2 + 4)}02${half(r.length / 2)}${r}02${half(s.length / 2)}${s}`,
    );
  const half = (octets: number) => octets.toString(16).padStart(2, '0');
  const order = '00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const signatures = [
    ...[0, 1, 2, 8, 63, 64, 65, 114, 132, 255, 256, 257].map(zeros),
    ...[1, 64, 114, 256].map((size) => zeros(size).fill(0xff)),
    concat(Uint8Array.of(1), zeros(63)),
    concat(Uint8Array.of(1), zeros(113)),
    concat(zeros(255), Uint8Array.of(1)),
    ...[fromHex('3000'), fromHex('30020200'), fromHex('300402000200')],
    ...[
      der('00', '00'),
      der('00', '01'),
      der('01', '00'),
      der('01', '01'),
      der('ff', 'ff'),
      der(order, '01'),
      der('01', order),
    ],
    ...[der(order, order), der('', ''), fromHex('050005000500'), fromHex('0101ff0101ff')],
  ];
  test.each(keys)('%s', (_, key) => {
    for (const algorithm of algorithms)
      for (const signature of signatures)
        expect(taken(key).verify(algorithm, message, signature)).toBe(false);
  });
});

describe('ECDSA: one encoding of r and s', () => {
  const file = ecPkcs8('P-256', zeros(32).fill(9));
  const key = noblePrivateKey(file);
  const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
  const signature = key.sign(zeros, algorithm, message);
  const rLength = signature[3] ?? 0;
  const [r, s] = [signature.subarray(4, 4 + rLength), signature.subarray(6 + rLength)];
  const seq = (...parts: Uint8Array[]) => {
    const content = concat(...parts);
    return concat(Uint8Array.of(0x30, content.length), content);
  };
  const int = (octets: Uint8Array) => concat(Uint8Array.of(2, octets.length), octets);
  const odd: [string, Uint8Array][] = [
    ['trailing octets', concat(signature, zeros(1))],
    ['trailing octets inside', seq(int(r), int(s), zeros(1))],
    ['a third INTEGER', seq(int(r), int(s), int(s))],
    ['a leading zero in r', seq(int(concat(zeros(1), r)), int(s))],
    ['a leading zero in s', seq(int(r), int(concat(zeros(1), s)))],
    ['a long length', concat(Uint8Array.of(0x30, 0x81), signature.subarray(1))],
    ['an indefinite length', concat(Uint8Array.of(0x30, 0x80), signature.subarray(2), zeros(2))],
    ['r alone', seq(int(r))],
    ['r and s as r | s', concat(r.slice(-32), s.slice(-32))],
    ['s negated by its sign octet', seq(int(r), int(s.map((octet, i) => (i === 0 ? octet | 0x80 : octet))))],
  ];
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    const other = taken(crypto.publicKey(key.spki));
    test(`${crypto.name}: the right one holds, high s too`, () => {
      expect(other.verify(algorithm, message, signature)).toBe(true);
      const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
      const mirrored = concat(
        numberToBytesBE(bytesToNumberBE(r), 32),
        numberToBytesBE(order - bytesToNumberBE(s), 32),
      );
      expect(other.verify(algorithm, message, ecdsaFromRaw(mirrored) ?? zeros(0))).toBe(true);
    });
    test.each(odd)(`${crypto.name}: %s`, (_, octets) => {
      expect(other.verify(algorithm, message, octets)).toBe(false);
    });
  }
});

describe('EdDSA: s below the order, and no help from points of small order', () => {
  const schemes = {
    ed25519: {
      scheme: ed25519,
      octets: 32,
      small: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      challenge: (...parts: Uint8Array[]) => nodeCrypto.hash('sha512', ...parts),
    },
    ed448: {
      scheme: ed448,
      octets: 57,
      small: '00'.repeat(57),
      challenge: (...parts: Uint8Array[]) =>
        shake256(concat(new TextEncoder().encode('SigEd448'), zeros(2), ...parts), { dkLen: 114 }),
    },
  } as const;

  describe.each(['ed25519', 'ed448'] as const)('%s', (kind) => {
    const { scheme, octets, small, challenge } = schemes[kind];
    const { Point } = scheme;
    const order = Point.Fn.ORDER;
    const torsion = Point.fromHex(small);
    const seed = zeros(octets).fill(3);
    const { scalar } = scheme.utils.getExtendedPublicKey(seed);
    const key = scheme.getPublicKey(seed);
    const both = (point: Uint8Array) =>
      [nodeCrypto, nobleCrypto].map((crypto) => crypto.publicKey(edwardsSpki(kind, point)));
    const outcomes = (point: Uint8Array, signature: Uint8Array) =>
      both(point).map((each) => each?.verify({ kind }, message, signature));
    const scalarOctets = (number: bigint) => numberToBytesLE(number, octets);
    const challengeOf = (r: Uint8Array, a: Uint8Array) => bytesToNumberLE(challenge(r, a, message)) % order;
    const nonce = 12345n;

    test('s plus the order: the same equation, refused', () => {
      const signature = scheme.sign(message, seed);
      expect(outcomes(key, signature)).toEqual([true, true]);
      const s = bytesToNumberLE(signature.subarray(octets));
      expect(outcomes(key, concat(signature.subarray(0, octets), scalarOctets(s + order)))).toEqual([
        false,
        false,
      ]);
    });

    test('R with a point of small order added', () => {
      const r = Point.BASE.multiply(nonce).add(torsion).toBytes();
      const s = (nonce + challengeOf(r, key) * scalar) % order;
      expect(outcomes(key, concat(r, scalarOctets(s)))).toEqual(mixed);
    });

    test('a key with a point of small order added', () => {
      const mixedKey = Point.fromBytes(key).add(torsion).toBytes();
      for (let i = 1n; i < 6n; i++) {
        const r = Point.BASE.multiply(nonce + i).toBytes();
        const s = (nonce + i + challengeOf(r, mixedKey) * scalar) % order;
        const [node, noble] = outcomes(mixedKey, concat(r, scalarOctets(s)));
        expect(node).toBe(noble);
      }
    });

    test('R of small order with s zero', () => {
      for (const r of [torsion.toBytes(), Point.ZERO.toBytes(), zeros(octets)])
        expect(outcomes(key, concat(r, zeros(octets)))).toEqual([false, false]);
    });

    // Ed448 is checked with the cofactor by both, as RFC 8032 §5.2.7 has it first; only the key's owner can make such a signature.
    const mixed = kind === 'ed25519' ? [false, false] : [true, true];
  });
});

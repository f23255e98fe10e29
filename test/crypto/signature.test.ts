/** Keys that sign: files in, signatures out, node against noble. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  algorithmIdentifier,
  defaultCrypto,
  ecdsaToRaw,
  type HashName,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
  type PrivateKey,
  type PublicKey,
  type Random,
  type SignatureAlgorithm,
} from '../../src/crypto/index.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { ecPkcs8, edwardsPkcs8, rsaKeys } from './signature-keys.ts';

const counting: Random = (length) => Uint8Array.from({ length }, (_, i) => i);
const noRandom: Random = () => {
  throw new Error('nothing to draw here');
};
const hashes: HashName[] = ['sha1', 'sha256', 'sha384', 'sha512'];
const algorithms: SignatureAlgorithm[] = [
  { kind: 'ed25519' },
  { kind: 'ed448' },
  ...hashes.flatMap((hash): SignatureAlgorithm[] => [
    { kind: 'ecdsa', hash },
    { kind: 'rsa-pkcs1', hash },
    { kind: 'rsa-pss', hash, saltLength: 20 },
    { kind: 'rsa-pss', hash, saltLength: 32 },
  ]),
];

const curves = {
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  brainpoolP256r1: 32,
  brainpoolP384r1: 48,
  brainpoolP512r1: 64,
};
type Kind = SignatureAlgorithm['kind'];
const ecFiles = Object.entries(curves).map(([name, length]): [string, Uint8Array, Kind[]] => {
  const scalar = Uint8Array.from({ length }, (_, i) => i);
  return [name, ecPkcs8(name, scalar), ['ecdsa']];
});
const files: [name: string, pkcs8: Uint8Array, takes: Kind[]][] = [
  ...ecFiles,
  ['Ed25519', edwardsPkcs8('ed25519', counting(32)), ['ed25519']],
  ['Ed448', edwardsPkcs8('ed448', counting(57)), ['ed448']],
  ['RSA 2048', rsaKeys.rsa2048, ['rsa-pkcs1', 'rsa-pss']],
  ['RSA 1025', rsaKeys.rsa1025, ['rsa-pkcs1', 'rsa-pss']],
  ['RSA 2048 for PSS', rsaKeys.pss2048, ['rsa-pss']],
];

describe('every key signs with every algorithm of its kind, and what one provider signs the other takes', () => {
  test.each(files)('%s', (_, pkcs8, takes) => {
    const node = nodePrivateKey(pkcs8);
    const isRsa = node.kind === 'rsa';
    const signers = isRsa ? [node] : [node, noblePrivateKey(pkcs8)];
    for (const signer of signers) expect(signer).toMatchObject(shape(node));
    if (isRsa) {
      expect(() => noblePrivateKey(pkcs8)).toThrow(RangeError);
      expect(nobleCrypto.publicKey(node.spki)).toBeUndefined();
    }
    const keys = (isRsa ? [nodeCrypto, defaultCrypto] : [nodeCrypto, nobleCrypto]).map((crypto) =>
      crypto.publicKey(node.spki),
    );
    const message = counting(100);
    for (const algorithm of algorithms) {
      for (const signer of signers) {
        if (!takes.includes(algorithm.kind)) {
          expect(() => signer.sign(counting, algorithm, message)).toThrow(RangeError);
          continue;
        }
        const signature = signer.sign(counting, algorithm, message);
        for (const key of keys) {
          expect(key).toMatchObject(shape(node, false));
          expect(key?.verify(algorithm, message, signature)).toBe(true);
          expect(key?.verify(algorithm, message.subarray(1), signature)).toBe(false);
        }
        // Under no other algorithm: kind, hash, salt.
        const others = algorithms.filter((other) => other !== algorithm);
        for (const other of others) expect(keys[0]?.verify(other, message, signature)).toBe(false);
      }
    }
  });
});

const shape = ({ kind, bits, curve, spki }: PrivateKey, whole = true) => ({
  ...{ kind, bits },
  ...(curve !== undefined && { curve }),
  ...(whole && { spki }),
});

describe('the same signature again', () => {
  const message = counting(50);

  test('RSA and EdDSA of node: the PSS salt is what is drawn, nothing else is drawn', () => {
    const key = nodePrivateKey(rsaKeys.rsa2048);
    const pss = { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 } as const;
    const drawn: number[] = [];
    const random: Random = (length) => {
      drawn.push(length);
      return new Uint8Array(length);
    };
    const signature = key.sign(random, pss, message);
    expect(key.sign(random, pss, message)).toEqual(signature);
    expect(key.sign(counting, pss, message)).not.toEqual(signature);
    expect(drawn).toEqual([32, 32]);
    const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
    expect(key.sign(noRandom, pkcs1, message)).toEqual(key.sign(noRandom, pkcs1, message));
    const edwards = nodePrivateKey(edwardsPkcs8('ed25519', counting(32)));
    const ed25519 = { kind: 'ed25519' } as const;
    expect(edwards.sign(noRandom, ed25519, message)).toEqual(edwards.sign(noRandom, ed25519, message));
  });

  test('ECDSA of noble, and not of node, whose nonce OpenSSL draws', () => {
    const file = ecPkcs8('P-256', counting(32));
    const ecdsa = { kind: 'ecdsa', hash: 'sha256' } as const;
    const [noble, node] = [noblePrivateKey(file), nodePrivateKey(file)];
    expect(noble.sign(noRandom, ecdsa, message)).toEqual(noble.sign(noRandom, ecdsa, message));
    expect(node.sign(noRandom, ecdsa, message)).not.toEqual(node.sign(noRandom, ecdsa, message));
  });

  // Appendix A.2.5 to A.2.7; hashes that are not the curve's own among them.
  test.each([
    [
      'P-256',
      'sha256',
      'sample',
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ],
    [
      'P-256',
      'sha256',
      'test',
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    ],
    [
      'P-384',
      'sha256',
      'sample',
      '21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd',
      'f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0',
    ],
    [
      'P-384',
      'sha256',
      'test',
      '6d6defac9ab64dabafe36c6bf510352a4cc27001263638e5b16d9bb51d451559f918eedaf2293be5b475cc8f0188636b',
      '2d46f3becbcc523d5f1a1256bf0c9b024d879ba9e838144c8ba6baeb4b53b47d51ab373f9845c0514eefb14024787265',
    ],
    [
      'P-384',
      'sha384',
      'sample',
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
      '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    ],
    [
      'P-384',
      'sha512',
      'test',
      'a0d5d090c9980faf3c2ce57b7ae951d31977dd11c775d314af55f76c676447d06fb6495cd21b4b6e340fc236584fb277',
      '976984e59b4c77b0e8e4460dca3d9f20e07b9bb1f63beefaf576f6b2e8b224634a2092cd3792e0159ad9cee37659c736',
    ],
    [
      'P-521',
      'sha1',
      'sample',
      '0343b6ec45728975ea5cba6659bbb6062a5ff89eea58be3c80b619f322c87910fe092f7d45bb0f8eee01ed3f20babec079d202ae677b243ab40b5431d497c55d75d',
      '0e7b0e675a9b24413d448b8cc119d2bf7b2d2df032741c096634d6d65d0dbe3d5694625fb9e8104d3b842c1b0e2d0b98bea19341e8676aef66ae4eba3d5475d5d16',
    ],
    [
      'P-521',
      'sha256',
      'sample',
      '1511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16876e25c7c1e57648f23b73564d67f61c6f14d527d54972810421e7d87589e1a7',
      '04a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a347916e4f7a72930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7ecfc',
    ],
    [
      'P-521',
      'sha512',
      'sample',
      '0c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa',
      '0617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a',
    ],
  ] as const)('RFC 6979: %s, %s, "%s"', (curve, hash, text, r, s) => {
    const length = curves[curve];
    const octets = (number: string) => fromHex(number.padStart(2 * length, '0'));
    const key = noblePrivateKey(ecPkcs8(curve, octets(rfc6979Scalars[curve])));
    const message = new TextEncoder().encode(text);
    const signature = key.sign(noRandom, { kind: 'ecdsa', hash }, message);
    expect(toHex(ecdsaToRaw(signature, length) ?? octets(''))).toBe(toHex(octets(r)) + toHex(octets(s)));
    expect(nodeCrypto.publicKey(key.spki)?.verify({ kind: 'ecdsa', hash }, message, signature)).toBe(true);
  });
});

const rfc6979Scalars = {
  'P-256': 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
  'P-384': '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
  'P-521':
    '0fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538',
};

describe('nothing throws, and both providers say the same', () => {
  const message = counting(20);
  const some: [string, Uint8Array, SignatureAlgorithm][] = [
    ['P-256', ecPkcs8('P-256', counting(32)), { kind: 'ecdsa', hash: 'sha256' }],
    ['Ed25519', edwardsPkcs8('ed25519', counting(32)), { kind: 'ed25519' }],
    ['Ed448', edwardsPkcs8('ed448', counting(57)), { kind: 'ed448' }],
  ];

  test.each(some)('signatures of %s with octets changed, cut and added', (_, pkcs8, algorithm) => {
    const key = noblePrivateKey(pkcs8);
    const both = [nodeCrypto, nobleCrypto].map((crypto) => crypto.publicKey(key.spki) as PublicKey);
    const signature = key.sign(noRandom, algorithm, message);
    fc.assert(
      fc.property(fc.nat(signature.length), fc.nat(3), fc.uint8Array({ maxLength: 3 }), (at, cut, put) => {
        const other = Uint8Array.of(...signature.subarray(0, at), ...put, ...signature.subarray(at + cut));
        const wanted = toHex(other) === toHex(signature);
        for (const each of both) expect(each.verify(algorithm, message, other)).toBe(wanted);
      }),
      { numRuns: 60 },
    );
  });

  test.each(some)(
    'a SubjectPublicKeyInfo of %s with octets changed, cut and added',
    (_, pkcs8, algorithm) => {
      const { spki } = noblePrivateKey(pkcs8);
      fc.assert(
        fc.property(fc.nat(spki.length), fc.nat(3), fc.uint8Array({ maxLength: 3 }), (at, cut, put) => {
          const other = Uint8Array.of(...spki.subarray(0, at), ...put, ...spki.subarray(at + cut));
          const [node, noble] = [nodeCrypto.publicKey(other), nobleCrypto.publicKey(other)];
          expect(noble && shapeOf(noble)).toEqual(node && shapeOf(node));
          expect(node?.verify(algorithm, message, other) ?? false).toBe(false);
        }),
        { numRuns: 300 },
      );
    },
  );

  const shapeOf = ({ kind, bits, curve }: PublicKey) => ({ kind, bits, curve });
});

test('no octets are taken from a key or an identifier: what is given back is a copy', () => {
  const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
  algorithmIdentifier(algorithm).fill(0);
  expect(algorithmIdentifier(algorithm)[0]).toBe(0x30);
  const spki = noblePrivateKey(ecPkcs8('P-256', counting(32))).spki.slice();
  const key = nobleCrypto.publicKey(spki);
  const signature = noblePrivateKey(ecPkcs8('P-256', counting(32))).sign(noRandom, algorithm, counting(3));
  spki.fill(0);
  expect(key?.verify(algorithm, counting(3), signature)).toBe(true);
});

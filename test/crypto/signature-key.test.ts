/** Public and private keys in their files: what is taken, and what is not. */
import { createPrivateKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  ckaid,
  DerTag,
  defaultCrypto,
  der,
  derBits,
  derNatural,
  derNull,
  derOid,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
  parseSpki,
  rsaSpki,
} from '../../src/crypto/index.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { ecPkcs8, ecPointSpki, ecSpki, edwardsPkcs8, edwardsSpki, rsaKeys } from './signature-keys.ts';

const both = [nodeCrypto, nobleCrypto];
const refused = (spki: Uint8Array) => {
  for (const crypto of [...both, defaultCrypto]) expect(crypto.publicKey(spki)).toBeUndefined();
};
const bytes = (length: number, of = 0) => new Uint8Array(length).fill(of);
const p256 = noblePrivateKey(ecPkcs8('P-256', bytes(32, 7)));
const point = p256.spki.slice(-65);
const rsa = nodePrivateKey(rsaKeys.rsa2048);
const modulus = (() => {
  const key = parseSpki(rsa.spki);
  if (key?.kind !== 'rsa') throw new Error('no RSA key');
  return key.modulus;
})();

describe('RSA bounds', () => {
  const rsaOf = (n: Uint8Array, e: number[]) =>
    nodeCrypto.publicKey(rsaSpki({ modulus: n, exponent: Uint8Array.from(e) }));
  const odd = (bits: number) => {
    const n = bytes(Math.ceil(bits / 8), 0xff);
    n[0] = 0xff >> (8 * n.length - bits);
    return n;
  };
  test.each([1024, 1025, 2048, 16_384])('a modulus of %d bits is taken', (bits) => {
    expect(rsaOf(odd(bits), [1, 0, 1])).toMatchObject({ kind: 'rsa', bits });
  });
  test.each([0, 8, 512, 1023, 16_385])('a modulus of %d bits is not', (bits) => {
    expect(rsaOf(odd(bits), [1, 0, 1])).toBeUndefined();
  });
  test('an even modulus is not', () => {
    const even = odd(2048);
    even[255] = 0xfe;
    expect(rsaOf(even, [1, 0, 1])).toBeUndefined();
  });
  test.each([[[3]], [[1, 0, 1]], [bytes(8, 0xff)]])('exponent %o is taken', (e) => {
    expect(rsaOf(modulus, [...e])).toBeDefined();
  });
  test.each([[[]], [[0]], [[1]], [[2]], [[1, 0, 0]], [[1, 0, 0, 0, 0, 0, 0, 0, 1]]])(
    'exponent %o is not',
    (e) => {
      expect(rsaOf(modulus, e)).toBeUndefined();
    },
  );
  test('a negative modulus or exponent, or one with a zero too many, is not', () => {
    const spkiOf = (n: Uint8Array, e: Uint8Array) =>
      der(
        DerTag.SEQUENCE,
        der(DerTag.SEQUENCE, derOid('1.2.840.113549.1.1.1'), derNull),
        derBits(der(DerTag.SEQUENCE, der(DerTag.INTEGER, n), der(DerTag.INTEGER, e))),
      );
    const e = fromHex('010001');
    expect(nodeCrypto.publicKey(spkiOf(Uint8Array.of(0, ...modulus), e))).toBeDefined();
    refused(spkiOf(modulus, e));
    refused(spkiOf(Uint8Array.of(0, 0, ...modulus), e));
    refused(spkiOf(Uint8Array.of(0, ...modulus), fromHex('00010001')));
    refused(spkiOf(Uint8Array.of(0, ...modulus), fromHex('ff')));
  });
});

describe('points', () => {
  test('uncompressed and compressed are one key', () => {
    const message = bytes(9);
    const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
    const signature = p256.sign(bytes, algorithm, message);
    const compressed = Uint8Array.of(2 + ((point[64] ?? 0) & 1), ...point.subarray(1, 33));
    for (const crypto of both)
      expect(crypto.publicKey(ecPointSpki('P-256', compressed))?.verify(algorithm, message, signature)).toBe(
        true,
      );
  });
  test.each([
    ['off the curve', Uint8Array.of(...point.subarray(0, 64), (point[64] ?? 0) ^ 1)],
    ['at infinity', Uint8Array.of(0)],
    ['hybrid (RFC 5480 §2.2)', Uint8Array.of(6 + ((point[64] ?? 0) & 1), ...point.subarray(1))],
    ['with another curve’s length', point.subarray(0, 63)],
    ['with an octet more', Uint8Array.of(...point, 0)],
    ['zero', Uint8Array.of(4, ...bytes(64))],
    ['x not below p', Uint8Array.of(4, ...bytes(32, 0xff), ...point.subarray(33))],
    ['compressed, x of no point', Uint8Array.of(2, ...bytes(31), 1)],
    ['none', bytes(0)],
  ])('P-256, %s: refused', (_, octets) => {
    refused(ecPointSpki('P-256', octets));
  });

  const small25519 = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ];
  test.each(small25519)('Ed25519, of small order: %s', (octets) =>
    refused(edwardsSpki('ed25519', fromHex(octets))),
  );
  test.each([
    ['y not below p', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['x = 0 with a sign', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['y of no point', '0200000000000000000000000000000000000000000000000000000000000000'],
    ['cut short', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751'],
  ])('Ed25519, %s: refused', (_, octets) => refused(edwardsSpki('ed25519', fromHex(octets))));
  test.each([
    ['1', `01${'00'.repeat(56)}`],
    ['0', '00'.repeat(57)],
    ['p - 1', `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}00`],
  ])('Ed448, of small order: y = %s', (_, octets) => refused(edwardsSpki('ed448', fromHex(octets))));
});

describe('SubjectPublicKeyInfo that is not strict DER', () => {
  const ed = noblePrivateKey(edwardsPkcs8('ed25519', bytes(32, 3))).spki;
  const x = point.subarray(1, 33);
  const y = point.subarray(33);
  test('the same, whole, is taken', () => {
    for (const crypto of both) expect(crypto.publicKey(ed)).toBeDefined();
    expect(nodeCrypto.publicKey(rsa.spki)).toBeDefined();
    for (const crypto of both) expect(crypto.publicKey(ecSpki('P-256', x, y))).toBeDefined();
  });
  test.each([
    ['nothing', bytes(0)],
    ['cut short', ed.subarray(0, -1)],
    ['trailing octets', Uint8Array.of(...ed, 0)],
    ['a long length where a short one does', Uint8Array.of(0x30, 0x81, ...ed.subarray(1))],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, ...ed.subarray(2), 0, 0)],
    ['unused bits', Uint8Array.from(ed, (octet, i) => (i === 11 ? 1 : octet))],
    ['Ed25519 with NULL', fromHex(`302c300706032b65700500032100${toHex(ed.subarray(12))}`)],
    ['X25519, which does not sign', fromHex(`302a300506032b656e032100${toHex(ed.subarray(12))}`)],
    ['RSA without NULL (RFC 3279 §2.3.1)', withoutNull(rsa.spki)],
    [
      'a curve by its parameters',
      fromHex('301f301606072a8648ce3d0201300b0201013006060700000000000003050004000000'),
    ],
    ['an implicit curve', fromHex('3011300b06072a8648ce3d02010500030200 04'.replace(' ', ''))],
    ['an unknown curve: secp256k1', fromHex(`3056301006072a8648ce3d020106052b8104000a034200${toHex(point)}`)],
  ])('%s', (_, spki) => refused(spki));
});

function withoutNull(spki: Uint8Array): Uint8Array {
  const key = parseSpki(spki);
  if (key?.kind !== 'rsa') throw new Error('no RSA key');
  return der(
    DerTag.SEQUENCE,
    der(DerTag.SEQUENCE, derOid('1.2.840.113549.1.1.1')),
    derBits(der(DerTag.SEQUENCE, derNatural(key.modulus), derNatural(key.exponent))),
  );
}

describe('a key for PSS alone', () => {
  const message = bytes(5);
  const pss = (hash: 'sha1' | 'sha256' | 'sha512', saltLength: number) =>
    ({ kind: 'rsa-pss', hash, saltLength }) as const;
  test('with SHA-256 and a salt of at least 32 octets, as its parameters say', () => {
    const key = nodePrivateKey(rsaKeys.pss2048Sha256);
    const other = nodeCrypto.publicKey(key.spki);
    // The same modulus without the restriction, to make what it would not.
    const free = unrestricted(key.spki);
    for (const algorithm of [pss('sha256', 32), pss('sha256', 40)]) {
      const signature = key.sign(bytes, algorithm, message);
      expect(other?.verify(algorithm, message, signature)).toBe(true);
      expect(free?.verify(algorithm, message, signature)).toBe(true);
    }
    for (const algorithm of [
      pss('sha256', 31),
      pss('sha512', 64),
      { kind: 'rsa-pkcs1', hash: 'sha256' } as const,
    ])
      expect(() => key.sign(bytes, algorithm, message)).toThrow(RangeError);
  });
  test('checks no PKCS #1 v1.5 signature of the same modulus', () => {
    const spki = fromHex(
      toHex(rsa.spki).replace('300d06092a864886f70d0101010500', '300d06092a864886f70d01010a3000'),
    );
    const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
    const signature = rsa.sign(bytes, pkcs1, message);
    expect(nodeCrypto.publicKey(rsa.spki)?.verify(pkcs1, message, signature)).toBe(true);
    expect(nodeCrypto.publicKey(spki)?.verify(pkcs1, message, signature)).toBe(false);
    expect(
      nodeCrypto.publicKey(spki)?.verify(pss('sha1', 20), message, rsa.sign(bytes, pss('sha1', 20), message)),
    ).toBe(true);
    expect(
      nodeCrypto
        .publicKey(spki)
        ?.verify(pss('sha256', 32), message, rsa.sign(bytes, pss('sha256', 32), message)),
    ).toBe(false);
  });

  const unrestricted = (spki: Uint8Array) => {
    const key = parseSpki(spki);
    return key?.kind === 'rsa' ? nodeCrypto.publicKey(rsaSpki(key)) : undefined;
  };
});

describe('private keys that are refused', () => {
  const pem = (pkcs8: Uint8Array) =>
    createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const ec = ecPkcs8('P-256', bytes(32, 7));
  const other = noblePrivateKey(ecPkcs8('P-256', bytes(32, 8))).spki.slice(-65);
  const wrongHalf = der(
    DerTag.SEQUENCE,
    ec.subarray(2, 5),
    ec.subarray(5, 26),
    der(
      DerTag.OCTET_STRING,
      der(
        DerTag.SEQUENCE,
        derNatural(Uint8Array.of(1)),
        der(DerTag.OCTET_STRING, bytes(32, 7)),
        der(0xa1, derBits(other)),
      ),
    ),
  );
  test.each([
    ['nothing', bytes(0)],
    ['a public key', p256.spki],
    ['the traditional format', new Uint8Array(pem(ec).export({ format: 'der', type: 'sec1' }))],
    [
      'an encrypted one',
      new Uint8Array(
        pem(ec).export({ format: 'der', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' }),
      ),
    ],
    ['trailing octets', Uint8Array.of(...ec, 0)],
    ['a scalar of zero', ecPkcs8('P-256', bytes(32))],
    ['a scalar not below the order', ecPkcs8('P-256', bytes(32, 0xff))],
    ['a scalar too long', ecPkcs8('P-256', bytes(33, 1))],
    ['a seed too short', edwardsPkcs8('ed25519', bytes(31, 1))],
    ['X25519', fromHex(`302e020100300506032b656e04220420${'11'.repeat(32)}`)],
  ])('%s', (_, pkcs8) => {
    expect(() => nodePrivateKey(pkcs8)).toThrow(RangeError);
    expect(() => noblePrivateKey(pkcs8)).toThrow(RangeError);
  });

  test('a damaged RSA key, found when it is read', () => {
    const damaged = rsaKeys.rsa2048.slice();
    damaged[600] = (damaged[600] ?? 0) ^ 1;
    let key: unknown;
    try {
      key = nodePrivateKey(damaged).sign(bytes, { kind: 'rsa-pkcs1', hash: 'sha256' }, bytes(3));
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
    // OpenSSL may still find its way by the exponent: then the signature is the right one.
    if (key !== undefined)
      expect(key).toEqual(rsa.sign(bytes, { kind: 'rsa-pkcs1', hash: 'sha256' }, bytes(3)));
  });

  test('an EC key with another key’s public half: node refuses, noble computes its own', () => {
    expect(() => nodePrivateKey(wrongHalf)).toThrow(RangeError);
    expect(noblePrivateKey(wrongHalf).spki).toEqual(p256.spki);
  });

  test('an error says nothing of the key', () => {
    for (const read of [nodePrivateKey, noblePrivateKey]) {
      try {
        read(Uint8Array.of(...ec, 0));
      } catch (error) {
        expect(String(error)).not.toContain('07070707');
      }
    }
  });
});

/** `ipsec newhostkey` and `ipsec showhostkey --list --pem` of Libreswan 4.10. */
describe('CKAID', () => {
  test.each([
    {
      id: '4e0250f91189e594a6701186040624bdf07f06b8',
      spki:
        'MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAmbbVEayc8B/cfFtjGvh206Ka9F1G3X6H/tpYMI/+z223Ds/xYocfAk4F' +
        'UIfULls2F+TsqNXGAckGOifRg6vYCWasmJD7WJJVm3Ud2X3kA8MMz5z/ulQiEmqGoePErKfEKAuWJaaEIKKoWBfZ9sP+8oJhXONo' +
        'JaVF0sU8JMqEBqaylOFQgWmQLwMqFdfWJMdl3X6cDwVVykWbH3NJQ5SoWw/MdAkKrQC5sxGA3MB7PO3MxWnVsebGYa39/Vv/a++Q' +
        '//XNr3bpeCDBZPXFs42sK72y3+CHx8VJTZylq3oLykrERTkLrMJCUN/v7T9smWv4JkqiW0Tc0jYu084sepTesrUjnpDpH32nThdj' +
        'b6DGp8IJt38Y1PumgBbgj0pn3jCgpUwA1urVZXjgEJte2D5S8xWSpU7pHtbtB5evxgV7vakeIfYlJfpNvIWZ3682BwZt4KMVILpx' +
        'hjQ6MK1SiL4HQcJteYZZkqFPYbrTGwsitcfwOGrJzjSTcxAXQMgooxULAgMBAAE=',
    },
    {
      id: '72752bb5f1b54a2e759bb4cf5d7453eaabf7095c',
      spki:
        'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE38jgL7V+edjE14F06UGcKd+WkwgPIpiIBmvuKGEZA0kup4sHddtOz+5y6sVdXbWh' +
        'OH9D2zPnC4lm5cud/ipVNQ==',
    },
    {
      id: '73ef665dbf19a51123ceac363662d4ad4149671a',
      spki:
        'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErjNUMZ5MNGuqeFP6tHmR5BSOp4Ly88UQwGsSDXKDblDa9jk58s2TzouUvEY6EopG' +
        'pGrt+nhFmUH9wIvHtrSrDA==',
    },
  ])('$id', ({ id, spki }) => {
    expect(toHex(ckaid(new Uint8Array(Buffer.from(spki, 'base64')), nodeCrypto))).toBe(id);
  });
  test('of what is no key: RangeError', () => {
    expect(() => ckaid(bytes(3), nodeCrypto)).toThrow(RangeError);
  });
});

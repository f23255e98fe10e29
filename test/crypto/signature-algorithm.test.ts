/** AlgorithmIdentifiers: RFC 7427 Appendix A octet for octet, and what is not read. */
import { describe, expect, test } from 'vitest';
import {
  algorithmIdentifier,
  parseAlgorithmIdentifier,
  type SignatureAlgorithm,
} from '../../src/crypto/index.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { hasSharedVectors, hex, rfcCases } from './sources/files.ts';

const pss = (hash: 'sha1' | 'sha256' | 'sha384' | 'sha512', saltLength: number): SignatureAlgorithm => ({
  ...{ kind: 'rsa-pss', hash, saltLength },
});

const appendixA: Readonly<Record<string, SignatureAlgorithm | undefined>> = {
  'A.1.1': { kind: 'rsa-pkcs1', hash: 'sha1' },
  'A.1.2': { kind: 'rsa-pkcs1', hash: 'sha256' },
  'A.1.3': { kind: 'rsa-pkcs1', hash: 'sha384' },
  'A.1.4': { kind: 'rsa-pkcs1', hash: 'sha512' },
  'A.2.1': undefined, // DSA
  'A.2.2': undefined,
  'A.3.1': { kind: 'ecdsa', hash: 'sha1' },
  'A.3.2': { kind: 'ecdsa', hash: 'sha256' },
  'A.3.3': { kind: 'ecdsa', hash: 'sha384' },
  'A.3.4': { kind: 'ecdsa', hash: 'sha512' },
  'A.4.1': pss('sha1', 20),
  'A.4.2': pss('sha1', 20), // the defaults spelt out: read, not written
  'A.4.3': pss('sha256', 32), // with a trailer, which is a default: read, not written
};

test.skipIf(!hasSharedVectors).each(hasSharedVectors ? rfcCases('rfc7427-algorithm-identifiers.json') : [])(
  'RFC 7427 $section: $name',
  (row) => {
    const wanted = appendixA[row.section ?? ''];
    expect(Object.keys(appendixA)).toContain(row.section);
    expect(parseAlgorithmIdentifier(hex(row, 'der'))).toEqual(wanted);
    if (wanted !== undefined && row.section !== 'A.4.2' && row.section !== 'A.4.3')
      expect(toHex(algorithmIdentifier(wanted))).toBe(row.der);
  },
);

test('every algorithm there and back', () => {
  const all: SignatureAlgorithm[] = [{ kind: 'ed25519' }, { kind: 'ed448' }];
  for (const [hash, length] of [
    ['sha1', 20],
    ['sha256', 32],
    ['sha384', 48],
    ['sha512', 64],
  ] as const)
    all.push({ kind: 'rsa-pkcs1', hash }, { kind: 'ecdsa', hash }, pss(hash, length));
  for (const algorithm of all)
    expect(parseAlgorithmIdentifier(algorithmIdentifier(algorithm))).toEqual(algorithm);
  // What Libreswan compares ours with.
  expect(toHex(algorithmIdentifier(pss('sha256', 32)))).toBe(
    pssOf(hashField(sha256), maskField(sha256), saltField('20')),
  );
  expect(toHex(algorithmIdentifier({ kind: 'ed25519' }))).toBe('300506032b6570');
  expect(toHex(algorithmIdentifier({ kind: 'ed448' }))).toBe('300506032b6571');
});

const sha256 = '0609608648016503040201';
const sha512 = '0609608648016503040203';
const wrap = (tag: string, ...parts: string[]): string => {
  const inside = parts.join('');
  const length = inside.length / 2;
  return tag + (length < 128 ? '' : '81') + length.toString(16).padStart(2, '0') + inside;
};
const pssOf = (...fields: string[]) => wrap('30', '06092a864886f70d01010a', wrap('30', ...fields));
const hashField = (oid: string, parameters = '0500') => wrap('a0', wrap('30', oid, parameters));
const maskField = (oid: string, parameters = '0500') =>
  wrap('a1', wrap('30', '06092a864886f70d010108', wrap('30', oid, parameters)));
const saltField = (number: string) => wrap('a2', wrap('02', number));

describe('read', () => {
  test.each([
    ['RSA without NULL (RFC 4055 §5)', '300b06092a864886f70d01010b', { kind: 'rsa-pkcs1', hash: 'sha256' }],
    [
      'PSS, hashes without NULL',
      pssOf(hashField(sha256, ''), maskField(sha256, ''), saltField('20')),
      pss('sha256', 32),
    ],
    [
      'PSS, trailer left out',
      pssOf(hashField(sha256), maskField(sha256), saltField('20')),
      pss('sha256', 32),
    ],
    [
      'PSS, trailer spelt out',
      pssOf(hashField(sha256), maskField(sha256), saltField('20'), 'a303020101'),
      pss('sha256', 32),
    ],
  ])('%s', (_, octets, wanted) => {
    expect(parseAlgorithmIdentifier(fromHex(octets))).toEqual(wanted);
  });
});

describe('not read', () => {
  const good = [hashField(sha256), maskField(sha256), saltField('20')];
  test.each([
    ['nothing', ''],
    ['an empty SEQUENCE', '3000'],
    ['an unknown algorithm: MD5 with RSA', '300d06092a864886f70d0101040500'],
    ['rsaEncryption, which is no signature', '300d06092a864886f70d0101010500'],
    ['RSA with other parameters', '300f06092a864886f70d01010b04020102'],
    ['RSA with NULL that is not empty', '300e06092a864886f70d01010b050100'],
    ['RSA with two NULLs', '300f06092a864886f70d01010b05000500'],
    ['ECDSA with NULL (RFC 5758 §3.2)', '300c06082a8648ce3d0403020500'],
    ['Ed25519 with NULL (RFC 8410 §3)', '300706032b65700500'],
    ['trailing octets', '300506032b657000'],
    ['an indefinite length', '308006032b65700000'],
    ['a length not in its shortest form', '30810506032b6570'],
    ['an element cut short', '300606032b6570'],
    ['a SET', '310506032b6570'],
    ['PSS without parameters', '300b06092a864886f70d01010a'],
    ['PSS with NULL', '300d06092a864886f70d01010a0500'],
    ['PSS, mask with another hash', pssOf(hashField(sha256), maskField(sha512), saltField('20'))],
    ['PSS, mask left out, so SHA-1', pssOf(hashField(sha256), saltField('20'))],
    ['PSS, mask with SHA-256 and hash left out', pssOf(maskField(sha256), saltField('20'))],
    [
      'PSS, an unknown mask',
      pssOf(hashField(sha256), wrap('a1', wrap('30', sha256, '0500')), saltField('20')),
    ],
    [
      'PSS, an unknown hash',
      pssOf(hashField('06096086480165030402aa'), maskField('06096086480165030402aa'), saltField('20')),
    ],
    ['PSS, no salt', pssOf(hashField(sha256), maskField(sha256), saltField('00'))],
    ['PSS, the default salt of 20 with SHA-256', pssOf(hashField(sha256), maskField(sha256))],
    ['PSS, a salt of one octet less', pssOf(hashField(sha256), maskField(sha256), saltField('1f'))],
    [
      'PSS, a huge salt (CVE-2021-41990)',
      pssOf(hashField(sha256), maskField(sha256), saltField('7fffffffffffffff')),
    ],
    ['PSS, a salt of 2^32 + 32', pssOf(hashField(sha256), maskField(sha256), saltField('0100000020'))],
    ['PSS, a negative salt', pssOf(hashField(sha256), maskField(sha256), saltField('e0'))],
    ['PSS, a salt with a leading zero', pssOf(hashField(sha256), maskField(sha256), saltField('0020'))],
    ['PSS, another trailer', pssOf(...good, 'a303020102')],
    ['PSS, fields out of order', pssOf(maskField(sha256), hashField(sha256), saltField('20'))],
    ['PSS, a field twice', pssOf(...good, saltField('20'))],
    ['PSS, an unknown field', pssOf(...good, 'a403020101')],
    ['PSS, octets after the parameters', wrap('30', '06092a864886f70d01010a', wrap('30', ...good), '0500')],
  ])('%s', (_, octets) => {
    expect(parseAlgorithmIdentifier(fromHex(octets))).toBeUndefined();
  });
});

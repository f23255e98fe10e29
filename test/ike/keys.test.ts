/** SKEYSEED, SK_* and KEYMAT against the NIST CAVP IKEv2 KDF (SP 800-135) and an ACVP case, on both providers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Crypto, type IkeSuite, Secret } from '../../src/crypto/index.ts';
import { childKeys, concat, firstKeys, ikeKeys, skeyseed } from '../../src/ike/keys.ts';
import { Encr, fromHex, Integ, Prf, toHex } from '../../src/wire/index.ts';
import { describeWithVectors, readVector, vectorPath } from '../wire/vectors.ts';
import { espSuiteOf, ikeSuiteOf, providers } from './suites.ts';

interface Case {
  readonly hash: string;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly shared: Uint8Array;
  readonly sharedNew: Uint8Array;
  readonly spiI: bigint;
  readonly spiR: bigint;
  readonly seed: string;
  readonly dkm: string;
  readonly child: string;
  readonly childWithKe: string;
}

const prfs = new Map([
  ['SHA-1', Prf.HMAC_SHA1],
  ['SHA-256', Prf.HMAC_SHA2_256],
  ['SHA-384', Prf.HMAC_SHA2_384],
  ['SHA-512', Prf.HMAC_SHA2_512],
]);

/** With and without INTEG, with and without a salt. */
const ciphers = [
  { encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA1_96 },
  { encr: Encr.AES_CBC, keyBits: 256, integ: Integ.HMAC_SHA2_256_128 },
  { encr: Encr.AES_CTR, keyBits: 192, integ: Integ.AES_XCBC_96 },
  { encr: Encr.AES_GCM_16, keyBits: 128 },
  { encr: Encr.CHACHA20_POLY1305 },
];

describeWithVectors('01-kdf-ikev2', () => {
  describe.each(providers)('$name', (crypto) => {
    it('derives what NIST CAVP does', () => {
      // SHA-224 is no PRF of IKEv2.
      expect(checkAll(crypto, cavpCases())).toEqual({ checked: 154, filtered: 42 });
    });

    it('derives what an ACVP server wants of libreswan', () => {
      expect(checkAll(crypto, acvpCases())).toEqual({ checked: 1, filtered: 0 });
    });
  });
});

function checkAll(crypto: Crypto, cases: readonly Case[]): { checked: number; filtered: number } {
  const known = cases.filter(({ hash }) => prfs.has(hash));
  for (const each of known) check(crypto, each);
  return { checked: known.length, filtered: cases.length - known.length };
}

function check(crypto: Crypto, each: Case): void {
  const prf = prfs.get(each.hash) ?? 0;
  for (const cipher of ciphers) {
    const suite = ikeSuiteOf(crypto, { prf, ...cipher });
    const esp = espSuiteOf(crypto, cipher);
    if (suite === undefined || esp === undefined) throw new Error(`${crypto.name} lacks ${cipher.encr}`);
    const seed = skeyseed(suite.prf, each.ni, each.nr, each.shared);
    expect(toHex(seed)).toBe(each.seed);
    const keys = ikeKeys(suite, seed, each.ni, each.nr, each.spiI, each.spiR);
    expect(seed).toEqual(new Uint8Array(seed.length));
    const shared = each.shared.slice();
    const first = firstKeys(suite, shared, each.ni, each.nr, each.spiI, each.spiR);
    expect(Object.values(first).map(({ octets }) => toHex(octets))).toEqual(
      Object.values(keys).map(({ octets }) => toHex(octets)),
    );
    expect(shared).toEqual(new Uint8Array(shared.length));
    const { d, ai, ar, ei, er, pi, pr } = keys;
    sameBeginning(concat(...[d, ai, ar, ei, er, pi, pr].map(({ octets }) => octets)), each.dkm);
    expect([d, ai, ar, ei, er, pi, pr].map(({ length }) => length)).toEqual(lengths(suite));

    for (const [shared, expected] of [
      [undefined, each.child] as const,
      [each.sharedNew, each.childWithKe] as const,
    ]) {
      const { initiator, responder } = childKeys(
        suite.prf,
        new Secret(d.octets.slice()),
        esp,
        each.ni,
        each.nr,
        shared,
      );
      sameBeginning(
        concat(initiator.encryption, initiator.integrity, responder.encryption, responder.integrity),
        expected,
      );
    }
  }
}

/** Either may be longer: NIST's DKM is as long as it is, and so are a suite's keys. */
function sameBeginning(octets: Uint8Array, expected: string): void {
  const length = Math.min(octets.length * 2, expected.length);
  expect(toHex(octets).slice(0, length)).toBe(expected.slice(0, length));
}

function lengths({ prf, integ, cipher, keyBits }: IkeSuite): number[] {
  const [p, a, e] = [prf.outputLength, integ?.keyLength ?? 0, keyBits / 8 + cipher.saltLength];
  return [p, a, a, e, e, p, p];
}

/** The `.rsp` form: `[SHA-1]` heads a section, `name = value` lines make a case, a blank line ends it. */
function cavpCases(): Case[] {
  const cases: Case[] = [];
  let hash = '';
  let row = new Map<string, string>();
  for (const line of readFileSync(vectorPath('01-kdf-ikev2/nist-cavp/ikev2.rsp'), 'utf8').split(/\r?\n/)) {
    hash = /^\[(SHA-\d+)\]/.exec(line)?.[1] ?? hash;
    const [, name, value] = /^(.+?) = ([0-9a-f]+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) row.set(name, value);
    if (name !== 'SKEYSEED(Rekey)') continue;
    cases.push(caseOf(hash, row));
    row = new Map();
  }
  return cases;
}

function caseOf(hash: string, row: ReadonlyMap<string, string>): Case {
  const text = (name: string): string => {
    const value = row.get(name);
    if (value === undefined) throw new Error(`a case of ${hash} without ${name}`);
    return value;
  };
  const octets = (name: string): Uint8Array => fromHex(text(name));
  return {
    hash,
    ni: octets('Ni'),
    nr: octets('Nr'),
    shared: octets('g^ir'),
    sharedNew: octets('g^ir (new)'),
    spiI: BigInt(`0x${text('SPIi')}`),
    spiR: BigInt(`0x${text('SPIr')}`),
    seed: text('SKEYSEED'),
    dkm: text('DKM'),
    child: text('DKM(Child SA)'),
    childWithKe: text('DKM(Child SA D-H)'),
  };
}

function acvpCases(): Case[] {
  const file = readVector('01-kdf-ikev2/acvp-libreswan/ikev2.json') as {
    testGroups: { hashAlg: string; tests: Record<string, string>[] }[];
  };
  const names = [
    ['Ni', 'nInit'],
    ['Nr', 'nResp'],
    ['g^ir', 'gir'],
    ['g^ir (new)', 'girNew'],
    ['SPIi', 'spiInit'],
    ['SPIr', 'spiResp'],
    ['SKEYSEED', 'sKeySeed'],
    ['DKM', 'derivedKeyingMaterial'],
    ['DKM(Child SA)', 'derivedKeyingMaterialChild'],
    ['DKM(Child SA D-H)', 'derivedKeyingMaterialDh'],
  ] as const;
  return file.testGroups.flatMap(({ hashAlg, tests }) =>
    tests.map((row) => caseOf(hashAlg, new Map(names.map(([cavp, acvp]) => [cavp, row[acvp] ?? ''])))),
  );
}

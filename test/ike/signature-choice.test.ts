/** Which signature we make, by policy, key, and what the peer announced. RFC 7427 §4, RFC 8420 §2, RFC 9593. */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier, type SignatureAlgorithm } from '../../src/crypto/index.ts';
import { chooseScheme, readSignature, signatureAuth } from '../../src/ike/auth/signature.ts';
import {
  type AnnouncedMethod,
  offerAuthMethods,
  readAuthMethods,
} from '../../src/ike/extensions/auth-methods.ts';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { padEntry } from '../../src/testing/connection.ts';
import { AuthMethod, HashAlgorithm, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';

const pkcs1 = (hash: 'sha1' | 'sha256' | 'sha384' | 'sha512'): SignatureAlgorithm => ({
  kind: 'rsa-pkcs1',
  hash,
});
const pss256: SignatureAlgorithm = { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 };
const pss512: SignatureAlgorithm = { kind: 'rsa-pss', hash: 'sha512', saltLength: 64 };
const ecdsa = (hash: 'sha256' | 'sha384' | 'sha512'): SignatureAlgorithm => ({ kind: 'ecdsa', hash });
const all: SignatureAlgorithm[] = [
  pss512,
  pss256,
  pkcs1('sha256'),
  ecdsa('sha256'),
  ecdsa('sha384'),
  ecdsa('sha512'),
  { kind: 'ed25519' },
];

const rsa = { kind: 'rsa', bits: 2048 } as const;
const ec = (bits: number, curve: string) => ({ kind: 'ec', bits, curve }) as const;
const { SHA2_256, SHA2_384, SHA2_512, IDENTITY, SHA1 } = HashAlgorithm;

/** The choice as text: `14 rsa-pss sha256`. */
function chosen(
  allowed: readonly SignatureAlgorithm[],
  key: Parameters<typeof chooseScheme>[1],
  signatureHashes: readonly number[],
  authMethods: readonly AnnouncedMethod[] = [],
): string | undefined {
  const scheme = chooseScheme(allowed, key, { signatureHashes, authMethods });
  if (scheme === undefined) return undefined;
  const { method, algorithm } = scheme;
  return [method, algorithm.kind, ...('hash' in algorithm ? [algorithm.hash] : [])].join(' ');
}

describe('by the hashes the peer announced', () => {
  it.each([
    ['RSA: the first of the policy', rsa, [SHA2_256, SHA2_384, SHA2_512], '14 rsa-pss sha512'],
    ['RSA: the first the peer has the hash of', rsa, [SHA2_256], '14 rsa-pss sha256'],
    ['RSA: none', rsa, [SHA2_384, IDENTITY], undefined],
    ['P-256: its own hash first', ec(256, 'P-256'), [SHA2_512, SHA2_384, SHA2_256], '14 ecdsa sha256'],
    ['P-384: its own hash first', ec(384, 'P-384'), [SHA2_512, SHA2_384, SHA2_256], '14 ecdsa sha384'],
    ['P-521: its own hash first', ec(521, 'P-521'), [SHA2_512, SHA2_384, SHA2_256], '14 ecdsa sha512'],
    ['P-384: another where the peer lacks it', ec(384, 'P-384'), [SHA2_512], '14 ecdsa sha512'],
    ['P-256: only SHA-1 at the peer', ec(256, 'P-256'), [SHA1], undefined],
    ['Ed25519: needs Identity', { kind: 'ed25519', bits: 256 }, [IDENTITY], '14 ed25519'],
    ['Ed25519: without it', { kind: 'ed25519', bits: 256 }, [SHA2_256], undefined],
    ['Ed448: the policy has none', { kind: 'ed448', bits: 456 }, [IDENTITY], undefined],
    ['unknown hashes are passed over', rsa, [0, 99, 65_535, SHA2_256], '14 rsa-pss sha256'],
  ] as const)('%s', (_what, key, hashes, wanted) => {
    expect(chosen(all, key, hashes)).toBe(wanted);
  });
});

describe('by the order of the policy', () => {
  const everything = [SHA2_256, SHA2_384, SHA2_512, IDENTITY];

  it('of RSA the first counts, be it PKCS#1', () => {
    expect(chosen([pkcs1('sha384'), pss256], rsa, everything)).toBe('14 rsa-pkcs1 sha384');
    expect(chosen([pss256, pkcs1('sha384')], rsa, everything)).toBe('14 rsa-pss sha256');
  });

  it('nothing that fits the key: none', () => {
    expect(chosen([ecdsa('sha256')], rsa, everything)).toBeUndefined();
    expect(chosen([], rsa, everything)).toBeUndefined();
  });
});

describe('to a peer that announced no hashes', () => {
  it.each([
    ['RSA by method 1 only where SHA-1 was asked for', rsa, [pss256, pkcs1('sha1')], '1 rsa-pkcs1 sha1'],
    ['RSA with SHA-2 not at all', rsa, [pss256, pkcs1('sha256')], undefined],
    ['P-256 by method 9', ec(256, 'P-256'), all, '9 ecdsa sha256'],
    ['P-384 by method 10', ec(384, 'P-384'), all, '10 ecdsa sha384'],
    ['P-521 by method 11', ec(521, 'P-521'), all, '11 ecdsa sha512'],
    ['Brainpool not at all', ec(256, 'brainpoolP256r1'), all, undefined],
    ['Ed25519 not at all', { kind: 'ed25519', bits: 256 }, all, undefined],
  ] as const)('%s', (_what, key, allowed, wanted) => {
    expect(chosen(allowed, key, [])).toBe(wanted);
  });
});

describe('by SUPPORTED_AUTH_METHODS', () => {
  const hashes = [SHA2_256, SHA2_384, SHA2_512];

  it('nothing announced allows all; what is announced allows only that', () => {
    expect(chosen(all, rsa, hashes, [])).toBe('14 rsa-pss sha512');
    expect(chosen(all, rsa, hashes, [{ method: 14, algorithm: pss256 }])).toBe('14 rsa-pss sha256');
    expect(chosen(all, rsa, hashes, [{ method: 14 }])).toBe('14 rsa-pss sha512');
    expect(chosen(all, rsa, hashes, [{ method: 2 }])).toBeUndefined();
  });

  it('a hash must be announced besides', () => {
    expect(chosen(all, rsa, [SHA2_512], [{ method: 14, algorithm: pss256 }])).toBeUndefined();
  });

  const offered = (...auth: AuthPolicy[]): readonly Payload[] =>
    offerAuthMethods([
      padEntry({
        name: 'a',
        address: '10.0.0.1',
        auth: { local: auth, remote: auth },
        peer: { address: '10.0.0.2' },
      }),
    ]);

  it('what we announce is what our policy takes', () => {
    const algorithms = [pss256, ecdsa('sha384'), pkcs1('sha1'), { kind: 'ed448' } as const];
    const announced = readAuthMethods(
      offered({ kind: 'psk' }, { kind: 'signature', algorithms }, { kind: 'null' }),
    );
    expect(announced).toEqual([
      { method: AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE },
      { method: AuthMethod.DIGITAL_SIGNATURE, algorithm: pss256 },
      { method: AuthMethod.DIGITAL_SIGNATURE, algorithm: ecdsa('sha384') },
      { method: AuthMethod.ECDSA_SHA_384_P_384 },
      { method: AuthMethod.RSA_DIGITAL_SIGNATURE },
      { method: AuthMethod.DIGITAL_SIGNATURE, algorithm: { kind: 'ed448' } },
      { method: AuthMethod.NULL },
    ]);
  });

  it('without a signature nothing is announced', () => {
    expect(offered({ kind: 'psk' })).toEqual([]);
  });

  /** The notify with these octets. */
  const read = (...data: number[]) =>
    readAuthMethods([
      {
        kind: 'notify',
        protocol: 0,
        spi: new Uint8Array(0),
        type: NotifyType.SUPPORTED_AUTH_METHODS,
        data: Uint8Array.from(data),
      },
    ]);

  it.each([
    ['nothing', [], []],
    ['a shared key', [2, 2], [{ method: 2 }]],
    ['RSA, linked to a CERTREQ', [3, 1, 1], [{ method: 1 }]],
    ['an unknown method', [2, 200], [{ method: 200 }]],
    ['one that is longer than all', [2, 2, 9, 14, 0], [{ method: 2 }]],
    ['length 0: no end otherwise', [0, 14, 2, 2], []],
    ['length 1', [1, 14, 2, 2], []],
    ['one octet left', [2, 2, 3], [{ method: 2 }]],
    ['an unknown algorithm: passed over', [8, 14, 0, 0x30, 3, 6, 1, 42, 2, 2], [{ method: 2 }]],
    ['an algorithm that is no DER: passed over', [5, 14, 0, 0xff, 0xff, 2, 2], [{ method: 2 }]],
  ])('read: %s', (_what, data, wanted) => {
    expect(read(...data)).toEqual(wanted);
  });
});

describe('an AUTH payload', () => {
  it('is read as it was made', () => {
    const signature = Uint8Array.from({ length: 64 }, (_, at) => at);
    const algorithm = pss256;
    const made = signatureAuth({ method: 14, algorithm }, signature);
    expect([...made.data]).toEqual([
      algorithmIdentifier(algorithm).length,
      ...algorithmIdentifier(algorithm),
      ...signature,
    ]);
    expect(readSignature(made)).toEqual({ method: 14, algorithm, signature });
  });

  it.each([9, 10, 11])('of method %i with r or s zero, or of another length, is none', (method) => {
    const half = method === 9 ? 32 : method === 10 ? 48 : 66;
    const ones = new Uint8Array(half).fill(1);
    const zeros = new Uint8Array(half);
    const data = (...parts: Uint8Array[]) => ({ kind: 'auth', method, data: Buffer.concat(parts) }) as const;
    expect(typeof readSignature(data(ones, ones))).toBe('object');
    for (const wrong of [
      data(zeros, ones),
      data(ones, zeros),
      data(ones),
      data(ones, ones, zeros.subarray(0, 1)),
      data(),
    ])
      expect(typeof readSignature(wrong)).toBe('string');
  });
});

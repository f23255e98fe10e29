/** PKCS#7 bundles, and what is remembered. */
import { describe, expect, it } from 'vitest';
import { der, nodeCrypto } from '../../src/crypto/index.ts';
import { CertificateCache, ikePathOptions, PkiError, parseBundle, parseCrl } from '../../src/pki/index.ts';
import { crlDer, issue, keyFrom, now, revoked } from './issue.ts';
import { Bench, noOpenssl } from './keys/tools.ts';
import { three } from './three.ts';

const signedData = Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2);
const data = Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1);

interface Parts {
  readonly type?: Uint8Array;
  readonly inner?: readonly Uint8Array[];
  readonly certificates?: readonly Uint8Array[] | undefined;
  readonly digests?: Uint8Array;
  readonly signers?: Uint8Array;
}

function bundle({
  type = signedData,
  inner = [data],
  certificates,
  digests = der(0x31),
  signers = der(0x31),
}: Parts) {
  const list = certificates === undefined ? [] : [der(0xa0, ...certificates)];
  const content = der(0x30, der(2, Uint8Array.of(1)), digests, der(0x30, ...inner), ...list, signers);
  return der(0x30, type, der(0xa0, content));
}

const { root, sub, leaf } = three();
const ders = [leaf, sub, root].map(({ certificate }) => certificate.der);

describe('a bundle', () => {
  it('gives its certificates in their order', () => {
    expect(parseBundle(bundle({ certificates: ders })).map(({ serial }) => serial[0])).toEqual([3, 2, 1]);
  });

  it.each<[string, Parts, string]>([
    ['no certificates', {}, 'without certificates'],
    ['an empty list of them', { certificates: [] }, 'empty'],
    ['another kind of content', { certificates: ders, type: data }, 'another kind'],
    ['contents', { certificates: ders, inner: [data, der(0xa0, der(4))] }, 'more than it may'],
    ['signers', { certificates: ders, signers: der(0x31, der(0x30)) }, 'signerInfos'],
    ['digests', { certificates: ders, digests: der(0x31, der(0x30)) }, 'digestAlgorithms'],
    ['something else among them', { certificates: [der(0x30)] }, 'missing'],
    ['too many', { certificates: new Array(17).fill(ders[0]) }, 'more than 16'],
  ])('with %s is refused', (_what, parts, why) => {
    expect(() => parseBundle(bundle(parts))).toThrow(PkiError);
    expect(() => parseBundle(bundle(parts))).toThrow(why);
  });

  it('of more octets than it may is refused before it is read', () => {
    expect(() => parseBundle(new Uint8Array(300_000))).toThrow('at most');
  });

  it.skipIf(noOpenssl)('is read as openssl writes it', () => {
    const bench = new Bench();
    try {
      bench.chain();
      const made = bench.openssl(
        'crl2pkcs7',
        '-nocrl',
        '-certfile',
        'leaf.crt',
        '-certfile',
        'sub.crt',
        '-outform',
        'DER',
      );
      expect(parseBundle(made)).toHaveLength(2);
      const empty = bench.openssl('crl2pkcs7', '-nocrl', '-outform', 'DER');
      expect(() => parseBundle(empty)).toThrow(PkiError);
    } finally {
      bench.remove();
    }
  });
});

describe('the cache', () => {
  const input = (cache: CertificateCache, at = now, crls = [] as ReturnType<typeof parseCrl>[]) => ({
    leaf: cache.certificate(leaf.certificate.der),
    intermediates: [cache.certificate(sub.certificate.der)],
    anchors: [root.certificate],
    crls,
    at,
    crypto: nodeCrypto,
    options: ikePathOptions,
  });

  it('parses the same octets once, and others anew', () => {
    const cache = new CertificateCache(nodeCrypto);
    const first = cache.certificate(leaf.certificate.der);
    expect(cache.certificate(Uint8Array.from(leaf.certificate.der))).toBe(first);
    const other = issue({ subject: 'O=Test, CN=east', key: keyFrom(3), issuer: sub, serial: 9 });
    expect(cache.certificate(other.certificate.der)).not.toBe(first);
  });

  it('is not changed by who changes the octets later', () => {
    const cache = new CertificateCache(nodeCrypto);
    const octets = Uint8Array.from(leaf.certificate.der);
    const parsed = cache.certificate(octets);
    octets.fill(0);
    expect(cache.certificate(leaf.certificate.der)).toBe(parsed);
    expect(parsed.der).toEqual(leaf.certificate.der);
  });

  it('remembers an acceptance until it lapses, for the same question', () => {
    const cache = new CertificateCache(nodeCrypto);
    const first = cache.verdict(input(cache));
    expect(first.ok).toBe(true);
    expect(cache.verdict(input(cache, now + 60))).toBe(first);
    const late = cache.verdict(input(cache, Date.UTC(2026, 0, 1, 0, 0, 1) / 1000));
    expect(late.ok ? 'ok' : late.code).toBe('EXPIRED');
    const crl = parseCrl(crlDer({ issuer: sub, revoked: [revoked(3)] }));
    const withCrl = cache.verdict(input(cache, now, [crl]));
    expect(withCrl.ok ? 'ok' : withCrl.code).toBe('REVOKED');
    const stricter = cache.verdict({ ...input(cache), options: { ...ikePathOptions, revocation: 'strict' } });
    expect(stricter.ok).toBe(false);
    const elsewhere = cache.verdict({ ...input(cache), anchors: [] });
    expect(elsewhere.ok).toBe(false);
  });

  it('does not remember a refusal, nor answer for a time before the one it was asked', () => {
    const cache = new CertificateCache(nodeCrypto);
    const early = cache.verdict(input(cache, Date.UTC(2024, 0) / 1000));
    expect(early.ok ? 'ok' : early.code).toBe('NOT_YET_VALID');
    expect(cache.verdict(input(cache)).ok).toBe(true);
    const again = cache.verdict(input(cache, Date.UTC(2024, 0) / 1000));
    expect(again.ok ? 'ok' : again.code).toBe('NOT_YET_VALID');
  });

  it('is bounded, the least used going first', () => {
    const cache = new CertificateCache(nodeCrypto, { certificates: 2, verdicts: 1 });
    const kept = cache.certificate(leaf.certificate.der);
    for (let serial = 10; serial < 20; serial++) {
      cache.certificate(issue({ subject: 'CN=x', key: keyFrom(3), serial }).certificate.der);
      expect(cache.certificate(leaf.certificate.der)).toBe(kept);
    }
    cache.verdict(input(cache));
    cache.verdict({ ...input(cache), options: { ...ikePathOptions, pathLength: 3 } });
    expect(cache.sizes).toEqual({ certificates: 2, verdicts: 1 });
    cache.clear();
    expect(cache.sizes).toEqual({ certificates: 0, verdicts: 0 });
  });
});

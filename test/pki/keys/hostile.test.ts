/** Files cut short and changed: KeyFileError or a reading, nothing else, in bounded time. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyFileError, readKeyFile } from '../../../src/pki/keys/index.ts';
import { Bench, noOpenssl } from './tools.ts';

const bench = new Bench();
const files: Uint8Array[] = [];

beforeAll(() => {
  if (noOpenssl) return;
  bench.chain(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  const pkcs12 = (name: string, ...args: string[]) =>
    bench.openssl(
      'pkcs12',
      '-export',
      '-in',
      'leaf.crt',
      '-inkey',
      'leaf.key',
      '-certfile',
      'ca.crt',
      '-passout',
      'pass:x',
      '-out',
      name,
      '-iter',
      '20',
      ...args,
    );
  pkcs12('a.p12');
  pkcs12('b.p12', '-legacy', '-nomac');
  pkcs12('c.p12', '-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac');
  bench.openssl(
    'pkcs8',
    '-topk8',
    '-in',
    'leaf.key',
    '-passout',
    'pass:x',
    '-iter',
    '20',
    '-outform',
    'DER',
    '-out',
    'e.der',
  );
  bench.openssl('ec', '-in', 'leaf.key', '-outform', 'DER', '-out', 's.der');
  bench.openssl('rsa', '-in', rsa(), '-traditional', '-aes128', '-passout', 'pass:x', '-out', 'r.pem');
  bench.openssl('x509', '-in', 'leaf.crt', '-outform', 'DER', '-out', 'c.der');
  files.push(
    ...['a.p12', 'b.p12', 'c.p12', 'e.der', 's.der', 'r.pem', 'c.der', 'leaf.key'].map((name) =>
      bench.read(name),
    ),
  );
});
afterAll(() => bench.remove());

function rsa(): string {
  bench.openssl('genpkey', '-algorithm', 'RSA', '-out', 'rsa.key');
  return 'rsa.key';
}

function holds(octets: Uint8Array): void {
  try {
    readKeyFile(octets, { passphrase: 'x', effort: 20_000 });
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    expect(error.text.length).toBeGreaterThan(0);
    expect(error.text).not.toContain('\n');
  }
}

describe.skipIf(noOpenssl)(`hostile files (${noOpenssl ?? 'openssl is there'})`, () => {
  it('are whole to begin with', () => {
    for (const file of files) {
      const { certificates, privateKeys } = readKeyFile(file, { passphrase: 'x', effort: 20_000 });
      expect(certificates.length + privateKeys.length).toBeGreaterThan(0);
    }
  });

  it('cut short at every octet', () => {
    for (const file of files)
      for (let length = 0; length < file.length; length += 3) holds(file.subarray(0, length));
  });

  it('with octets changed', () => {
    const change = fc.record({
      file: fc.nat(7),
      changes: fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(change, ({ file, changes }) => {
        const octets = Uint8Array.from(files[file] ?? []);
        for (const [at, octet] of changes) octets[at % octets.length] = octet;
        holds(octets);
      }),
      { numRuns: 3000, seed: 4 },
    );
  });

  it('octets that are nothing, and nesting without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => holds(octets)),
      { numRuns: 2000, seed: 4 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) =>
        holds(Uint8Array.of(0x30, 0x82, octets.length >> 8, octets.length & 255, ...octets)),
      ),
      { numRuns: 2000, seed: 4 },
    );
    const began = performance.now();
    holds(new Uint8Array(1 << 20).fill(0x30));
    holds(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i % 2 === 0 ? 0x30 : 0x80)));
    holds(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i % 2 === 0 ? 0x24 : 0x80)));
    holds(Buffer.from('-----BEGIN CERTIFICATE-----\n'.repeat(40_000)));
    holds(Buffer.from(`-----BEGIN CERTIFICATE-----\n${'A'.repeat(1 << 20)}\n-----END CERTIFICATE-----\n`));
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

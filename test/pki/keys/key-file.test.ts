/** PEM and DER, plain and encrypted; what is wrong is said with its line. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/crypto/index.ts';
import { KeyFileError, readKeyFile } from '../../../src/pki/keys/index.ts';
import { Bench, noOpenssl } from './tools.ts';

const bench = new Bench();
const text = (name: string): string => Buffer.from(bench.read(name)).toString('latin1');
const octets = (content: string): Uint8Array => Buffer.from(content, 'latin1');

beforeAll(() => {
  if (noOpenssl) return;
  bench.chain(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  bench.openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'rsa.key');
  bench.openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384', '-out', 'p384.key');
  bench.openssl('genpkey', '-algorithm', 'ED25519', '-out', 'ed25519.key');
  bench.openssl('genpkey', '-algorithm', 'ED448', '-out', 'ed448.key');
});
afterAll(() => bench.remove());

function failure(content: Uint8Array | string, passphrase?: string): KeyFileError {
  try {
    readKeyFile(typeof content === 'string' ? octets(content) : content, { passphrase, effort: 500_000 });
  } catch (error) {
    if (error instanceof KeyFileError) return error;
    throw error;
  }
  throw new Error('it was read');
}

/** Node's own reading of the same key. */
function expectKey(content: Uint8Array, original: string, passphrase?: string | Secret): void {
  const { privateKeys } = readKeyFile(content, { passphrase });
  expect(privateKeys).toHaveLength(1);
  const [{ pkcs8, spki } = { pkcs8: new Secret(new Uint8Array()), spki: new Uint8Array() }] = privateKeys;
  const theirs = createPrivateKey(text(original));
  const ours = createPrivateKey({ key: Buffer.from(pkcs8.octets), format: 'der', type: 'pkcs8' });
  expect(ours.equals(theirs)).toBe(true);
  expect(Buffer.from(spki)).toEqual(bench.openssl('pkey', '-in', original, '-pubout', '-outform', 'DER'));
}

describe.skipIf(noOpenssl)(`private keys of openssl (${noOpenssl ?? 'openssl is there'})`, () => {
  const formats: [string, string[], string[]][] = [
    ['PKCS#8, PEM', ['pkcs8', '-topk8', '-nocrypt'], ['rsa', 'p384', 'ed25519', 'ed448']],
    ['PKCS#8, DER', ['pkcs8', '-topk8', '-nocrypt', '-outform', 'DER'], ['rsa', 'p384', 'ed25519', 'ed448']],
    ['traditional, PEM', ['pkey', '-traditional'], ['rsa', 'p384']],
    ['traditional, DER', ['pkey', '-traditional', '-outform', 'DER'], ['rsa', 'p384']],
    ['SEC1 without the public key', ['ec', '-no_public'], ['p384']],
    ['a compressed point', ['ec', '-conv_form', 'compressed'], ['p384']],
  ];
  it.each(formats.flatMap(([format, args, keys]) => keys.map((key) => [format, key, args] as const)))(
    '%s: %s',
    (_format, key, args) => {
      const [command = '', ...rest] = args;
      if (rest.includes('compressed')) {
        const [file] = [bench.openssl(command, '-in', `${key}.key`, ...rest)];
        expect(readKeyFile(file).privateKeys).toHaveLength(1);
        return;
      }
      expectKey(bench.openssl(command, '-in', `${key}.key`, ...rest), `${key}.key`);
    },
  );

  const schemes: [string, string[]][] = [
    ['the default', []],
    ['AES-128 and HMAC-SHA-512', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512']],
    ['3DES and HMAC-SHA-1', ['-v2', 'des3', '-v2prf', 'hmacWithSHA1']],
    ['RC2 in PBES2', ['-v2', 'rc2-cbc', '-provider', 'legacy', '-provider', 'default']],
    ['DES in PBES2', ['-v2', 'des-cbc', '-provider', 'legacy', '-provider', 'default']],
    ['scrypt', ['-scrypt']],
    ['PKCS#12 3DES', ['-v1', 'PBE-SHA1-3DES']],
    ['PBES1 MD5 and DES', ['-v1', 'PBE-MD5-DES', '-provider', 'legacy', '-provider', 'default']],
    ['PBES1 SHA-1 and RC2', ['-v1', 'PBE-SHA1-RC2-64', '-provider', 'legacy', '-provider', 'default']],
  ];
  it.each(schemes)('encrypted PKCS#8: %s', (_name, args) => {
    const to = ['pkcs8', '-topk8', '-in', 'rsa.key', '-passout', 'pass:pässword', ...args];
    for (const form of ['PEM', 'DER']) {
      const file = bench.openssl(...to, '-outform', form);
      expectKey(file, 'rsa.key', 'pässword');
      expectKey(file, 'rsa.key', new Secret(new TextEncoder().encode('pässword')));
      expect(failure(file).reason).toBe('PASSPHRASE_MISSING');
      expect(failure(file, 'password').reason).toBe('PASSPHRASE_WRONG');
    }
  });

  it.each(['aes128', 'aes256', 'des3', 'camellia192'])('PEM encrypted itself: %s', (cipher) => {
    const file = bench.openssl(
      ...['rsa', '-traditional', '-in', 'rsa.key', `-${cipher}`, '-passout', 'pass:secret'],
    );
    expect(file.toString()).toContain('DEK-Info');
    expectKey(file, 'rsa.key', 'secret');
    expect(failure(file).reason).toBe('PASSPHRASE_MISSING');
    expect(failure(file, 'wrong').reason).toBe('PASSPHRASE_WRONG');
  });

  it('keys that sign nothing, or in formats of others, are refused by name', () => {
    bench.openssl('genpkey', '-algorithm', 'X25519', '-out', 'x.key');
    expect(failure(bench.read('x.key'))).toMatchObject({
      reason: 'UNSUPPORTED',
      text: expect.stringContaining('X25519'),
    });
    bench.openssl(
      'ecparam',
      '-name',
      'prime256v1',
      '-genkey',
      '-param_enc',
      'explicit',
      '-noout',
      '-out',
      'e.key',
    );
    expect(failure(bench.read('e.key'))).toMatchObject({
      reason: 'UNSUPPORTED',
      text: expect.stringContaining('curve'),
    });
    expect(failure(bench.openssl('rsa', '-in', 'rsa.key', '-pubout')).reason).toBe('EMPTY');
  });

  it('a wrong octet in a key makes no key', () => {
    const file = Buffer.from(bench.openssl('pkey', '-in', 'p384.key', '-outform', 'DER'));
    file[file.length - 20] = (file[file.length - 20] ?? 0) ^ 1;
    expect(failure(file)).toMatchObject({ reason: 'MALFORMED' });
  });
});

describe.skipIf(noOpenssl)('PEM', () => {
  it('several blocks in any order, junk between, CRLF: the certificate of the key is first', () => {
    const mixed = [
      'junk\n',
      text('ca.crt'),
      'Bag Attributes\n',
      text('leaf.key'),
      '\n',
      text('sub.crt'),
      text('leaf.crt'),
      text('ca.crt'),
    ];
    for (const content of [mixed.join(''), mixed.join('').replaceAll('\n', '\r\n')]) {
      const { certificates, privateKeys } = readKeyFile(octets(content));
      expect(privateKeys).toHaveLength(1);
      const subjects = certificates.map((der) => new X509Certificate(der).subject.split('\n').at(-1));
      expect(subjects).toEqual(['CN=leaf', 'CN=sub', 'CN=ca']);
    }
  });

  it('certificates and CRLs, PEM and DER', () => {
    bench.write('index.txt', '');
    bench.write('crlnumber', '01');
    bench.write(
      'ca.cnf',
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n',
    );
    bench.openssl(
      'ca',
      '-gencrl',
      '-config',
      'ca.cnf',
      '-keyfile',
      'ca.key',
      '-cert',
      'ca.crt',
      '-crldays',
      '1',
      '-out',
      'ca.crl',
    );
    const der = bench.openssl('crl', '-in', 'ca.crl', '-outform', 'DER');
    expect(readKeyFile(bench.read('ca.crl')).crls).toEqual([new Uint8Array(der)]);
    expect(readKeyFile(der).crls).toEqual([der]);
    const certificate = new X509Certificate(bench.read('leaf.crt')).raw;
    expect(readKeyFile(certificate).certificates).toEqual([certificate]);
    const trusted = bench.openssl('x509', '-in', 'leaf.crt', '-trustout', '-addtrust', 'clientAuth');
    expect(readKeyFile(trusted).certificates).toEqual([new Uint8Array(certificate)]);
  });

  it('says the line', () => {
    const key = text('leaf.key').split('\n');
    expect(failure(['a', 'b', ...key.slice(0, 3)].join('\n')).text).toMatch(
      /^line 3: BEGIN PRIVATE KEY has no -----END/,
    );
    expect(failure(key.with(1, 'ab*c').join('\n')).text).toBe('line 2: not base64');
    expect(failure(key.with(1, 'abcde').join('\n')).text).toMatch(/^line [1-4]: /);
    expect(failure(`\n\n${text('leaf.key').replace('MIG', 'MIH')}`).text).toMatch(/^line 3: private key: /);
    expect(failure('').reason).toBe('UNSUPPORTED');
    expect(failure('-----BEGIN THING-----\n-----END THING-----\n').reason).toBe('EMPTY');
    expect(
      failure('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n').text,
    ).toContain('ssh-keygen');
  });

  it('no message has anything of a key in it', () => {
    const key = text('leaf.key').split('\n');
    for (const line of [1, 2])
      expect(failure(key.with(line, `${key[line]}!`).join('\n')).text).not.toContain(key[line]);
    expect(JSON.stringify(readKeyFile(bench.read('leaf.key')).privateKeys)).toContain('"pkcs8":"[secret]"');
  });
});

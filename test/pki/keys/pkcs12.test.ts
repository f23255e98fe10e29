/** Every kind of PKCS#12 file that OpenSSL 3, NSS and Java write, opened again. */
import { createHmac, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DerReader, DerTag, der, derNatural, derNull, derOid, explicitTag } from '../../../src/crypto/der.ts';
import { type KeyFile, KeyFileError, readKeyFile } from '../../../src/pki/keys/index.ts';
import { Bench, noKeytool, noNss, noOpenssl } from './tools.ts';

const bench = new Bench();
const utf8 = 'pässwörd€😀';
let [key, leaf, sub, ca]: Buffer[] = [];

beforeAll(() => {
  if (noOpenssl) return;
  bench.chain();
  bench.openssl('pkcs8', '-topk8', '-nocrypt', '-in', 'leaf.key', '-outform', 'DER', '-out', 'leaf.der');
  key = Buffer.from(bench.read('leaf.der'));
  [leaf, sub, ca] = ['leaf', 'sub', 'ca'].map(
    (name) => new X509Certificate(bench.read(`${name}.crt`)).raw,
  ) as [Buffer, Buffer, Buffer];
  bench.write('cas.pem', Buffer.concat([bench.read('ca.crt'), bench.read('sub.crt')]));
});
afterAll(() => bench.remove());

function expectWhole(file: KeyFile): void {
  expect(file.privateKeys.map(({ pkcs8 }) => Buffer.from(pkcs8.octets))).toEqual([key]);
  expect(file.certificates.map((each) => Buffer.from(each))).toEqual([leaf, sub, ca]);
  expect(file.name).toBe('leaf');
}

const reason = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof KeyFileError) return error.reason;
    throw error;
  }
  return 'none';
};

/** OpenSSL 3.0 does not write these yet. RFC 9879. */
function withPbmac1(bare: Uint8Array, hash: 'sha256' | 'sha512', passphrase: string): Uint8Array {
  const authSafe = new DerReader(bare).inside(DerTag.SEQUENCE);
  const version = authSafe.whole(DerTag.INTEGER);
  const contentInfo = authSafe.whole(DerTag.SEQUENCE);
  const content = new DerReader(contentInfo).inside(DerTag.SEQUENCE);
  content.read(DerTag.OBJECT_IDENTIFIER);
  const safe = content.inside(explicitTag(0)).read(DerTag.OCTET_STRING);
  const sequence = (...parts: Uint8Array[]) => der(DerTag.SEQUENCE, ...parts);
  const number = (value: number) => derNatural(Uint8Array.of(value >> 8, value & 0xff));
  const hmac = sequence(derOid(`1.2.840.113549.2.${hash === 'sha256' ? 9 : 11}`), derNull);
  const [salt, length] = [Buffer.from('salt and salt'), hash === 'sha256' ? 32 : 64];
  const derivation = sequence(
    derOid('1.2.840.113549.1.5.12'),
    sequence(der(DerTag.OCTET_STRING, salt), number(3000), number(length), hmac),
  );
  const algorithm = sequence(derOid('1.2.840.113549.1.5.14'), sequence(derivation, hmac));
  const mac = createHmac(hash, pbkdf2Sync(passphrase, salt, 3000, length, hash))
    .update(safe)
    .digest();
  const digest = sequence(algorithm, der(DerTag.OCTET_STRING, mac));
  return sequence(
    version,
    contentInfo,
    sequence(digest, der(DerTag.OCTET_STRING, Buffer.from('NOT USED')), number(1)),
  );
}

function exported(name: string, passphrase: string, ...args: string[]): Uint8Array {
  bench.openssl(
    ...[
      'pkcs12',
      '-export',
      '-in',
      'leaf.crt',
      '-inkey',
      'leaf.key',
      '-certfile',
      'cas.pem',
      '-name',
      'leaf',
    ],
    ...['-passout', `pass:${passphrase}`, '-out', name, ...args],
  );
  return bench.read(name);
}

describe.skipIf(noOpenssl)(`of openssl (${noOpenssl ?? 'openssl is there'})`, () => {
  const pbe = (name: string) => ['-keypbe', name, '-certpbe', name];
  it.each([
    ['the default', 'secret', []],
    ['-legacy', 'secret', ['-legacy']],
    ['3DES', 'secret', pbe('PBE-SHA1-3DES')],
    ['3DES with two keys', 'secret', pbe('PBE-SHA1-2DES')],
    ['RC2-40', 'secret', ['-legacy', ...pbe('PBE-SHA1-RC2-40')]],
    ['RC2-128', 'secret', ['-legacy', ...pbe('PBE-SHA1-RC2-128')]],
    ['RC4-128', 'secret', ['-legacy', ...pbe('PBE-SHA1-RC4-128')]],
    ['RC4-40', 'secret', ['-legacy', ...pbe('PBE-SHA1-RC4-40')]],
    ['AES-128', 'secret', pbe('AES-128-CBC')],
    ['AES-192', 'secret', pbe('AES-192-CBC')],
    ['Camellia', 'secret', pbe('CAMELLIA-256-CBC')],
    ['3DES in PBES2', 'secret', pbe('DES-EDE3-CBC')],
    ['a MAC of SHA-512', 'secret', ['-macalg', 'sha512']],
    ['a MAC of SHA-1', 'secret', ['-macalg', 'sha1']],
    ['one iteration', 'secret', ['-noiter', '-nomaciter']],
    ['no MAC', 'secret', ['-nomac']],
    ['unencrypted, with a MAC', 'secret', pbe('NONE')],
    ['unencrypted, without a MAC', '', [...pbe('NONE'), '-nomac']],
    ['a UTF-8 passphrase', utf8, []],
    ['a UTF-8 passphrase, -legacy', utf8, ['-legacy']],
    ['an empty passphrase', '', []],
    ['an empty passphrase, -legacy', '', ['-legacy']],
  ] as const)('%s', (name, passphrase, args) => {
    const octets = exported(`${name.replaceAll(' ', '-')}.p12`, passphrase, ...args);
    expectWhole(readKeyFile(octets, { passphrase }));
    if (args.includes('-nomac' as never) && args.includes('NONE' as never)) return;
    if (passphrase === '') return expectWhole(readKeyFile(octets));
    expect(reason(() => readKeyFile(octets))).toBe('PASSPHRASE_MISSING');
    expect(reason(() => readKeyFile(octets, { passphrase: 'wrong' }))).toBe('PASSPHRASE_WRONG');
  });

  it('an octet that changed is noticed by the MAC', () => {
    const octets = exported('changed.p12', 'secret', ...pbe('NONE'));
    const at = Buffer.from(octets).indexOf('leaf.test');
    expect(at).toBeGreaterThan(0);
    octets[at] = 0x4c;
    expect(reason(() => readKeyFile(octets, { passphrase: 'secret' }))).toBe('PASSPHRASE_WRONG');
  });

  it.each(['sha256', 'sha512'] as const)('a MAC by PBMAC1 with %s', (hash) => {
    const octets = withPbmac1(exported('bare.p12', 'secret', '-nomac'), hash, 'secret');
    expectWhole(readKeyFile(octets, { passphrase: 'secret' }));
    expect(reason(() => readKeyFile(octets, { passphrase: 'wrong' }))).toBe('PASSPHRASE_WRONG');
    octets[octets.length - 30] = (octets[octets.length - 30] ?? 0) ^ 1;
    expect(reason(() => readKeyFile(octets, { passphrase: 'secret' }))).toBe('PASSPHRASE_WRONG');
  });

  it('its certificates without a key', () => {
    bench.openssl('pkcs12', '-export', '-nokeys', '-in', 'cas.pem', '-passout', 'pass:x', '-out', 'cas.p12');
    const file = readKeyFile(bench.read('cas.p12'), { passphrase: 'x' });
    expect(file.privateKeys).toEqual([]);
    expect(file.certificates.map((each) => Buffer.from(each)).sort(Buffer.compare)).toEqual(
      [ca, sub].flatMap((each) => each ?? []).sort(Buffer.compare),
    );
  });

  it('an iteration count without end is refused at once', () => {
    const octets = Buffer.from(exported('endless.p12', 'secret', '-iter', '70000'));
    const count = Buffer.from([2, 3, 1, 0x11, 0x70]);
    expect(octets.lastIndexOf(count)).toBeGreaterThan(0);
    for (let at = octets.indexOf(count); at >= 0; at = octets.indexOf(count))
      octets.set([2, 3, 0x7f, 0xff, 0xff], at);
    expect(reason(() => readKeyFile(octets, { passphrase: 'secret', effort: 1_000_000 }))).toBe('TOO_BIG');
  });
});

describe.skipIf(noNss)(`of NSS (${noNss ?? 'pk12util is there'})`, { timeout: 120_000 }, () => {
  beforeAll(() => {
    bench.run('certutil', '-N', '-d', 'sql:.', '--empty-password');
    exported('in.p12', 'secret');
    bench.run('pk12util', '-i', 'in.p12', '-d', 'sql:.', '-W', 'secret', '-K', '');
  });

  it.each([
    ['the default', 'secret'],
    ['a UTF-8 passphrase', utf8],
    ['an empty passphrase', ''],
  ] as const)('%s', (name, passphrase) => {
    const file = `nss-${name.replaceAll(' ', '-')}.p12`;
    bench.run('pk12util', '-o', file, '-n', 'leaf', '-d', 'sql:.', '-W', passphrase, '-K', '');
    expectWhole(readKeyFile(bench.read(file), { passphrase }));
  });
});

describe.skipIf(noKeytool)(`of Java (${noKeytool ?? 'keytool is there'})`, { timeout: 60_000 }, () => {
  it('what keytool imports', () => {
    exported('in.p12', 'secret');
    bench.run(
      ...(['keytool', '-importkeystore', '-srckeystore', 'in.p12', '-srcstoretype', 'PKCS12'] as const),
      ...['-srcstorepass', 'secret', '-destkeystore', 'java.p12', '-deststoretype', 'PKCS12'],
      ...['-deststorepass', 'secret', '-alias', 'leaf', '-noprompt'],
    );
    expectWhole(readKeyFile(bench.read('java.p12'), { passphrase: 'secret' }));
  });
});

import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/crypto/index.ts';
import { describeKey, makeHostKey } from '../../src/daemon/host-keys.ts';
import { importKeyFile, writePrivateKey } from '../../src/daemon/key-import.ts';
import { credentialsOf, type KeyStore, loadStore } from '../../src/daemon/key-store.ts';
import { readPassphraseFile } from '../../src/daemon/passphrase.ts';
import { Bench, noOpenssl } from '../pki/keys/tools.ts';

const bench = new Bench();
const secret = (text: string): Secret => new Secret(new TextEncoder().encode(text));
let stores = 0;

/** A directory with the four parts, and these files. */
function store(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const directory = bench.path(`store-${++stores}`);
  for (const part of ['private', 'certs', 'cacerts', 'crls'])
    mkdirSync(join(directory, part), { recursive: true });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  return directory;
}

const counts = ({ certificates, keys, authorities, crls, mistakes }: KeyStore) => ({
  certificates: [...certificates.keys()],
  keys: keys.length,
  authorities: authorities.length,
  crls: crls.length,
  mistakes,
});

beforeAll(() => {
  if (noOpenssl) return;
  bench.chain(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  bench.write('cas.pem', Buffer.concat([bench.read('ca.crt'), bench.read('sub.crt')]));
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
      'the leaf',
    ],
    ...['-passout', 'pass:secret', '-out', 'leaf.p12'],
  );
});
afterAll(() => bench.remove());

describe.skipIf(noOpenssl)(`a store of plain files (${noOpenssl ?? 'openssl is there'})`, () => {
  it('is read by part', () => {
    const directory = store({
      'private/leaf.key': bench.read('leaf.key'),
      'certs/leaf.pem': Buffer.concat([bench.read('leaf.crt'), bench.read('sub.crt'), bench.read('ca.crt')]),
      'certs/peer.crt': bench.read('sub.crt'),
      'cacerts/ca.pem': bench.read('ca.crt'),
      'certs/README': 'not a certificate',
      'certs/.hidden': 'x',
      'certs/leaf.pem~': 'x',
    });
    mkdirSync(join(directory, 'certs', 'old'));
    const loaded = loadStore(directory);
    // The root somebody sent along with a certificate is not trusted for that.
    expect(counts(loaded)).toEqual({
      certificates: ['leaf', 'peer'],
      keys: 1,
      authorities: 2,
      crls: 0,
      mistakes: [],
    });
    expect(loaded.keys[0]?.file).toBe(join(directory, 'private/leaf.key'));
    expect(JSON.stringify(loaded.keys)).toContain('[secret]');
    const credentials = credentialsOf(loaded);
    expect(credentials.keys).toEqual([loaded.keys[0]?.spki]);
    expect(credentials.certificates.get('leaf')).toEqual(loaded.certificates.get('leaf')?.der);
  });

  it('a PKCS#12 file is opened with its passphrase, and brings its authorities', () => {
    const directory = store({ 'private/mine.p12': bench.read('leaf.p12') });
    const asked: string[] = [];
    const passphrases = (file: string) => {
      asked.push(file);
      return secret('secret');
    };
    const loaded = loadStore(directory, { passphrases, files: ['mine.p12', bench.path('leaf.crt')] });
    expect(counts(loaded)).toEqual({
      certificates: ['mine', 'the leaf', 'mine.p12', bench.path('leaf.crt')],
      keys: 1,
      authorities: 2,
      crls: 0,
      mistakes: [],
    });
    expect(asked.filter((file) => file.endsWith('mine.p12'))).toHaveLength(1);
    expect(loadStore(directory).mistakes).toEqual([
      `${directory}/private/mine.p12: it is encrypted: its passphrase is needed`,
    ]);
    expect(loadStore(directory, { passphrases: () => secret('wrong') }).mistakes[0]).toContain(
      'passphrase is wrong',
    );
  });

  it('a key others may read is refused with what to run; the rest is loaded', () => {
    const directory = store({
      'private/a.pem': bench.read('leaf.key'),
      'private/it is b.pem': bench.read('sub.key'),
    });
    chmodSync(join(directory, 'private/it is b.pem'), 0o640);
    const { keys, mistakes } = loadStore(directory);
    expect(keys).toHaveLength(1);
    expect(mistakes).toEqual([expect.stringContaining(`run: chmod 600 '${directory}/private/it is b.pem'`)]);
  });

  it('what cannot be read is named, and nothing else is lost', () => {
    const directory = store({
      'private/bad.pem': '-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n',
      'certs/empty.pem': '',
      'certs/leaf.pem': bench.read('leaf.crt'),
      'cacerts/key.pem': bench.read('ca.key'),
      'cacerts/ca.pem': bench.read('ca.crt'),
      'crls/not.pem': bench.read('ca.crt'),
      'certs/new\nline.pem': 'x',
    });
    symlinkSync('loop.pem', join(directory, 'certs/loop.pem'));
    symlinkSync('/nowhere', join(directory, 'certs/gone.pem'));
    symlinkSync('/dev/zero', join(directory, 'certs/zero.pem'));
    const { certificates, keys, authorities, mistakes } = loadStore(directory, { files: ['/no/such.p12'] });
    expect([certificates.size, keys.length, authorities.length]).toEqual([1, 0, 1]);
    for (const name of [
      'bad.pem: line 2',
      'empty.pem',
      'key.pem',
      'not.pem',
      'loop.pem',
      'gone.pem',
      'zero.pem',
      '/no/such.p12',
    ])
      expect(
        mistakes.filter((mistake) => mistake.includes(name)),
        name,
      ).toHaveLength(1);
    expect(mistakes.join('')).not.toContain('\n');
    expect(mistakes).toHaveLength(9);
  });

  it('one name for two certificates is told, and a directory that is not there is empty', () => {
    const directory = store({ 'certs/x.pem': bench.read('leaf.crt'), 'certs/x.crt': bench.read('sub.crt') });
    expect(loadStore(directory).mistakes).toEqual([
      expect.stringMatching(/x\.pem: the name x has the certificate of .*x\.crt$/),
    ]);
    expect(counts(loadStore('/no/such/store')).mistakes).toEqual([]);
  });
});

describe.skipIf(noOpenssl)('import', () => {
  const request = (directory: string, more: object = {}) => ({
    ...{
      file: bench.path('leaf.p12'),
      directory,
      passphrase: secret('secret'),
      name: undefined,
      force: false,
    },
    ...more,
  });

  it('writes what loadStore reads: the key for its owner alone, the chain with its leaf, the root', () => {
    const directory = join(store(), 'new');
    const { name, files } = importKeyFile(request(directory));
    expect(name).toBe('the leaf');
    expect(files.map(({ path, what }) => [path.slice(directory.length), what])).toEqual([
      ['/private/the leaf.pem', 'private key'],
      ['/certs/the leaf.pem', 'certificate'],
      ['/cacerts/the leaf-ca.pem', 'authority'],
    ]);
    expect(statSync(join(directory, 'private')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'private/the leaf.pem')).mode & 0o777).toBe(0o600);
    expect(counts(loadStore(directory))).toEqual({
      certificates: ['the leaf'],
      keys: 1,
      authorities: 2,
      crls: 0,
      mistakes: [],
    });
    bench.openssl('pkey', '-in', join(directory, 'private/the leaf.pem'), '-noout');
    expect(importKeyFile(request(directory)).files.every(({ present }) => present)).toBe(true);
  });

  it('replaces nothing unless told, and then all or nothing', () => {
    const directory = store({ 'certs/mine.pem': 'something else' });
    expect(() => importKeyFile(request(directory, { name: 'mine' }))).toThrow(
      /mine\.pem is there already; --force/,
    );
    expect(readdirSync(join(directory, 'private'))).toEqual([]);
    importKeyFile(request(directory, { name: 'mine', force: true }));
    expect(loadStore(directory).certificates.has('mine')).toBe(true);
    expect(readdirSync(join(directory, 'certs'))).toEqual(['mine.pem']);
  });

  it.each(['../x', 'a/b', '', '.x', 'a\nb', '-x'])('a name that is none: %j', (name) => {
    expect(() => importKeyFile(request(store(), { name }))).toThrow(/cannot be a file's name/);
  });

  it.each(['README', 'README-east', '.x', 'x.bak', 'x.swp', 'notes.txt', 'x.md', 'x~', 'x.md.pem'])(
    'a name the store would not read: %j',
    (name) => {
      const directory = store();
      expect(() => importKeyFile(request(directory, { name }))).toThrow(
        /(README\*.* are not read as keys|file's name)/,
      );
      expect(() => writePrivateKey(directory, name, secret('x'), false)).toThrow(/cannot be/);
      expect(readdirSync(join(directory, 'certs'))).toEqual([]);
    },
  );

  it('a file whose own name would not be read suggests another, or says what to do', () => {
    const key = { passphrase: undefined, file: bench.write('east.txt', bench.read('leaf.key')) };
    expect(importKeyFile(request(store(), key)).name).toBe('east');
    const readme = { passphrase: undefined, file: bench.write('README', bench.read('leaf.key')) };
    expect(() => importKeyFile(request(store(), readme))).toThrow(/say --name NAME/);
  });

  it('where no directory can be made is said, at once', () => {
    bench.write('plain', '');
    for (const directory of [bench.path('plain'), bench.path('plain/below'), '/proc/x/y'])
      expect(() => importKeyFile(request(directory))).toThrow(/directory/);
    importKeyFile(request(bench.path('several/levels/down')));
    expect(statSync(bench.path('several/levels')).isDirectory()).toBe(true);
  });

  it('certificates alone: roots are authorities, another is a peer’s', () => {
    const directory = store();
    importKeyFile(request(directory, { file: bench.path('ca.crt'), passphrase: undefined }));
    importKeyFile(request(directory, { file: bench.path('leaf.crt'), passphrase: undefined }));
    expect(counts(loadStore(directory))).toMatchObject({ certificates: ['leaf'], keys: 0, authorities: 1 });
    expect(importKeyFile(request(directory)).files.map(({ what }) => what)).toEqual([
      'private key',
      'certificate',
    ]);
  });
});

describe.skipIf(noOpenssl)('host keys', () => {
  it.each([
    [{ type: 'rsa', bits: 2048 }, 'RSA', 'rsasigkey', /^0sAwEAA/],
    [{ type: 'ecdsa', curve: 'P-384' }, 'ECDSA', 'ecdsakey', /^0s.{128}$/],
    [{ type: 'ed25519' }, 'EDDSA', 'eddsakey', /^0s.{44}$/],
  ] as const)('%o', async (wanted, kind, keyword, text) => {
    const directory = store();
    const { pkcs8, spki } = await makeHostKey(wanted);
    const shown = describeKey({ spki, file: '' });
    expect(shown).toMatchObject({ kind, keyword, text: expect.stringMatching(text) });
    const [file] = writePrivateKey(directory, shown.ckaid, pkcs8, false);
    expect(loadStore(directory).keys.map(describeKey)).toEqual([{ ...shown, file: file?.path }]);
    expect(readFileSync(file?.path ?? '', 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });
});

describe('a passphrase in a file', () => {
  it('is its first line, of a file others may not read', () => {
    expect(Buffer.from(readPassphraseFile(bench.write('p', 'sécret\r\nmore\n')).octets).toString()).toBe(
      'sécret',
    );
    expect(() => readPassphraseFile(bench.write('q', 'secret', 0o644))).toThrow(/chmod 600 .*q$/);
    expect(() => readPassphraseFile('/no/such')).toThrow(/ENOENT/);
  });
});

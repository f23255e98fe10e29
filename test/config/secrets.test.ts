import { describe, expect, test } from 'vitest';
import { keyFilePassphrases, parseConfig, sourcesOf } from '../../src/config/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { parseDn } from '../../src/pki/index.ts';
import { formatIdentity, identityOfDn, parseIdentity } from '../../src/policy/identity.ts';
import { pskFor } from '../../src/policy/secrets.ts';
import { conn, errors, facts, good, read, remarks, strongKey, text } from './read.ts';

const keys = (secrets: string) =>
  good('', {}, secrets).policy.preSharedKeys.map(({ secret, selectors, where }) => ({
    key: Buffer.from(secret.octets).toString('latin1'),
    for: selectors.map((each) => (each.kind === 'any' ? '%any' : formatIdentity(each.identity))).join(' '),
    where,
  }));

describe('entries', () => {
  // The examples of ipsec.secrets(5), and the forms of its text.
  test.each([
    ['for everyone', ': PSK "a b"\n', 'a b', ''],
    ['two addresses', '10.1.0.1 10.2.0.1 : PSK "shared"\n', 'shared', '10.1.0.1 10.2.0.1'],
    ['any and a name', '%any @gateway.corp.com : PSK "x"\n', 'x', '%any @gateway.corp.com'],
    [
      'continued lines',
      '@www.xs4all.nl @www.kremvax.ru\n    10.6.0.1 10.7.0.1\n\n# no\n  # more\n\t: PSK\n  "x"\n',
      'x',
      '@www.xs4all.nl @www.kremvax.ru 10.6.0.1 10.7.0.1',
    ],
    ['a colon that touches', '192.0.2.1 %any: PSK "x"\n', 'x', '192.0.2.1 %any'],
    ['IPv6', '2001:DB8::1 2001:db8:0::2 : PSK "x"\n', 'x', '2001:db8::1 2001:db8::2'],
    ['IPv6 that ends in colons', '2001:db8:: %any6 : PSK "x"\n', 'x', '2001:db8:: %any'],
    ['IPv6 with a colon that touches', '2001:db8::1: PSK "x"\n', 'x', '2001:db8::1'],
    ['the unspecified address', '0.0.0.0 : PSK "x"\n', 'x', '%any'],
    [
      'user@host and key IDs',
      'me@example.com @[group] @#0a0b : PSK "x"\n',
      'x',
      'me@example.com @#67726f7570 @#0a0b',
    ],
    ['hexadecimal', ': PSK 0x68_65_6c6C_6f\n', 'hello', ''],
    ['base64', ': PSK 0saGVsbG8=\n', 'hello', ''],
    ['characters', ': PSK 0thello#1\n', 'hello#1', ''],
    ['single quotes', ": PSK 'he\"llo'\n", 'he"llo', ''],
    ['a comment after it', ': psk "x" # my key\n', 'x', ''],
    ['a # in the quotes', ': PSK "x # y"\n', 'x # y', ''],
    ['octets that are not UTF-8', ': PSK "\xff\x80"\n', '\xff\x80', ''],
    ['CRLF', ': PSK "x"\r\n', 'x', ''],
  ])('%s', (_, text, key, names) => {
    expect(keys(text)).toMatchObject([{ key, for: names }]);
  });

  test.each([
    ['"C=CA, O=Ex, CN=east" %any : PSK "x"\n', 'C=CA, O=Ex, CN=east'],
    ['\'/C=CA/O=Ex/CN=east\' : PSK "x"\n', 'C=CA, O=Ex, CN=east'],
    ['CN=east : PSK "x"\n', 'CN=east'],
  ])('a distinguished name: %s', (text, dn) => {
    const [selector] = good('', {}, text).policy.preSharedKeys[0]?.selectors ?? [];
    expect(selector).toEqual({ kind: 'identity', identity: identityOfDn(parseDn(dn)) });
  });

  test('in order, with their places', () => {
    expect(keys('# c\n: PSK "1"\n\n@a : PSK "2"\n').map(({ where }) => where)).toEqual(['/s:2', '/s:4']);
  });

  // From least to most: nobody named, %any, the peer and %any, we alone, we and %any, both.
  test.each([
    ['@a', '@b', 8],
    ['@a', '@c', 6],
    ['@d', '@b', 5],
    ['@e', '@f', 2],
    ['@g', '@h', 3],
    // Of three names a key is for any two, and a stranger is none of them.
    ['@h', '@x', 2],
    ['@h', '@y', 7],
  ])('the most specific key is taken: %s and %s', (local, remote, line) => {
    const lines = [
      ': PSK "1"',
      '%any : PSK "2"',
      '@g @h @i : PSK "3"',
      '@nobody : PSK "4"',
      '@b %any : PSK "5"',
      '@a %any : PSK "6"',
      '@h @y : PSK "7"',
      '@a @b : PSK "8"',
    ];
    const { preSharedKeys } = good('', {}, `${lines.join('\n')}\n`).policy;
    const [ours, theirs] = [parseIdentity(local), parseIdentity(remote)];
    const found = pskFor(preSharedKeys, ours, theirs, '192.0.2.1', '192.0.2.2')?.where;
    expect(found).toBe(`/s:${line}`);
  });

  test('both ends by their distinguished names', () => {
    const [east, west] = ['C=CA, CN=east', 'C=CA, CN=west'];
    const { policy } = good(
      conn(`leftid="${east}"`, `rightid="${west}"`),
      {},
      `: PSK "other"\n"${west}" "${east}" : PSK "${strongKey}"\n`,
    );
    const { local, remote } = policy.pad[0] ?? {};
    expect(pskFor(policy.preSharedKeys, local?.identity, remote?.identity, '', '')?.where).toBe('/s:2');
  });
});

describe('EAP passwords', () => {
  const passwords = (text: string) =>
    [...good('', {}, text).eapPasswords].map(([name, { octets }]) => `${name} ${Buffer.from(octets)}`);

  test('by name', () => {
    const text =
      'carol : EAP "Ar3etTnp"\n"dave smith" eve@example.com : EAP 0sc2VjcmV0\n@moon : NTLM "x y"\n';
    expect(passwords(text)).toEqual([
      'carol Ar3etTnp',
      'dave smith secret',
      'eve@example.com secret',
      '@moon x y',
    ]);
    expect(good('', {}, text).policy.preSharedKeys).toEqual([]);
  });

  test.each([
    [': EAP "topsecret"\n', '/s:1:1: error: an EAP password for nobody'],
    ['%any : EAP "topsecret"\n', '/s:1:1: error: an EAP password for everybody'],
    ['carol : EAP\n', '/s:1:9: error: the password is missing'],
    ['carol : EAP topsecret\n', '/s:1:13: error: the key is not in a form'],
    ['carol : EAP "topsecret" x\n', '/s:1:25: error: something follows the password'],
    ['carol : EAP "\xff topsecret"\n', '/s:1:1: error: the EAP password is not UTF-8'],
    ['carol : EAP "a"\ncarol : EAP "topsecret"\n', '/s:2:1: warning: another EAP password for the same name'],
  ])('%j', (text, message) => {
    const all = remarks(read('', {}, text)).join('\n');
    expect(all).toContain(message);
    expect(all).not.toContain('topsecret');
  });
});

describe('passphrases of key files', () => {
  test.each(['RSA', 'ECDSA', 'EDDSA', 'PKCS8', 'P12', 'PKCS12', 'p12'])('%s', (kind) => {
    const found = keyFilePassphrases(text('', `: ${kind} east.p12 "pass word"\n: PSK "x"\n`));
    expect([...found].map(([file, { octets }]) => `${file}: ${Buffer.from(octets)}`)).toEqual([
      'east.p12: pass word',
    ]);
  });

  test('of a path with blanks, and of none', () => {
    expect([
      ...keyFilePassphrases(text('', ': P12 "/a b/c.p12" 0sc2VjcmV0\n: RSA plain.pem\n')).keys(),
    ]).toEqual(['/a b/c.p12']);
    expect(remarks(good('', {}, ': RSA plain.pem\n'))).toEqual([]);
  });

  test.each([
    [': P12 a "topsecret" x\n', '/s:1:21: error: something follows the passphrase'],
    [': RSA a topsecret\n', '/s:1:9: error: the key is not in a form'],
    [': RSA a "x"\n: P12 a "topsecret"\n', '/s:2:3: warning: another passphrase for the same file'],
  ])('%j', (given, message) => {
    const all = remarks(read('', {}, given)).join('\n');
    expect(all).toContain(message);
    expect(all).not.toContain('topsecret');
  });
});

describe('keys that are easy to guess', () => {
  test.each([
    ['"somesharedkey"', true],
    ['"0123456789abcdef0123456789abcde"', true],
    ['"0123456789abcdef0123456789abcdef"', false],
    ['"0123456789ABCDEF0123456789ABCDEF"', false],
    ['"12345678901234567890123456789012345678"', true],
    ['"123456789012345678901234567890123456789"', false],
    ['"abcdefghijklmnopqrstuvwxyza"', true],
    ['"abcdefghijklmnopqrstuvwxyzab"', false],
    ['"Abcdefghijklmnopqrstuv"', true],
    ['"Abcdefghijklmnopqrstuvw"', false],
    ['"A1bcdefghijklmnopqrstu"', false],
    ['"A1!defghijklmnopqrst"', false],
    ['"A1!defghijklmnopqrs"', true],
    ['0x00112233445566778899aabbccddeeff', false],
    ['0x00112233445566778899aabbccddee', true],
    ['0sABEiM0RVZneImaq7zN3u/w==', false],
    ['0sc29tZXNoYXJlZGtleQ==', true],
  ])('%s: %s', (key, weak) => {
    const all = remarks(good('', {}, `# x\n@a @b : PSK ${key}\n`));
    expect(all).toHaveLength(weak ? 1 : 0);
    if (!weak) return;
    expect(all[0]).toMatch(/^\/s:2:13: warning: this pre-shared key has less than 128 bits of entropy/);
    expect(all[0]).not.toContain(key.slice(3, -1));
  });
});

describe('mistakes', () => {
  test.each([
    ['no colon', '@a PSK "topsecret"\n', '/s:1:1: error: an entry without a colon'],
    ['a colon that touches what follows', '@a :PSK "topsecret"\n', '/s:1:1: error: an entry without a colon'],
    ['nothing after the colon', '@a :\n', '/s:1:1: error: nothing follows the colon'],
    ['no kind', ': "topsecret"\n', '/s:1:3: error: the kind of the secret is missing'],
    ['an unknown kind', ': PKS "topsecret"\n', '/s:1:3: error: there is no such kind of secret'],
    ['no key', ': PSK\n', '/s:1:3: error: the key is missing'],
    ['an empty key', ': PSK ""\n', '/s:1:7: error: the key is empty'],
    ['two keys', ': PSK "topsecret" more\n', '/s:1:19: error: something follows the key'],
    ['an open quote', ': PSK "topsecret\n', '/s:1:7: error: a quote is not closed'],
    ['a bare key', ': PSK topsecret\n', '/s:1:7: error: the key is not in a form'],
    ['odd digits', ': PSK 0x123\n', '/s:1:7: error: the key is not in a form'],
    ['bad base64', ': PSK 0stopsecret\n', '/s:1:7: error: the key is not in a form'],
    ['an indented entry', '  : PSK "topsecret"\n', '/s:1:3: error: an indented line outside an entry'],
    ['a bad name', '10.0.0.300 : PSK "topsecret"\n', "/s:1:1: error: this names no one: '10.0.0.300'"],
    ['a name in quotes', '"topsecret" x : PSK "y"\n', '/s:1:13: warning'],
    [
      'a bad distinguished name',
      '"Q=topsecret" : PSK "x"\n',
      '/s:1:1: error: this names no one: a name in quotes',
    ],
  ])('%s', (_, text, message) => {
    const all = remarks(read('', {}, text));
    expect(
      all.some((each) => each.startsWith(message)),
      all.join('\n'),
    ).toBe(true);
    if (!text.startsWith('"topsecret" x')) expect(all.join('\n')).not.toContain('topsecret');
  });

  test.each([
    ['XAUTH "p"', 'XAUTH secrets are not supported yet: XAUTH is for IKEv1 only'],
    ['PPKS "id" "k"', 'PPKS secrets are not supported yet: post-quantum keys'],
    ['PIN x "p"', 'PIN secrets are not supported yet: smart cards'],
    ['RSA {', 'keys do not stand in this file; it is left out (expected RSA FILE "passphrase")'],
  ])('%s is left out', (text, message) => {
    const all = remarks(good('', {}, `@a : ${text}\n: PSK "${strongKey}"\n`));
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(`/s:1:6: warning: ${message}`);
  });

  test('a name that does not resolve takes its key with it', () => {
    const config = good('', {}, 'gw.example.net %any : PSK "x"\n');
    expect(config.policy.preSharedKeys).toEqual([]);
    expect(remarks(config)[0]).toContain('"gw.example.net" does not resolve; its key is left out');
  });

  test('a name that resolves is its addresses', () => {
    const config = good(
      '',
      { resolved: new Map([['gw.example.net', ['192.0.2.9', '2001:db8::9']]]) },
      'gw.example.net : PSK "x"\n',
    );
    expect(config.policy.preSharedKeys[0]?.selectors).toHaveLength(2);
  });

  test('a file others can read is warned about', () => {
    const secrets = {
      files: new Map([['/s', { text: `: PSK "${strongKey}"\n`, mode: 0o644 }]]),
      includes: new Map(),
    };
    const result = parseConfig(
      { config: sourcesOf({ '/c': '' }), configFile: '/c', secrets, secretsFiles: ['/s'] },
      facts,
      defaultCrypto,
    );
    expect(remarks(result)).toEqual([
      '/s: warning: others than its owner can use this file of secrets: chmod 600 "/s"',
    ]);
  });
});

describe('include', () => {
  const parse = (files: Record<string, string>) =>
    parseConfig(
      { config: sourcesOf({ '/c': '' }), configFile: '/c', secrets: sourcesOf(files), secretsFiles: ['/s'] },
      facts,
      defaultCrypto,
    );

  test('globs, relative, nested', () => {
    const result = parse({
      '/s': 'include d/*.secrets\n: PSK "0"\n',
      '/d/b.secrets': ': PSK "b"\n',
      '/d/a.secrets': 'include x\n',
      '/d/x': ': PSK "x"\n',
    });
    if ('mistakes' in result) throw new Error(remarks(result).join('\n'));
    expect(result.policy.preSharedKeys.map(({ where }) => where)).toEqual([
      '/d/x:1',
      '/d/b.secrets:1',
      '/s:2',
    ]);
  });

  test('circles, depth and missing files', () => {
    expect(errors(parse({ '/s': 'include t\n', '/t': 'include s\n' }))).toEqual([
      '/t:1:9: error: "/s" includes itself',
    ]);
    expect(remarks(parse({ '/s': 'include t\ninclude *.none\n' }))).toEqual([
      '/s:1:9: warning: there is no file "t" to include',
    ]);
    expect(errors(parse({ '/s': 'include\n' }))).toEqual([
      '/s:1:1: error: include takes one file (expected include FILE)',
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { parseConfig, sourcesOf } from '../../src/config/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { formatIdentity, parseIdentity } from '../../src/policy/identity.ts';
import { pskFor } from '../../src/policy/secrets.ts';
import { errors, facts, good, read, remarks } from './read.ts';

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

  test('in order, with their places', () => {
    expect(keys('# c\n: PSK "1"\n\n@a : PSK "2"\n').map(({ where }) => where)).toEqual(['/s:2', '/s:4']);
  });

  test('the most specific key is taken', () => {
    const { preSharedKeys } = good('', {}, ': PSK "0"\n@a %any : PSK "1"\n@a @b : PSK "2"\n').policy;
    const key = (peer: string) =>
      pskFor(preSharedKeys, parseIdentity('@a'), parseIdentity(peer), '192.0.2.1', '192.0.2.2')?.where;
    expect(key('@b')).toBe('/s:3');
    expect(key('@c')).toBe('/s:2');
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
      'a distinguished name',
      '"C=topsecret" : PSK "x"\n',
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

  test.each(['RSA {', 'XAUTH "p"', 'PPKS "id" "k"', 'PKCS12 "f"', 'ECDSA x', 'EAP "p"'])(
    '%s is not supported yet',
    (text) => {
      const all = remarks(good('', {}, `@a : ${text}\n: PSK "x"\n`));
      expect(all).toHaveLength(1);
      expect(all[0]).toMatch(/^\/s:1:6: warning: .* not supported yet/);
    },
  );

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
    const secrets = { files: new Map([['/s', { text: ': PSK "x"\n', mode: 0o644 }]]), includes: new Map() };
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

import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/crypto/secret.ts';
import { parseIdentity } from '../../src/policy/identity.ts';
import type { KeySelector, PreSharedKey } from '../../src/policy/policy.ts';
import { pskFor } from '../../src/policy/secrets.ts';

const selectorOf = (text: string): KeySelector =>
  text === '%any' ? { kind: 'any' } : { kind: 'identity', identity: parseIdentity(text) };

/** A line of ipsec.secrets; `where` is its indices. */
const key = (indices: string): PreSharedKey => ({
  secret: new Secret(new Uint8Array(8)),
  selectors: indices.split(' ').filter(Boolean).map(selectorOf),
  where: indices,
});

const found = (lines: string[], local: string, remote: string | undefined): string | undefined =>
  pskFor(
    lines.map(key),
    parseIdentity(local),
    remote === undefined ? undefined : parseIdentity(remote),
    '192.0.2.1',
    '192.0.2.2',
  )?.where;

describe('ipsec.secrets', () => {
  it.each<[string, string[], string, string | undefined, string | undefined]>([
    ['no index fits all', [''], '@west', '@east', ''],
    ['both ends', ['@west @east'], '@west', '@east', '@west @east'],
    ['both ends, turned round', ['@east @west'], '@west', '@east', '@east @west'],
    ['a group sharing one secret', ['@a @b @west @east'], '@west', '@east', '@a @b @west @east'],
    ['one end of several is not enough', ['@west @north'], '@west', '@east', undefined],
    ['the remote end alone is not enough', ['@east'], '@west', '@east', undefined],
    ['the local end alone fits any peer', ['@west'], '@west', '@east', '@west'],
    ['%any', ['%any'], '@west', '@east', '%any'],
    ['%any beside a stranger', ['@north %any'], '@west', '@east', '@north %any'],
    ['case of names', ['@WEST @East.'], '@west', '@east', '@WEST @East.'],
    [
      'the most specific wins',
      ['', '%any', '@east %any', '@west', '@west %any', '@west @east'],
      '@west',
      '@east',
      '@west @east',
    ],
    ['local and %any before local', ['@west', '@west %any'], '@west', '@east', '@west %any'],
    ['local before remote and %any', ['@east %any', '@west'], '@west', '@east', '@west'],
    ['remote and %any before %any', ['%any', '@east %any'], '@west', '@east', '@east %any'],
    ['%any before no index', ['', '%any'], '@west', '@east', '%any'],
    ['the first of equals', ['@west @east @a', '@west @east @b'], '@west', '@east', '@west @east @a'],
    ['addresses as identities', ['192.0.2.1 192.0.2.2'], '192.0.2.1', '192.0.2.2', '192.0.2.1 192.0.2.2'],
    ['addresses do not stand for names', ['192.0.2.1 192.0.2.2'], '@west', '@east', undefined],
    ['the address of a peer without an identity', ['@west 192.0.2.2'], '@west', undefined, '@west 192.0.2.2'],
    ['nothing', [], '@west', '@east', undefined],
  ])('%s', (_, lines, local, remote, expected) => {
    expect(found(lines, local, remote)).toBe(expected);
  });
});

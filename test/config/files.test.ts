import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ConfigError,
  configOrThrow,
  hostsToResolve,
  readConfig,
  readConfigText,
} from '../../src/config/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { remarks, strongKey } from './read.ts';

const host = { addresses: ['192.0.2.1'], crypto: defaultCrypto };
let folder = '';

const put = (name: string, content: string | Uint8Array, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ikev2-config-'));
  mkdirSync(join(folder, 'd'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading files', () => {
  test('includes by glob, in order, and the secrets octet by octet', () => {
    put('d/2.conf', 'conn two\n\talso=base\n\tright=192.0.2.3\n\tauto=add\n');
    put('d/1.conf', 'conn one\n\talso=base\n\tright=192.0.2.2\n\tauto=add\n');
    const key = [...new Uint8Array(14), 0xff, 0xfe].map((octet, at) => octet || 0x80 + at);
    put('d/notes.txt', 'not a configuration');
    const config = put(
      'ipsec.conf',
      'include d/*.conf\ninclude nothing/*.conf\nconn base\n\tleft=192.0.2.1\n\tauthby=secret\n',
    );
    put('d/x.secrets', Uint8Array.of(...new TextEncoder().encode(': PSK "'), ...key, 0x22, 0x0a));
    const secrets = put('ipsec.secrets', 'include d/*.secrets\n');
    const { policy, notes } = configOrThrow(readConfig({ config, secrets: [secrets], ...host }));
    expect(policy.pad.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(notes).toEqual([]);
    expect(policy.preSharedKeys[0]?.secret.octets).toEqual(Uint8Array.from(key));
  });

  test('secretsfile= counts when no other is given', () => {
    const secrets = put('other.secrets', `: PSK "${strongKey}"\n`, 0o644);
    const config = put('s.conf', `config setup\n\tsecretsfile=${secrets}\n`);
    const result = configOrThrow(readConfig({ config, secrets: [], ...host }));
    expect(result.policy.preSharedKeys).toHaveLength(1);
    expect(remarks(result)).toEqual([
      `${secrets}: warning: others than its owner can use this file of secrets: chmod 600 "${secrets}"`,
    ]);
  });

  test.each([
    ['no file', 'none.conf', 'no such file'],
    ['a folder', 'd', 'it is a directory'],
  ])('%s', (_, name, why) => {
    const path = join(folder, name);
    expect(remarks(readConfig({ config: path, secrets: [], ...host }))).toEqual([
      `${path}: error: cannot read "${path}": ${why}`,
    ]);
  });

  test('what is not text', () => {
    const path = put('binary.conf', Uint8Array.of(0x63, 0xff, 0x00));
    expect(remarks(readConfig({ config: path, secrets: [], ...host }))[0]).toContain('it is not text');
  });

  test('an old file in Latin-1 is read', () => {
    const path = put('latin.conf', new Uint8Array(Buffer.from('# Z\xfcrich\nconn a\n', 'latin1')));
    expect(remarks(readConfig({ config: path, secrets: [], ...host })).join()).not.toContain('not text');
  });

  test('a missing secrets file is an error', () => {
    const config = put('e.conf', '');
    expect(() => configOrThrow(readConfig({ config, secrets: [join(folder, 'none')], ...host }))).toThrow(
      ConfigError,
    );
  });

  test('names to resolve', () => {
    const config = put('h.conf', 'conn a\n\tleft=192.0.2.1\n\tright=peer.example.net\n\tauthby=secret\n');
    expect(hostsToResolve(readConfigText({ config, secrets: [] }))).toEqual(['peer.example.net']);
  });
});

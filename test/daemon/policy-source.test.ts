import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatMistake } from '../../src/config/index.ts';
import { fileSource, readConfiguration } from '../../src/daemon/policy-source.ts';
import { credential } from '../scenes/certificates.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-policy-source-'));
afterAll(() => rmSync(directory, { recursive: true }));
const vector = (name: string) => new URL(`../../vectors/certificates/${name}`, import.meta.url);
let stores = 0;

/** A configuration and a store: files of the vectors by where they go. */
function files(lines: readonly string[], stored: Readonly<Record<string, string>>) {
  const store = join(directory, `store-${++stores}`);
  for (const part of ['private', 'certs', 'cacerts', 'crls'])
    mkdirSync(join(store, part), { recursive: true });
  for (const [to, from] of Object.entries(stored)) {
    cpSync(vector(from), join(store, to));
    chmodSync(join(store, to), 0o600);
  }
  const [config, secrets] = [join(store, 'ipsec.conf'), join(store, 'ipsec.secrets')];
  const all = ['left=127.0.0.1', 'right=198.51.100.2', 'auto=add', ...lines];
  writeFileSync(config, `conn a\n${all.map((line) => `\t${line}\n`).join('')}`);
  writeFileSync(secrets, '', { mode: 0o600 });
  return { config, secrets, store, listen: ['127.0.0.1'] };
}

const east = { 'certs/east.pem': 'east.pem', 'private/east.pem': 'east.key.pem', 'cacerts/ca.pem': 'ca.pem' };

describe('a configuration with a store', () => {
  it('has the key of a certificate, and whoever signs with it', async () => {
    const { policy, secrets, remarks } = await fileSource(files(['leftcert=east'], east))();
    expect(remarks).toEqual([]);
    expect(policy.pad).toMatchObject([{ local: { credential: { key: credential('east').key } } }]);
    expect(secrets?.keys.map(({ key }) => key.spki)).toEqual([credential('east').spki]);
  });

  it('takes a file by its path', async () => {
    const path = join(directory, 'elsewhere.pem');
    cpSync(vector('east.pem'), path);
    const given = files([`leftcert=${path}`], {
      'private/k.pem': 'east.key.pem',
      'cacerts/ca.pem': 'ca.pem',
    });
    const { result } = await readConfiguration(given);
    expect(result).toMatchObject({
      policy: { pad: [{ local: { credential: { key: credential('east').key } } }] },
    });
  });

  it('does not use a key that others may read, and says what to run', async () => {
    const given = files(['leftcert=east'], east);
    const key = join(given.store, 'private/east.pem');
    chmodSync(key, 0o644);
    const { result, store } = await readConfiguration(given);
    expect(store.mistakes).toEqual([expect.stringContaining(`run: chmod 600 ${key}`)]);
    expect('mistakes' in result ? result.mistakes.map(formatMistake) : []).toEqual([
      `${given.config}:5:11: error: conn "a": there is no private key for C=CH, O=ikev2, CN=east.test (expected its key in private/ of the store, in mode 600)`,
    ]);
    await expect(fileSource(given)()).rejects.toThrow(`run: chmod 600 ${key}`);
  });

  it('warns of a certificate that has expired, by the clock of the host', async () => {
    const given = files(['leftcert=expired'], {
      'certs/expired.pem': 'expired.pem',
      'private/expired.pem': 'expired.key.pem',
      'cacerts/ca.pem': 'ca.pem',
    });
    const { remarks } = await fileSource(given)();
    expect(remarks).toEqual([
      `${given.config}:5:11: warning: our certificate C=CH, O=ikev2, CN=expired.test expired on 2021-01-01 (expected a new one)`,
    ]);
  });
});

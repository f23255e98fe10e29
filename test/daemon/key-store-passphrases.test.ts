/** Passphrases of ipsec.secrets: what is wrong with one is told with its place. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfiguration } from '../../src/daemon/policy-source.ts';
import { Bench, noOpenssl } from '../pki/keys/tools.ts';

const bench = new Bench();
beforeAll(() => {
  if (noOpenssl) return;
  bench.chain(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  const files = ['-in', 'leaf.crt', '-inkey', 'leaf.key', '-certfile', 'sub.crt'];
  bench.openssl('pkcs12', '-export', ...files, '-passout', 'pass:secret', '-out', 'leaf.p12');
});
afterAll(() => bench.remove());

async function mistakesWith(p12: string, ...lines: string[]): Promise<readonly string[]> {
  mkdirSync(bench.path('private'), { recursive: true });
  writeFileSync(join(bench.path('private'), p12), bench.read('leaf.p12'), { mode: 0o600 });
  const config = bench.write('ipsec.conf', '');
  const secrets = bench.write('ipsec.secrets', lines.map((line) => `${line}\n`).join(''));
  const files = { config, secrets, store: bench.directory, listen: ['127.0.0.1'] };
  return (await readConfiguration(files)).store.mistakes;
}

describe.skipIf(noOpenssl)(`passphrases of key files (${noOpenssl ?? 'openssl is there'})`, () => {
  const p12 = bench.path('private/clé.p12');

  it('a wrong one is told with the line it stands in', async () => {
    expect(await mistakesWith('clé.p12', '# mine', ': P12 "clé.p12" "Wrong-1"')).toEqual([
      expect.stringMatching(/clé\.p12": the passphrase is wrong.* \(that of .*ipsec\.secrets:2\)$/),
    ]);
    expect((await mistakesWith('clé.p12', `: P12 "${p12}" "Wrong-1"`)).join()).not.toContain('Wrong-1');
    expect(await mistakesWith('clé.p12', `: P12 "${p12}" "secret"`)).toEqual([]);
  });

  it('one that opened nothing is told, without what stands there', async () => {
    const lines = [': RSA nosuch.key "pw"', ': P12 clé.p12 "secret"', ': P12 s3cret-first "nosuch.p12"'];
    const mistakes = await mistakesWith('clé.p12', ...lines, ': RSA nothing-to-open.key');
    const what = 'warning: no key file of this name was opened with this passphrase';
    expect(mistakes).toEqual([
      expect.stringContaining(`${bench.path('ipsec.secrets')}:1:7: ${what}`),
      expect.stringContaining(`${bench.path('ipsec.secrets')}:3:7: ${what}`),
    ]);
    expect(mistakes.join()).not.toContain('s3cret');
  });
});

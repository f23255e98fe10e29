/**
 * 200,000 key pairs of each fast group, without a stall. Node 20's generateKeyPair stops the process for ever after some
 * thousands of rounds and no time limit inside it helps, so they are made in a child process under a watchdog.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeyExchangeMethod } from '../../src/wire/numbers.ts';

const root = join(import.meta.dirname, '../..');
const pairs = 200_000;
const reported = 5_000;
const stallMillis = 30_000;

let built = '';

beforeAll(() => {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  built = mkdtempSync(join(cache, 'key-pairs-'));
  writeFileSync(join(built, 'package.json'), '{"type":"module"}');
  // The child runs JavaScript; other rooms' type errors are not this test's.
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--outDir', built, '--declaration', 'false', '--sourceMap', 'false', '--noCheck'];
  const { stderr, stdout } = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.build.json'), ...options],
    { encoding: 'utf8' },
  );
  expect(stdout + stderr).toBe('');
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

const program = (provider: string, method: number) => `
  import { randomBytes } from 'node:crypto';
  import { ${provider} } from ${JSON.stringify(pathToFileURL(join(built, 'crypto/index.js')).href)};
  const group = ${provider}.keyExchanges.get(${method});
  const { publicValue: peer } = group.generate(randomBytes);
  const seen = new Set();
  for (let made = 1; made <= ${pairs}; made++) {
    const pair = group.generate(randomBytes);
    seen.add(Buffer.from(pair.publicValue).toString('latin1'));
    if (made % 100 === 0) pair.derive(peer);
    else pair.destroy();
    if (made % ${reported} === 0) console.log(made, seen.size);
  }
`;

test.each(['CURVE25519', 'ECP_256'] as const)('%s', async (name) => {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', program('defaultCrypto', KeyExchangeMethod[name])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [last, errors] = ['', ''];
  const stalled = () => child.kill('SIGKILL');
  let watchdog = setTimeout(stalled, stallMillis);
  child.stdout.on('data', (chunk: Buffer) => {
    last = chunk.toString().trim().split('\n').at(-1) ?? last;
    clearTimeout(watchdog);
    watchdog = setTimeout(stalled, stallMillis);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const signal = await new Promise((resolve) => child.on('close', (_code, killed) => resolve(killed)));
  clearTimeout(watchdog);
  expect(errors).toBe('');
  expect(signal, `stalled after ${last || 'no'} pairs`).toBeNull();
  expect(last).toBe(`${pairs} ${pairs}`);
});

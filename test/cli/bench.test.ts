/** `ikev2 bench` as a process of its own, and what it says of options. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../src/load/index.ts';
import { type Built, build } from './built.ts';

let ikev2: Built;
const directory = mkdtempSync(join(tmpdir(), 'ikev2-bench-test-'));
beforeAll(() => {
  ikev2 = build();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const few = ['--count', '8', '--warm-up', '2', '--concurrency', '4'];

async function results(...args: string[]): Promise<Result[]> {
  const { code, stdout, stderr } = await ikev2.run(['bench', '--json', ...args]);
  expect(code, `${stdout}${stderr}`).toBe(0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const said = lines.map((line) => JSON.parse(line) as Result & { readonly kind: string });
  return said.filter(({ kind }) => kind === 'result');
}

describe('ikev2 bench --self', () => {
  it('loads a responder of its own and says what that cost', async () => {
    const [result] = await results('--self', ...few);
    expect(result).toMatchObject({ begun: 8, done: 8, failed: 0 });
    expect(result?.target?.cpuPerHandshake).toBeGreaterThan(0);
    expect(result?.target?.eventLoopDelay?.p99).toBeGreaterThanOrEqual(0);
  });

  it('has a run for each suite and each pace, and writes a page of them', async () => {
    const html = join(directory, 'report.html');
    const suites = ['aes128gcm16-prfsha256-x25519', 'aes128-sha256-ecp256/aes256gcm16'];
    const all = await results(
      '--self',
      '--html',
      html,
      ...few,
      '--concurrency',
      '2',
      ...suites.flatMap((each) => ['--suite', each]),
    );
    expect(all.map(({ suite, pace }) => `${suite} ${'concurrency' in pace ? pace.concurrency : 0}`)).toEqual([
      `${suites[0]} 4`,
      `${suites[0]} 2`,
      `${suites[1]} 4`,
      `${suites[1]} 2`,
    ]);
    expect(all.every(({ done }) => done === 8)).toBe(true);
    expect(readFileSync(html, 'utf8')).toContain('Latency against rate');
  });

  it('spreads the load over threads', async () => {
    const [result] = await results('--self', '--workers', '2', ...few);
    expect(result).toMatchObject({ begun: 8, done: 8, failed: 0 });
  });

  it.each([
    ['half-open', []],
    ['cookie', []],
    ['handshake', ['--provider', 'noble', '--rekey', '--children', '2']],
  ])('in mode %s', async (mode, more) => {
    const [result] = await results('--self', '--mode', mode, ...few, ...more);
    expect(result).toMatchObject({ mode, done: 8, failed: 0 });
  });

  it('by certificate', async () => {
    const pem = (name: string): string => `vectors/certificates/${name}.pem`;
    const files = [
      ...['deep', 'middle', 'deep.key'].flatMap((each) => ['--cert', pem(each)]),
      '--ca',
      pem('ca'),
    ];
    const [result] = await results('--self', ...few, ...files, '--id', '@deep.test');
    expect(result).toMatchObject({ done: 8, failed: 0 });
  });
});

describe('ikev2 bench', () => {
  it('ends with 1, and the reasons, when no handshake came to a good end', async () => {
    const nobody = ['--target', '127.0.0.1:9', '--psk', 'x', '--timeout', '200ms'];
    const { code, stdout, stderr } = await ikev2.run(['bench', ...nobody, '--count', '2', '--warm-up', '0']);
    expect(code).toBe(1);
    expect(stdout).toContain('failed 2: TIMEOUT');
    expect(stdout).toContain('ECONNREFUSED');
    expect(stderr).toContain('no handshake came to a good end');
  });

  it.each([
    [[], /--target .*--self/],
    [['--self', '--target', '127.0.0.1'], /--target .*--self/],
    [['--target', '127.0.0.1'], /--psk .*--cert/],
    [['--target', '127.0.0.1:99999', '--psk', 'x'], /--target/],
    [['--target', '127.0.0.1', '--psk', 'x', '--provider', 'noble'], /--provider .*--self/],
    [['--self', '--rate', '10', '--concurrency', '2'], /--concurrency .*--rate/],
    [['--self', '--rate', '0'], /--rate .*above 0/],
    [['--self', '--concurrency', '1.5'], /--concurrency .*whole number/],
    [['--self', '--duration', '1s', '--count', '5'], /--duration .*--count/],
    [['--self', '--duration', 'soon'], /--duration .*10s/],
    [['--self', '--suite', 'rot13'], /--suite .*rot13/],
    [['--self', '--mode', 'cookie', '--children', '2'], /--children .*cookie/],
    [['--self', '--mode', 'half-open', '--psk', 'x'], /--psk .*half-open/],
    [['--self', '--children', '0', '--rekey'], /--rekey .*--children/],
    [['--target', '127.0.0.1', '--cert', 'package.json'], /--cert .*--ca/],
    [['--self', '--cert', '/nowhere.pem'], /--cert .*nowhere/],
    [['--self', '--source-range', 'here'], /--source-range .*network/],
  ])('refuses %j, naming the option', async (args, why) => {
    const { code, stderr } = await ikev2.run(['bench', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
  });

  it('names a file that holds no key', async () => {
    const pem = ['--cert', 'vectors/certificates/deep.pem', '--ca', 'vectors/certificates/middle.pem'];
    const { code, stderr } = await ikev2.run(['bench', '--target', '127.0.0.1:9', ...pem, '--count', '1']);
    expect(code).toBe(1);
    expect(stderr).toContain('PRIVATE KEY');
  });
});

/** `daemon --record` and `ikev2 replay`, each a process of its own. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, ownAddress } from './built.ts';

let ikev2: Built;
const directory = mkdtempSync(join(tmpdir(), 'ikev2-replay-'));
const path = (name: string): string => join(directory, name);
const peer = ownAddress(1);
const psk = 'a key nobody may see';

beforeAll(() => {
  ikev2 = build();
});

afterAll(() => {
  ikev2.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** A run of two daemons; the initiator is recorded. Its file, and its key log's lines. */
async function recorded(name: string, ...options: string[]) {
  const conn = (port: number): string =>
    `conn net\n\tleft=127.0.0.1\n\tright=${peer}\n\trightikeport=${port}\n\tauthby=secret\n\tauto=add\n`;
  const start = (end: string, address: string, port: number, more: readonly string[] = []) => {
    writeFileSync(path(`${end}.conf`), conn(port));
    writeFileSync(path('secrets'), `: PSK "${psk}"\n`, { mode: 0o600 });
    const files = [
      '--config',
      path(`${end}.conf`),
      '--secrets',
      path('secrets'),
      '--control',
      path(`${end}.sock`),
    ];
    return ikev2.daemon([...files, '--listen', address, '--ike-port', '0', '--nat-port', '0', ...more]);
  };
  const [record, keys, esp] = [path(`${name}.run`), path(`${name}.keys`), path(`${name}.esp`)];
  const responder = await start('responder', peer, 1);
  const traces = ['--record', record, '--key-log', keys, '--esp-key-log', esp];
  const initiator = await start('initiator', '127.0.0.1', responder.listening[0]?.nat ?? 0, [
    ...traces,
    ...options,
  ]);
  const command = (...args: string[]) => ikev2.run([...args, '--control', path('initiator.sock')]);
  expect((await command('up', 'net')).code).toBe(0);
  expect((await command('reload')).code).toBe(0);
  expect((await command('down', 'net')).code).toBe(0);
  for (const { process: child, exit } of [initiator, responder]) {
    child.kill('SIGTERM');
    await exit;
  }
  return { record, text: readFileSync(record, 'utf8'), keys: `${readFileSync(keys)}${readFileSync(esp)}` };
}

/** Every run of hexadecimal digits that is long enough for a key. */
const keysIn = (text: string): string[] => text.match(/[0-9a-f]{32,}/g) ?? [];

describe('a record with secrets', () => {
  it('makes the same run again, octet for octet, and says so', async () => {
    const { record, text } = await recorded('secret', '--with-secrets');
    expect(statSync(record).mode & 0o777).toBe(0o600);
    const { code, stdout, stderr } = await ikev2.run(['replay', record, '--details']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /IKE_AUTH request 1 \{ IDi IDr AUTH .*IKE_AUTH response 1 \{ IDr AUTH .*D\(IKE\)/s,
    );
    expect(stdout).toMatch(/IDi 127\.0\.0\.1\n/);
    expect(stdout).toMatch(/inputs, among them \d+ datagrams; 3 datagrams sent\n/);
    expect(stdout).toMatch(/every octet sent is the same as in the recording\n$/);
    expect(stdout).not.toMatch(/has no end/);
    expect(text).toMatch(/\n\{"now":\d+,"end":true\}\n$/);
    const lines = text.trimEnd().split('\n');
    writeFileSync(record, `${lines.slice(0, -2).join('\n')}\n`);
    const cut = await ikev2.run(['replay', record]);
    expect(cut.code).toBe(0);
    expect(cut.stdout).toMatch(/the recording has no end: cut, or the daemon died\n/);
    expect((await ikev2.run(['replay', directory])).code).toBe(2);
  });

  it('that was changed comes out another', async () => {
    const { record, text } = await recorded('changed', '--with-secrets');
    const lines = text.trimEnd().split('\n');
    const at = lines.findIndex((line) => line.includes('"sent"'));
    const octets = /"octets":\{"hex":"([0-9a-f]+)"\}/.exec(lines[at]?.split('"sent"')[1] ?? '')?.[1] ?? '';
    const [before = '', sent = ''] = lines[at]?.split('"sent"') ?? [];
    const spoilt = octets.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    lines[at] = `${before}"sent"${sent.replace(octets, spoilt)}`;
    writeFileSync(record, lines.join('\n'));
    const { code, stderr } = await ikev2.run(['replay', record]);
    expect(code).toBe(1);
    expect(stderr).toMatch(`line ${at + 1}: datagram 1 of 1 is not the one of the recording`);
  });
});

describe('a record without secrets', () => {
  it('holds no key, no pre-shared key and nothing drawn; replay draws what can be read', async () => {
    const { record, text, keys } = await recorded('plain');
    expect(keysIn(keys).length).toBeGreaterThanOrEqual(4);
    for (const key of keysIn(keys)) expect(text).not.toContain(key);
    const hex = Buffer.from(psk).toString('hex');
    for (const secret of [psk, hex, hex.toUpperCase(), Buffer.from(psk).toString('base64')])
      expect(text).not.toContain(secret);
    expect(text).not.toContain('"drawn"');
    expect(text).toContain('"withheld":"secret"');
    const { code, stdout, stderr } = await ikev2.run(['replay', record]);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`-> ${peer}:\\d+ {2}IKE_SA_INIT request 0 \\{ SA KE Ni `));
    expect(stdout).toMatch(new RegExp(`${peer}:\\d+ -> .*IKE_SA_INIT response 0 \\{ SA KE Nr `));
    expect(stdout).toMatch(/IKE_AUTH request 1 \{ SK \}/);
    expect(stdout).toMatch(/INFORMATIONAL request 2 \{ SK \}/);
    expect(stderr).toMatch(/octets cannot be reproduced/);
  });
});

describe('what is no record', () => {
  it.each([
    ['of a file that is not there', undefined, 2, /ENOENT/],
    ['of nothing', '', 1, /line 1: there is nothing in it/],
    [
      'of an edited beginning',
      '{"now":1,"start":{}}\n',
      1,
      /^ikev2: line 1: this is no line of a recording: start\.now: expected a number\n$/,
    ],
    ['of text', 'hello\n', 1, /line 1: this is no line of a recording/],
    [
      'of a beginning cut off',
      '{"now":1,"input":{"type":"wake"}}\n',
      1,
      /line 1: a recording begins with its start line/,
    ],
  ])('replay %s fails', async (_why, text, exit, says) => {
    if (text !== undefined) writeFileSync(path('broken'), text);
    const { code, stderr } = await ikev2.run([
      'replay',
      text === undefined ? path('nowhere') : path('broken'),
    ]);
    expect({ code, stderr }).toMatchObject({ code: exit, stderr: expect.stringMatching(says) });
  });

  it('--with-secrets alone is a mistake', async () => {
    const { code, stderr } = await ikev2.run(['daemon', '--with-secrets']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/give --record too/);
  });
});

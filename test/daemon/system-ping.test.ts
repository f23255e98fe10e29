import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { echoesOf, pingChild } from '../../src/daemon/ping.ts';
import { systemEchoes } from '../../src/daemon/system-ping.ts';
import { MemoryKernel } from '../../src/kernel/memory.ts';

const place = mkdtempSync(join(tmpdir(), 'ikev2-ping-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A `ping` that tells its arguments. */
function command(name: string, script: string): string {
  const path = join(place, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const addresses = () => ['192.0.2.1', '10.1.0.9', 'fe80::1', '2001:db8:1::9'];
const child = { reqid: 7, local: '10.1.0.0/16', remote: '10.2.0.0/16' };
const saysItsArguments = command(
  'ping',
  `echo "64 bytes from x: $*: time=$#.5 ms"; echo "$*" > ${join(place, 'said')}`,
);

describe('echoes by the system', () => {
  const send = systemEchoes({ command: saysItsArguments, addresses });

  it.each([
    ['the second of a network', child, undefined, '10.1.0.9', '10.2.0.1'],
    ['the only one', { ...child, remote: '10.2.0.4/32' }, undefined, '10.1.0.9', '10.2.0.4'],
    ['the one asked for', child, '10.2.7.7', '10.1.0.9', '10.2.7.7'],
    [
      'the version both ends have',
      { ...child, local: '10.9.0.0/16, 2001:db8:1::/48', remote: '10.2.0.0/16, 2001:db8:2::/48[tcp/80]' },
      undefined,
      '2001:db8:1::9',
      '2001:db8:2::1',
    ],
    ['the first of a range', { ...child, remote: '10.2.0.4-10.2.0.9' }, undefined, '10.1.0.9', '10.2.0.5'],
  ])('to %s', async (_, one, to, from, reached) => {
    const echo = send(one, to);
    expect(echo).toMatchObject({ from, to: reached });
    expect(await echo.reply).toEqual({ from: reached, size: 56, milliseconds: 8.5 });
  });

  it.each([
    ['10.3.0.1', child, 'no child carries an echo to 10.3.0.1: it is not in 10.2.0.0/16'],
    ['-f', child, 'no child carries an echo to -f: it is no address'],
    [
      undefined,
      { ...child, local: '10.7.0.0/16' },
      'no child carries an echo: this host has no address in 10.7.0.0/16; ping from a host that has',
    ],
  ])('not to %s', (to, one, text) => {
    expect(() => send(one, to)).toThrow(text);
  });

  it('say when ping is not installed, when it fails, and when nothing comes back', async () => {
    const by = (path: string) => systemEchoes({ command: path, addresses })(child, undefined).reply;
    await expect(by(join(place, 'none'))).rejects.toThrow(
      'which is not installed: apt-get install iputils-ping',
    );
    await expect(by(command('fails', 'echo "ping: no rights" >&2; exit 2'))).rejects.toThrow(
      'failed (2): ping: no rights',
    );
    await expect(by(command('silent', 'exit 1'))).resolves.toBeUndefined();
  });

  it('are counted and told one by one', async () => {
    const lines: string[] = [];
    const signal = new AbortController().signal;
    const result = await pingChild(send, child, undefined, 2, (line) => lines.push(line), signal);
    expect(result).toEqual({ from: '10.1.0.9', to: '10.2.0.1', sent: 2, received: 2 });
    expect(lines).toEqual([
      '56 octets from 10.2.0.1: seq=1 time=8.5 ms',
      '56 octets from 10.2.0.1: seq=2 time=8.5 ms',
    ]);
  });
});

it('a data plane without packets has no echoes', () => {
  expect(() => echoesOf(new MemoryKernel())).toThrow('the memory data plane carries no packets');
});

/** Who decides on labels, found out once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { decideLabels, hostLabels } from '../../src/daemon/labels.ts';
import { fileSource } from '../../src/daemon/policy-source.ts';
import { hasContext } from '../../src/kernel/selinux.ts';
import { labelFrom } from '../../src/policy/label.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-labels-'));
afterAll(() => rmSync(directory, { recursive: true }));

const host = (selinux: boolean, context: boolean) => ({ selinux: () => selinux, context: () => context });

describe('decided', () => {
  test.each([
    ['auto', host(true, true), 'selinux'],
    ['auto', host(false, false), 'simple'],
    ['auto', host(false, true), 'refused'],
    ['simple', host(true, true), 'simple'],
    ['simple', host(false, true), 'simple'],
    ['selinux', host(true, true), 'selinux'],
  ] as const)('%s %#', (choice, there, decision) => {
    expect(decideLabels(choice, there)).toBe(decision);
  });

  it('selinux where there is none is a mistake', () => {
    expect(() => decideLabels('selinux', host(false, true))).toThrow(/no SELinux policy in force/);
  });
});

test.each([
  ['system_u:system_r:ipsec_t:s0\0', true],
  ['unconfined\n', false],
  ['docker-default (enforce)\n', false],
  ['kernel\0', false],
  ['', false],
])('a context of this process: %j', (text, is) => {
  const own = join(directory, 'current');
  writeFileSync(own, text);
  expect(hasContext(own)).toBe(is);
  expect(hasContext(join(directory, 'none'))).toBe(false);
});

describe('SELinux that cannot be asked', () => {
  const config = join(directory, 'ipsec.conf');
  const load = (...lines: string[]) => {
    const all = ['left=127.0.0.1', 'right=198.51.100.2', 'authby=secret', 'auto=add', ...lines];
    writeFileSync(config, `conn a\n${all.map((line) => `\t${line}\n`).join('')}`);
    return fileSource({ config, secrets: undefined, labels: 'refused', listen: ['127.0.0.1'] })();
  };

  it('is a mistake of a connection with labels, and of no other', async () => {
    await expect(load('policy-label=a:b:c')).rejects.toThrow(
      `${config}:6:15: error: policy-label=: a:b:c: SELinux is in force, and there is no selinuxfs to ask it`,
    );
    expect((await load()).policy.pad).toHaveLength(1);
  });

  it('grants nothing', () => {
    const label = labelFrom('a:b:c');
    expect(hostLabels('refused').access.denial(label, label)?.said).toMatch(/no selinuxfs/);
  });
});

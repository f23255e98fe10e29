/** import, newhostkey and showhostkey as processes, against libreswan's own where it is installed. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, noIpsec, noOpenssl } from '../pki/keys/tools.ts';
import { type Built, build } from './built.ts';

const bench = new Bench();
const passphrase = 'gEheim-sécret';
let ikev2: Built;
beforeAll(() => {
  ikev2 = build();
  if (noOpenssl) return;
  bench.chain();
  bench.openssl(
    ...['pkcs12', '-export', '-in', 'leaf.crt', '-inkey', 'leaf.key', '-certfile', 'ca.crt', '-name', 'leaf'],
    ...['-passout', `pass:${passphrase}`, '-out', 'leaf.p12'],
  );
});
afterAll(() => {
  bench.remove();
});

const imported = (dir: string, ...rest: string[]) => [
  'import',
  bench.path('leaf.p12'),
  '--dir',
  bench.path(dir),
  ...rest,
];

describe.skipIf(noOpenssl)(`ikev2 import (${noOpenssl ?? 'openssl is there'})`, () => {
  it('takes the passphrase from the environment or a file, and says what it wrote', async () => {
    const env = { P12: passphrase };
    const { code, stdout, stderr } = await ikev2.run(imported('a', '--passphrase-env', 'P12'), env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `${bench.path('a')}/private/leaf.pem: private key`,
      `${bench.path('a')}/certs/leaf.pem: certificate`,
      `${bench.path('a')}/cacerts/leaf-ca.pem: authority`,
      'use it as  leftcert=leaf',
      '',
    ]);
    const file = bench.write('pass', `${passphrase}\n`);
    const json = await ikev2.run(imported('b', '--passphrase-file', file, '--name', 'me', '--json'));
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'import',
      name: 'me',
      files: [{ present: false }, {}, {}],
    });
    expect(existsSync(join(bench.path('b'), 'private', 'me.pem'))).toBe(true);
  });

  it('fails with one line, and without the passphrase in it', async () => {
    const without = await ikev2.run(imported('c'));
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(without.stderr).toMatch(
      /^ikev2: .*encrypted.*--passphrase-file FILE or --passphrase-env VARIABLE\n$/,
    );
    const wrong = await ikev2.run(imported('c', '--passphrase-env', 'P12'), { P12: 'wrong-one' });
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ikev2: .*leaf\.p12: the passphrase is wrong/),
    });
    expect(wrong.stderr).not.toContain('wrong-one');
    expect((await ikev2.run(imported('c', '--passphrase-env', 'NO_SUCH_VARIABLE'))).code).toBe(2);
    const open = bench.write('open', passphrase, 0o644);
    expect((await ikev2.run(imported('c', '--passphrase-file', open))).stderr).toContain(`chmod 600 ${open}`);
    expect((await ikev2.run(['import', bench.path('none'), '--dir', bench.path('c')])).stderr).toContain(
      'no such file',
    );
    expect(existsSync(bench.path('c'))).toBe(false);
  });

  it('closes a key that others could use, and says so', async () => {
    const [args, env] = [imported('closed', '--passphrase-env', 'P12'), { P12: passphrase }];
    const key = join(bench.path('closed'), 'private', 'leaf.pem');
    await ikev2.run(args, env);
    for (const more of [[], ['--force']]) {
      chmodSync(key, 0o644);
      const { code, stdout } = await ikev2.run([...args, ...more], env);
      expect(code).toBe(0);
      expect(stdout).toContain(
        `${key}: private key, as it was; others could use it (mode 0644), now it is 0600\n`,
      );
      expect(statSync(key).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps it under a name that leftcert= takes as printed', async () => {
    const env = { P12: passphrase };
    const { stdout } = await ikev2.run(
      imported('named', '--passphrase-env', 'P12', '--name', 'alice.p12.pem'),
      env,
    );
    expect(stdout).toContain('/certs/alice.pem: certificate\n');
    expect(stdout).toContain('leftcert=alice\n');
  });

  it.skipIf(!existsSync('/usr/bin/script'))(
    'asks on a terminal, without showing it, and once more',
    async () => {
      const { code, shown } = await terminal(imported('t'), ['wrong', passphrase.replace('é', 'ö\u007fé')]);
      expect(code).toBe(0);
      expect(shown.match(/Passphrase of /g)).toHaveLength(2);
      expect(shown).toContain('use it as  leftcert=leaf');
      expect(shown).not.toMatch(/wrong|gEheim/);
      const broken = await terminal(imported('u'), ['\u0003']);
      expect(broken.code).toBe(1);
      expect(existsSync(bench.path('u'))).toBe(false);
    },
  );
});

/** Runs a command on a terminal of its own and types an answer at each prompt. */
function terminal(
  args: readonly string[],
  answers: string[],
): Promise<{ code: number | null; shown: string }> {
  const command = [process.execPath, ikev2.main, ...args].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null']);
  let [shown, prompts] = ['', 0];
  child.stdout.on('data', (data) => {
    shown += data;
    for (const seen = shown.split('.p12: ').length - 1; prompts < seen; prompts++)
      child.stdin.write(`${answers[prompts] ?? ''}\r`);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, shown })));
}

describe.skipIf(noOpenssl)('ikev2 newhostkey and showhostkey', () => {
  const dir = ['--dir', bench.path('keys')];

  it('make a key of each kind and show it', async () => {
    const made: string[] = [];
    for (const args of [
      ['--bits', '2048'],
      ['--type', 'ecdsa'],
      ['--type', 'ecdsa', '--curve', 'secp384r1'],
      ['--type', 'ed25519'],
    ]) {
      const { code, stdout, stderr } = await ikev2.run(['newhostkey', ...args, ...dir]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [, ckaid = ''] =
        /with CKAID ([0-9a-f]{40}) was stored in \S+\.pem\n.*showhostkey --left --ckaid/.exec(stdout) ?? [];
      made.push(ckaid);
    }
    const list = await ikev2.run(['showhostkey', '--list', ...dir]);
    for (const ckaid of made) expect(list.stdout).toContain(`ckaid: ${ckaid}\n`);
    const [rsa = '', , , ed = ''] = made;
    const shown = await ikev2.run(['showhostkey', '--right', '--ckaid', rsa.toUpperCase(), ...dir]);
    expect(shown.stdout).toMatch(/^\t# rsakey AwEAA\S{4}\n\trightrsasigkey=0sAwEAA\S+\n$/);
    const [, rsaid = ''] = /rsakey (\S+)/.exec(shown.stdout) ?? [];
    expect((await ikev2.run(['showhostkey', '--right', '--rsaid', rsaid, ...dir])).stdout).toBe(shown.stdout);
    expect((await ikev2.run(['showhostkey', '--left', '--ckaid', ed, ...dir])).stdout).toMatch(
      /\tlefteddsakey=0s\S{44}\n$/,
    );
    expect(await ikev2.run(['showhostkey', '--left', ...dir])).toMatchObject({ code: 2, stdout: '' });
    expect(await ikev2.run(['showhostkey', '--left', '--ckaid', '00', ...dir])).toMatchObject({
      code: 1,
      stdout: '',
    });
  });

  it('list the key that is asked for alone', async () => {
    const [first = '', ...more] = (await ikev2.run(['showhostkey', ...dir])).stdout.trim().split('\n');
    expect(more).toHaveLength(3);
    const [, id = ''] = /ckaid: (\S+)/.exec(first) ?? [];
    const { stdout } = await ikev2.run(['showhostkey', '--ckaid', id, ...dir]);
    expect(stdout).toBe(`${first}\n`);
    expect(await ikev2.run(['showhostkey', '--ckaid', '00', ...dir])).toMatchObject({ code: 1, stdout: '' });
  });

  it.skipIf(!existsSync('/proc/self'))('end where no directory can be made', async () => {
    const { code, stderr } = await ikev2.run(['newhostkey', '--type', 'ecdsa', '--dir', '/proc/x']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^ikev2: \/proc\/x\/private: this directory cannot be made: .*ENOENT.*\n$/,
      ),
    });
  });

  it('refuse a name under which the store would not find it, before the key is made', async () => {
    const args = ['newhostkey', '--type', 'ed25519', '--name', 'README', ...dir];
    expect(await ikev2.run(args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('README*, *.bak'),
    });
  });

  it('warn of a directory of keys that is open to others', async () => {
    const open = bench.path('open-store');
    for (const path of [open, join(open, 'private')]) mkdirSync(path);
    chmodSync(join(open, 'private'), 0o777);
    const made = await ikev2.run(['newhostkey', '--type', 'ed25519', '--name', 'k.pem', '--dir', open]);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(`${open}/private/k.pem\n`) });
    expect(made.stderr).toContain(`(mode 0777); run: chmod 700 ${open}/private\n`);
  });

  it.each([
    [['--bits', '1024']],
    [['--type', 'dsa']],
    [['--curve', 'secp256r1']],
    [['--type', 'ecdsa', '--bits', '3072']],
  ])('refuse %j', async (args) => {
    expect(await ikev2.run(['newhostkey', ...args, ...dir])).toMatchObject({ code: 2, stdout: '' });
  });

  it.skipIf(noIpsec)(
    `show an imported key as ipsec showhostkey does (${noIpsec ?? 'it is there'})`,
    async () => {
      bench.run('certutil', '-N', '-d', 'sql:.', '--empty-password');
      bench.run('pk12util', '-i', 'leaf.p12', '-d', 'sql:.', '-W', passphrase, '-K', '');
      await ikev2.run(imported('same', '--passphrase-env', 'P12'), { P12: passphrase });
      const theirs = (...args: string[]) =>
        bench.run('/usr/libexec/ipsec/showhostkey', '--nssdir', bench.directory, ...args).toString();
      const ours = async (...args: string[]) =>
        (await ikev2.run(['showhostkey', '--dir', bench.path('same'), ...args])).stdout;
      const list = theirs('--list');
      expect(await ours('--list')).toBe(list);
      const [, ckaid = ''] = /ckaid: (\S+)/.exec(list) ?? [];
      for (const what of [['--left'], ['--right'], ['--left', '--pubkey'], ['--pem']])
        expect(await ours(...what, '--ckaid', ckaid)).toBe(theirs(...what, '--ckaid', ckaid));
    },
  );
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { resolveNames } from '../../src/daemon/host.ts';
import { fileSource } from '../../src/daemon/policy-source.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-source-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('an address of --listen that is not ours is named when no end of a conn is this host', async () => {
  const [config, secrets] = [join(directory, 'ipsec.conf'), join(directory, 'ipsec.secrets')];
  writeFileSync(config, 'conn net\n  left=127.0.0.1\n  right=127.0.0.2\n  authby=secret\n  auto=add\n');
  writeFileSync(secrets, ': PSK "a key for this test"\n', { mode: 0o600 });
  await expect(fileSource({ config, secrets, listen: ['192.0.2.77'] })()).rejects.toThrow(
    /neither end is this host.*\n--listen 192\.0\.2\.77: no address of this host, which has .*127\.0\.0\.1/,
  );
});

it('localhost is an address of each family', async () => {
  expect(await resolveNames(['localhost'])).toEqual(new Map([['localhost', ['127.0.0.1', '::1']]]));
});

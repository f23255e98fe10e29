/** Keys and certificates as pluto has them: an NSS database; and PKCS#12 files, by which they travel. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Belongings, Holder } from './holders.ts';
import { scratch } from './mounts.ts';
import { must } from './process.ts';

/** Of the PKCS#12 files. */
export const fileSecret = 'a file of interop';

/** A PKCS#12 file of OpenSSL's: a holder under a name, and those above it. Its path. */
export async function pkcs12(name: string, holder: Holder, above: readonly Holder[] = []): Promise<string> {
  const { path } = scratch('pkcs12');
  const input = join(path, 'all.pem');
  const file = join(path, `${name}.p12`);
  writeFileSync(input, [holder.keyPem, holder.pem, ...above.map(({ pem }) => pem)].join(''), { mode: 0o600 });
  const out = ['-out', file, '-passout', `pass:${fileSecret}`];
  await must(['openssl', 'pkcs12', '-export', '-in', input, '-name', name, '-iter', '2048', ...out]);
  return file;
}

/** The database of a pluto whose certificate is called `pluto`. Its directory, which a pluto gets a copy of. */
export async function nssOf({ holder, others = [], trusts, lists = [] }: Belongings): Promise<string> {
  const { path } = scratch('nss');
  const database = ['-d', `sql:${path}`];
  await must(['certutil', '-N', ...database, '--empty-password']);
  const add = (name: string, trust: string, { pem }: Holder) =>
    must(['certutil', '-A', '-a', '-n', name, '-t', trust, ...database], { input: pem });
  for (const [i, one] of trusts.entries()) await add(`trusted ${i}`, 'CT,,', one);
  for (const [i, one] of others.entries()) await add(`other ${i}`, ',,', one);
  if (holder !== undefined) {
    const import12 = ['pk12util', '-i', await pkcs12('pluto', holder), '-W', fileSecret, '-K', ''];
    await must([...import12, ...database], { within: 60_000 });
  }
  for (const list of lists) {
    const file = join(path, 'crl.der');
    await must(['openssl', 'crl', '-outform', 'DER', '-out', file], { input: list });
    await must(['crlutil', '-I', '-i', file, ...database]);
  }
  return path;
}

export type RawKind = 'rsa' | 'ecdsa';

/** A database with a key that `ipsec newhostkey` made, and the key's line for an end. */
export async function newHostKey(
  kind: RawKind,
  end: 'left' | 'right',
): Promise<{ readonly nss: string; readonly line: string }> {
  const { path: nss } = scratch('nss');
  const at = ['--nssdir', nss];
  await must(['certutil', '-N', '-d', `sql:${nss}`, '--empty-password']);
  const made = await must(['ipsec', 'newhostkey', ...at, '--keytype', kind], { within: 60_000 });
  const [ckaid = made] =
    /[0-9a-f]{40}/.exec(`${made}${await must(['ipsec', 'showhostkey', ...at, '--list'])}`) ?? [];
  return { nss, line: await must(['ipsec', 'showhostkey', ...at, `--${end}`, '--ckaid', ckaid]) };
}

/** openssl and pk12util, which write what we read. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const works = (tool: string, ...args: string[]): boolean => {
  try {
    execFileSync(tool, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
};

/** Why a test is skipped; undefined when it runs. */
export const noOpenssl = works('openssl', 'version') ? undefined : 'openssl is not installed';
export const noNss =
  noOpenssl ?? (works('pk12util', '-H') ? undefined : 'pk12util is not installed (libnss3-tools)');
export const noKeytool = noOpenssl ?? (works('keytool', '-help') ? undefined : 'keytool is not installed');
export const noIpsec =
  noNss ??
  (existsSync('/usr/libexec/ipsec/showhostkey') ? undefined : "libreswan's showhostkey is not installed");

/** A directory that goes away with its test file. */
export class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'ikev2-keys-'));

  path(name: string): string {
    return join(this.directory, name);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  write(name: string, data: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.path(name), data, { mode });
    return this.path(name);
  }

  /** Runs a tool in the directory; its standard output. */
  run(tool: string, ...args: string[]): Buffer {
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return execFileSync(tool, args, { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'], env });
  }

  openssl(...args: string[]): Buffer {
    return this.run('openssl', ...args);
  }

  /** A CA, an intermediate and a leaf: `ca|sub|leaf` `.key` (PKCS#8) and `.crt`. */
  chain(type: readonly string[] = ['rsa:2048']): void {
    this.openssl(
      ...['req', '-x509', '-newkey', ...type, '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '30'],
      ...['-subj', '/O=Test/CN=ca', '-addext', 'basicConstraints=critical,CA:TRUE'],
    );
    this.signed('sub', 'ca', type, 'basicConstraints=critical,CA:TRUE');
    this.signed('leaf', 'sub', type, 'subjectAltName=DNS:leaf.test');
  }

  private signed(name: string, by: string, type: readonly string[], extension: string): void {
    this.openssl(
      'req',
      '-newkey',
      ...type,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/O=Test/CN=${name}`,
    );
    this.write(`${name}.ext`, extension);
    this.openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.crt`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-days',
      '30',
      '-extfile',
      `${name}.ext`,
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

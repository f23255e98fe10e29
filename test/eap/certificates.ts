/** Authorities and ends for EAP-TLS, made by OpenSSL's command. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../src/crypto/index.ts';
import type { EapTlsOptions } from '../../src/daemon/eap-tls.ts';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export interface Credential {
  readonly certificate: Uint8Array;
  readonly privateKey: Secret;
  /** PEM. */
  readonly files: { readonly certificate: string; readonly key: string };
}

/** A directory of certificates; `end` removes it. */
export class Certificates {
  readonly directory = mkdtempSync(join(tmpdir(), 'eap-tls-'));

  authority(name: string): Credential {
    this.#request(name);
    this.#openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-signkey', `${name}.key`, '-days', '30', '-out'],
      ...[`${name}.pem`, '-extfile', this.#extensions('basicConstraints=critical,CA:TRUE')],
    );
    return this.#credential(name);
  }

  issue(name: string, issuer: string, extensions = ''): Credential {
    this.#request(name);
    const text = `basicConstraints=CA:FALSE\nsubjectAltName=DNS:${name}\n${extensions}`;
    this.#openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`],
      ...['-CAcreateserial', '-days', '30', '-out', `${name}.pem`, '-extfile', this.#extensions(text)],
    );
    return this.#credential(name);
  }

  end(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #request(name: string): void {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    this.#openssl('req', '-new', ...key, '-subj', `/O=EAP/CN=${name}`, '-out', `${name}.csr`);
  }

  #extensions(text: string): string {
    const file = join(this.directory, 'extensions');
    writeFileSync(file, `${text}\n`);
    return file;
  }

  #credential(name: string): Credential {
    const file = (kind: string): string => join(this.directory, `${name}.${kind}`);
    const pem = readFileSync(file('pem'), 'utf8');
    const der = createPrivateKey(readFileSync(file('key'))).export({ format: 'der', type: 'pkcs8' });
    return {
      certificate: Uint8Array.from(Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')),
      privateKey: new Secret(Uint8Array.from(der)),
      files: { certificate: file('pem'), key: file('key') },
    };
  }

  #openssl(...options: string[]): void {
    const { status, stderr } = spawnSync('openssl', options, { cwd: this.directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${options.join(' ')}: ${stderr}`);
  }
}

/** Options of an end that shows `own` and trusts `anchor`. */
export function tlsOptions(
  own: Credential,
  anchor: Credential,
  more: Partial<EapTlsOptions> = {},
): EapTlsOptions {
  return {
    certificates: [own.certificate],
    privateKey: own.privateKey,
    anchors: [anchor.certificate],
    checkPeer: () => undefined,
    ...more,
  };
}

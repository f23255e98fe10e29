/** An authority made by OpenSSL's command, HTTP servers to fetch from, and questions about certificates. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../../src/crypto/index.ts';
import { RevocationFetcher } from '../../src/daemon/revocation.ts';
import type { FetchLimits } from '../../src/daemon/revocation-plan.ts';
import type { Answer, RevocationQuestion } from '../../src/ike/actions.ts';
import {
  ikePathOptions,
  parseCertificate,
  parseCrl,
  parseOcspResponse,
  validateChain,
} from '../../src/pki/index.ts';
import { FakeClock } from './fake-clock.ts';

export const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';

const configuration = `[ca]
default_ca=ours
[ours]
database=index.txt
new_certs_dir=.
serial=serial
crlnumber=crlnumber
default_md=sha256
default_days=30
policy=any
x509_extensions=end
unique_subject=no
[any]
commonName=supplied
[end]
basicConstraints=CA:FALSE
subjectAltName=IP:127.0.0.1
[req]
distinguished_name=none
[none]
`;

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** With the certificates `good` and `bad`; `bad` is revoked. */
export class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), 'ikev2-revocation-'));
  readonly certificate: Uint8Array;
  readonly good: Uint8Array;
  readonly bad: Uint8Array;

  constructor() {
    for (const [name, text] of Object.entries({ 'ca.cnf': configuration, 'index.txt': '' }))
      writeFileSync(this.path(name), text);
    for (const name of ['serial', 'crlnumber']) writeFileSync(this.path(name), '1000\n');
    this.openssl(
      ...['req', '-x509', '-config', 'ca.cnf', ...key, '-keyout', 'ca.key', '-out', 'ca.crt'],
      ...['-subj', '/CN=ca', '-days', '30', '-addext', 'basicConstraints=critical,CA:TRUE'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'],
    );
    this.certificate = this.#der('ca');
    this.good = this.#issue('good');
    this.bad = this.#issue('bad');
    this.#ca('-revoke', 'bad.crt');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** DER. */
  crl(...validity: string[]): Uint8Array {
    this.#ca('-gencrl', ...(validity.length > 0 ? validity : ['-crldays', '7']), '-out', 'crl.pem');
    return this.openssl('crl', '-in', 'crl.pem', '-outform', 'DER');
  }

  /** What its responder answers about a certificate to the request (DER). */
  ocsp(request: Uint8Array, ...validity: string[]): Uint8Array {
    writeFileSync(this.path('request'), request);
    this.openssl('ocsp', ...this.#responder, '-reqin', 'request', '-respout', 'response', ...validity);
    return new Uint8Array(readFileSync(this.path('response')));
  }

  /** A real responder; `end` it. */
  async responder(): Promise<Responder> {
    const child = spawn('openssl', ['ocsp', '-port', '0', '-ndays', '1', ...this.#responder], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for await (const chunk of child.stdout) {
      const port = /^ACCEPT .*:(\d+) /m.exec(String(chunk))?.[1];
      if (port !== undefined) return new Responder(child, `http://127.0.0.1:${port}/`);
    }
    throw new Error('openssl ocsp does not listen');
  }

  question(certificate: Uint8Array, uris: Partial<RevocationQuestion>): RevocationQuestion {
    return { certificate, issuer: this.certificate, crlUris: [], ocspUris: [], ...uris };
  }

  /** What the engine would make of an answer. */
  verdict(certificate: Uint8Array, answer: Answer, at: number): string {
    if (!answer.ok) return answer.errno;
    const verdict = validateChain({
      leaf: parseCertificate(certificate),
      intermediates: [],
      anchors: [parseCertificate(this.certificate)],
      crls: (answer.crls ?? []).map(parseCrl),
      ocsp: (answer.ocspResponses ?? []).map(parseOcspResponse),
      at,
      crypto: nodeCrypto,
      options: ikePathOptions,
    });
    return verdict.ok ? verdict.revocation : verdict.code;
  }

  openssl(...options: string[]): Uint8Array {
    return new Uint8Array(execFileSync('openssl', options, { cwd: this.directory, stdio: 'pipe' }));
  }

  end(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  get #responder(): string[] {
    return ['-index', 'index.txt', '-CA', 'ca.crt', '-rsigner', 'ca.crt', '-rkey', 'ca.key'];
  }

  #issue(name: string): Uint8Array {
    this.openssl(
      ...['req', '-new', '-config', 'ca.cnf', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`],
      ...['-subj', `/CN=${name}`],
    );
    this.#ca('-batch', '-notext', '-in', `${name}.csr`, '-out', `${name}.crt`);
    return this.#der(name);
  }

  #ca(...options: string[]): void {
    this.openssl('ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', ...options);
  }

  #der(name: string): Uint8Array {
    return this.openssl('x509', '-in', `${name}.crt`, '-outform', 'DER');
  }
}

export class Responder {
  readonly #child: ChildProcess;
  readonly uri: string;

  constructor(child: ChildProcess, uri: string) {
    this.#child = child;
    this.uri = uri;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** An HTTP server that remembers what it was asked. */
export class Web {
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server | HttpsServer;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(server: Server | HttpsServer) {
    this.#server = server;
    server.on('request', (request) => {
      this.requests.push(request);
      this.#waiting = this.#waiting.filter(({ count, resolve }) => {
        if (this.requests.length < count) return true;
        resolve();
        return false;
      });
    });
  }

  static async serve(answer: RequestListener): Promise<Web> {
    return Web.on(createServer(answer));
  }

  static async on(server: Server | HttpsServer): Promise<Web> {
    const web = new Web(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return web;
  }

  uri(path = '/', scheme = 'http'): string {
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  get paths(): (string | undefined)[] {
    return this.requests.map(({ url }) => url);
  }

  /** Once that many requests have come. */
  async asked(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Stands still but for its wall time, which OpenSSL goes by. */
export class WallClock extends FakeClock {
  override unixTime(): number {
    return Date.now() + this.time;
  }
}

/** A fetcher and what it logged. */
export class Bench {
  readonly clock = new WallClock();
  readonly lines: string[] = [];
  limits: FetchLimits | undefined = { crlTimeout: 5_000, ocspTimeout: 2_000, ocspMethod: 'get' };
  readonly fetcher = new RevocationFetcher({
    crypto: nodeCrypto,
    clock: this.clock,
    limits: () => this.limits,
    log: (text) => this.lines.push(text),
  });

  ask(...of: RevocationQuestion[]): Promise<Answer> {
    return this.fetcher.answer({ kind: 'revocation', of });
  }

  get at(): number {
    return Math.floor(this.clock.unixTime() / 1000);
  }
}

/**
 * Against programs nobody here wrote: eapol_test (wpa_supplicant's peer) asks our authenticator, our peer asks hostapd's server.
 * RADIUS carries EAP between them and, in its last packet, the server's key: eapol_test fails when its own is another.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tlsAuthenticator, tlsPeer } from '../../src/daemon/eap-tls.ts';
import {
  type AuthenticatorOffer,
  eapAuthenticator,
  eapPeer,
  md5Authenticator,
  md5Peer,
  mschapv2Authenticator,
  mschapv2Peer,
  type PeerOffer,
} from '../../src/eap/index.ts';
import { Certificates, type Credential, hasOpenssl, tlsOptions } from './certificates.ts';
import { crypto, mskOf, random, reason, secret } from './converse.ts';
import { askRadius, RadiusServer } from './radius.ts';

const starts = (program: string): boolean => spawnSync(program, ['-v']).error === undefined;
const shared = 'radius';
const password = 'open sesame';
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const made = new Certificates();
const scratch = mkdtempSync(join(tmpdir(), 'eap-'));
let root: Credential;
let gate: Credential;
let ali: Credential;
beforeAll(() => {
  if (!hasOpenssl) return;
  root = made.authority('root');
  gate = made.issue('gate', 'root', 'extendedKeyUsage=serverAuth');
  ali = made.issue('ali', 'root', 'extendedKeyUsage=clientAuth');
});
afterAll(() => {
  made.end();
  rmSync(scratch, { recursive: true, force: true });
});

describe.skipIf(!hasOpenssl || !starts('eapol_test'))('our authenticator (needs eapol_test, openssl)', () => {
  /** What eapol_test says of a network block, and our outcome. */
  async function asks(offers: AuthenticatorOffer[], network: string, more: string[] = []) {
    const open = (identifier: number) => eapAuthenticator({ identifier, methods: () => offers });
    const server = new RadiusServer(open, shared);
    const port = await server.listen();
    const file = join(scratch, 'network.conf');
    writeFileSync(file, `network={\nkey_mgmt=WPA-EAP\nidentity="ali"\n${network}\n}\n`);
    const options = ['-c', file, '-a', '127.0.0.1', '-p', `${port}`, '-s', shared, '-t', '10', ...more];
    const said = await promisify(execFile)('eapol_test', options).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? '',
    );
    server.close();
    return { said, outcome: server.outcome, success: /^SUCCESS$/m.test(said) };
  }

  const withPassword = (word: string): string => `password="${word}"`;
  const mschapv2 = mschapv2Authenticator({
    name: 'gate',
    password: (name) => (name === 'ali' ? secret(password) : undefined),
    random,
    crypto,
  });

  it('MSCHAPv2, with the same key', async () => {
    const { said, outcome, success } = await asks([mschapv2], `eap=MSCHAPV2\n${withPassword(password)}`);
    expect(outcome).toMatchObject({ ok: true, identity: 'ali' });
    expect(said).toMatch(/MPPE keys OK: 1 {2}mismatch: 0/);
    expect(success).toBe(true);
  });

  it('MSCHAPv2 with a wrong password', async () => {
    const { outcome, success } = await asks([mschapv2], `eap=MSCHAPV2\n${withPassword('no')}`);
    expect(reason(outcome)).toBe('wrong password or unknown name');
    expect(success).toBe(false);
  });

  it('MD5, after a Nak of MSCHAPv2', async () => {
    const md5 = md5Authenticator({ name: 'gate', password: secret(password), random, crypto });
    // -n: it knows of no key.
    const { said, outcome } = await asks([mschapv2, md5], `eap=MD5\n${withPassword(password)}`, ['-n']);
    expect(outcome).toMatchObject({ ok: true, method: 4 });
    expect(said).toMatch(/CTRL-EVENT-EAP-SUCCESS/);
  });

  for (const version of versions) {
    it.each([1024, 200])(`TLS, ${version}, in pieces of %i octets, with the same key`, async (fragment) => {
      const network = `eap=TLS\nca_cert="${root.files.certificate}"\nclient_cert="${ali.files.certificate}"
private_key="${ali.files.key}"\nfragment_size=${fragment}
phase1="tls_disable_tlsv1_3=${version === 'TLSv1.3' ? 0 : 1}"`;
      const offer = tlsAuthenticator(tlsOptions(gate, root, { fragment, versions: [version, version] }));
      const { said, outcome } = await asks([offer], network);
      expect(outcome, said).toMatchObject({ ok: true, method: 13 });
      expect(said).toMatch(/MPPE keys OK: 1 {2}mismatch: 0/);
    });
  }

  it('TLS with a certificate of another authority', async () => {
    const other = made.authority('other');
    const network = `eap=TLS\nca_cert="${root.files.certificate}"\nclient_cert="${other.files.certificate}"
private_key="${other.files.key}"`;
    const { outcome, success } = await asks([tlsAuthenticator(tlsOptions(gate, root))], network);
    expect(reason(outcome)).toMatch(/^the peer's certificate: /);
    expect(success).toBe(false);
  });

  it('TLS shown to a peer that does not trust us: its alert is understood', async () => {
    const other = made.authority('elsewhere');
    const network = `eap=TLS\nca_cert="${other.files.certificate}"\nclient_cert="${ali.files.certificate}"
private_key="${ali.files.key}"`;
    const { outcome, success } = await asks([tlsAuthenticator(tlsOptions(gate, root))], network);
    expect(reason(outcome)).toMatch(/^TLS: .*alert unknown ca/);
    expect(success).toBe(false);
  });
});

describe.skipIf(!hasOpenssl || !starts('hostapd'))('our peer (needs hostapd, openssl)', () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const each of running.splice(0)) each.kill('SIGKILL');
  });

  async function freePort(): Promise<number> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    return port;
  }

  async function hostapd(user: string, more = ''): Promise<number> {
    const port = await freePort();
    const write = (name: string, text: string): string => {
      writeFileSync(join(scratch, name), text);
      return join(scratch, name);
    };
    const users = write('users', `"ali" ${user}\n`);
    const clients = write('clients', `127.0.0.1 ${shared}\n`);
    const file = write(
      'hostapd.conf',
      `driver=none\ninterface=none\nlogger_stdout=-1\nlogger_stdout_level=0\neap_server=1
eap_user_file=${users}\nradius_server_clients=${clients}\nradius_server_auth_port=${port}
ca_cert=${root.files.certificate}\nserver_cert=${gate.files.certificate}\nprivate_key=${gate.files.key}\n${more}\n`,
    );
    running.push(spawn('hostapd', [file], { stdio: 'ignore' }));
    return port;
  }

  const ask = (port: number, ...methods: PeerOffer[]) =>
    askRadius(eapPeer({ identity: 'ali', methods }), 'ali', port, shared);
  const mschapv2 = (word: string) => mschapv2Peer({ name: 'ali', password: secret(word), random, crypto });

  it('MSCHAPv2, with the same key', async () => {
    const { outcome, keys } = await ask(await hostapd(`MSCHAPV2 "${password}"`), mschapv2(password));
    expect(outcome).toMatchObject({ ok: true });
    expect(mskOf(outcome)).toBe(keys.padEnd(128, '0'));
  });

  it('MSCHAPv2 with a wrong password', async () => {
    const { outcome } = await ask(await hostapd(`MSCHAPV2 "${password}"`), mschapv2('no'));
    expect(reason(outcome)).toMatch(/^the authenticator refused: E=691/);
  });

  it('MD5, after our Nak of MSCHAPv2', async () => {
    const port = await hostapd(`MSCHAPV2,MD5 "${password}"`);
    const { outcome } = await ask(port, md5Peer({ name: 'ali', password: secret(password) }));
    expect(outcome).toEqual({ ok: true, method: 4 });
  });

  for (const version of versions) {
    it.each([1024, 200])(`TLS, ${version}, in pieces of %i octets, with the same key`, async (fragment) => {
      const flags = version === 'TLSv1.3' ? '[ENABLE-TLSv1.3]' : '[DISABLE-TLSv1.3]';
      const port = await hostapd('TLS', `tls_flags=${flags}\nfragment_size=${fragment}`);
      const names: string[] = [];
      const checkPeer = (certificates: readonly Uint8Array[]) => {
        names.push(...certificates.map(({ length }) => `${length}`));
        return undefined;
      };
      const peer = tlsPeer(tlsOptions(ali, root, { fragment, checkPeer, versions: [version, version] }));
      const { outcome, keys } = await ask(port, peer);
      expect(outcome).toMatchObject({ ok: true, method: 13 });
      expect(mskOf(outcome)).toBe(keys);
      expect(names.length).toBeGreaterThan(0);
    });
  }

  it('TLS of an authority we do not trust', async () => {
    const port = await hostapd('TLS');
    const { outcome } = await ask(port, tlsPeer(tlsOptions(ali, made.authority('third'))));
    expect(reason(outcome)).toMatch(/^the peer's certificate: /);
  });
});

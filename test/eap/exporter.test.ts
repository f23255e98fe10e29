/** The MSK of EAP-TLS against OpenSSL's own exporter, and for TLS 1.3 against RFC 8446 §7.5 by hand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { TlsEnd } from '../../src/daemon/eap-tls-end.ts';
import { Certificates, hasOpenssl } from './certificates.ts';
import { hex } from './converse.ts';

/** HKDF-Expand-Label, RFC 8446 §7.1. */
function expandLabel(hash: string, secret: Buffer, label: string, context: Buffer, length: number): Buffer {
  const full = Buffer.from(`tls13 ${label}`);
  const size = Buffer.of(length >> 8, length & 0xff, full.length);
  const info = Buffer.concat([size, full, Buffer.of(context.length), context]);
  const blocks: Buffer[] = [];
  let last = Buffer.alloc(0);
  for (let at = 1; Buffer.concat(blocks).length < length; at++) {
    last = createHmac(hash, secret).update(last).update(info).update(Buffer.of(at)).digest();
    blocks.push(last);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** TLS-Exporter(EXPORTER_EAP_TLS_Key_Material, 0x0D, 128), its first 64 octets. RFC 9190 §2.3. */
function mskByHand(hash: string, exporterSecret: Buffer): string {
  const digest = (data: Buffer): Buffer => createHash(hash).update(data).digest();
  const { length } = digest(Buffer.alloc(0));
  const label = 'EXPORTER_EAP_TLS_Key_Material';
  const derived = expandLabel(hash, exporterSecret, label, digest(Buffer.alloc(0)), length);
  return expandLabel(hash, derived, 'exporter', digest(Buffer.of(0x0d)), 128)
    .subarray(0, 64)
    .toString('hex');
}

describe.skipIf(!hasOpenssl)(
  'the key of a handshake with openssl s_server (needs the openssl command)',
  () => {
    const made = new Certificates();
    const running: ChildProcess[] = [];
    afterEach(() => {
      for (const each of running.splice(0)) each.kill('SIGKILL');
    });
    afterAll(() => made.end());

    async function handshake(flag: '-tls1_2' | '-tls1_3') {
      const { files, certificate } = made.authority('server');
      const server = spawn(
        'openssl',
        ['s_server', '-accept', '127.0.0.1:0', flag, '-cert', files.certificate, '-key', files.key].concat(
          ...[['-keymatexport', 'client EAP encryption', '-keymatexportlen', '128', '-keylogfile', 'keylog']],
        ),
        { cwd: made.directory, stdio: ['pipe', 'pipe', 'ignore'] },
      );
      running.push(server);
      let printed = '';
      server.stdout.on('data', (chunk: Buffer) => {
        printed += chunk;
      });
      const says = async (pattern: RegExp): Promise<string> => {
        for (;;) {
          const found = pattern.exec(printed);
          if (found) return found[1] ?? '';
          await once(server.stdout, 'data');
        }
      };
      const socket = connect(Number(await says(/ACCEPT 127\.0\.0\.1:(\d+)/)), '127.0.0.1');
      const tls = new TlsEnd('client', { ca: readFileSync(files.certificate) });
      socket.write(await tls.receive(new Uint8Array(0)));
      while (tls.state.name === 'handshake') {
        const [chunk] = (await once(socket, 'data')) as [Buffer];
        socket.write(await tls.receive(chunk));
      }
      if (tls.state.name !== 'established') throw new Error(tls.state.reason);
      const { session } = tls.state;
      expect(session.untrusted).toBeUndefined();
      expect(session.certificates.map(hex)).toEqual([hex(certificate)]);
      return { session, says, end: () => [socket.destroy(), tls.close()] };
    }

    it('TLS 1.2', async () => {
      const { session, says, end } = await handshake('-tls1_2');
      const exported = await says(/Keying material: ([0-9A-F]{256})/);
      expect(hex(session.msk.octets)).toBe(exported.slice(0, 128).toLowerCase());
      expect(session.protocol).toBe('TLSv1.2');
      end();
    });

    it('TLS 1.3', async () => {
      const { session, says, end } = await handshake('-tls1_3');
      // Printed after the handshake: the key log is written by then.
      await says(/Keying material: ([0-9A-F]{256})/);
      const log = readFileSync(join(made.directory, 'keylog'), 'utf8');
      const exporterSecret = /^EXPORTER_SECRET \w+ (\w+)$/m.exec(log)?.[1] ?? '';
      expect(hex(session.msk.octets)).toBe(mskByHand('sha384', Buffer.from(exporterSecret, 'hex')));
      expect(session.protocol).toBe('TLSv1.3');
      end();
    });
  },
);

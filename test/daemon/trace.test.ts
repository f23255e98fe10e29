import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/crypto/secret.ts';
import { ikeLine, KeyLog } from '../../src/daemon/key-log.ts';
import { PcapngFile } from '../../src/daemon/pcapng.ts';
import { Trace } from '../../src/daemon/trace.ts';
import type { Endpoint, Path } from '../../src/ike/actions.ts';
import type { SaCommand } from '../../src/kernel/port.ts';
import { addMarker, Encr, fromHex, Integ } from '../../src/wire/index.ts';
import { noTshark, tsharkFields } from './tshark.ts';

interface Session {
  ikeKeySets: { spis: string; SK_ei: string; SK_er: string; SK_ai?: string; SK_ar?: string }[];
  childKeys: ({ spis: { spi: string; src: string; dst: string }[] } & Record<string, string>)[];
  messages: { src: string; dst: string; hex: string; payloads: { type: number }[]; keySet?: number }[];
  transforms: Record<string, [number, number | null]>;
  espInUdpPackets: { src: string; dst: string; packet: string; nextHeader: number }[];
}

const recorded = new URL(
  '../../../shared/vectors/09-ikev2-traces/strongswan-5.9.8-recorded/',
  import.meta.url,
);
const why = noTshark ?? (existsSync(recorded) ? undefined : 'the vectors are not at ../shared/vectors');
const directory = mkdtempSync(join(tmpdir(), 'ikev2-trace-'));
afterAll(() => rmSync(directory, { recursive: true }));

const secret = (hex = ''): Secret => new Secret(fromHex(hex));
const endpoint = (text: string): Endpoint => {
  const [address = '', port = ''] = text.split(':');
  return { address, port: Number(port) };
};

/** The initiator's view: `out` is what it sent. */
function direction(source: Endpoint, destination: Endpoint): { path: Path; direction: 'in' | 'out' } {
  const out = source.address === '192.0.2.1';
  const [local, remote] = out ? [source, destination] : [destination, source];
  return {
    direction: out ? 'out' : 'in',
    path: { socket: local.port === 500 ? 'ike' : 'nat', local, remote },
  };
}

function write(session: Session, name: string) {
  const capture = join(directory, `${name}.pcapng`);
  const configuration = mkdtempSync(join(directory, 'wireshark-'));
  const log = new KeyLog({
    ike: join(configuration, 'ikev2_decryption_table'),
    esp: join(configuration, 'esp_sa'),
  });
  const [encr = [0, null], integ] = [session.transforms['1'], session.transforms['3']];
  for (const keys of session.ikeKeySets) {
    log.write({
      kind: 'keys',
      sa: {
        spiI: keys.spis.slice(0, 16),
        spiR: keys.spis.slice(16),
        role: 'initiator',
        connection: undefined,
      },
      keys: {
        encr: encr[0],
        keyBits: encr[1] ?? 256,
        integ: integ?.[0],
        prf: 0,
        pi: secret(),
        pr: secret(),
        ei: secret(keys.SK_ei),
        er: secret(keys.SK_er),
        ai: secret(keys.SK_ai),
        ar: secret(keys.SK_ar),
      },
    });
  }
  log.close();
  const file = new PcapngFile(capture);
  session.messages.forEach(({ src, dst, hex }, i) => {
    const { path, direction: way } = direction(endpoint(src), endpoint(dst));
    const octets = fromHex(hex);
    file.write(way, path, path.socket === 'nat' ? addMarker(octets) : octets, 1_700_000_000_000 + i * 10);
  });
  file.close();
  return { capture, configuration };
}

describe.skipIf(why !== undefined)(
  `capture and key log read by tshark${why ? ` (skipped: ${why})` : ''}`,
  () => {
    it.each([
      'psk-aes128cbc-sha256-modp2048',
      'psk-aes256gcm16-prfsha384-ecp384',
      'psk-aes256-sha512-modp4096',
      'psk-3des-sha1-modp1536',
      'psk-aes128cbc-aescmac-prfaescmac-ecp521',
    ])('%s: every message is dissected and decrypted', (name) => {
      const session = JSON.parse(readFileSync(new URL(`${name}/session.json`, recorded), 'utf8')) as Session;
      const { capture, configuration } = write(session, name);
      expect(statSync(capture).mode & 0o777).toBe(0o600);
      const rows = tsharkFields(
        capture,
        configuration,
        [
          'ip.src',
          'udp.srcport',
          'ip.dst',
          'udp.dstport',
          'frame.time_epoch',
          'isakmp.typepayload',
          'udp.checksum.status',
          'ip.checksum.status',
        ],
        ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'],
      );
      expect(rows).toHaveLength(session.messages.length);
      session.messages.forEach(({ src, dst, payloads, keySet }, i) => {
        const [source, sourcePort, destination, destinationPort, time, types, udpSum, ipSum] = rows[i] ?? [];
        expect(`${source}:${sourcePort} ${destination}:${destinationPort}`).toBe(`${src} ${dst}`);
        expect(Number(time)).toBeCloseTo(1_700_000_000 + i / 100, 6);
        expect([udpSum, ipSum]).toEqual(['1', '1']);
        const expected = payloads.map(({ type }) => type);
        const seen = (types ?? '').split(',').filter(Boolean).map(Number);
        expect(seen.filter((type) => type !== 46 && type !== 2 && type !== 3)).toEqual(expected);
        expect(seen.includes(46)).toBe(keySet !== undefined);
      });
    });

    it.each([
      ['psk-aes128cbc-sha256-modp2048', Encr.AES_CBC, Integ.HMAC_SHA2_256_128],
      ['psk-aes256gcm16-prfsha384-ecp384', Encr.AES_GCM_16, undefined],
      ['psk-aes128cbc-aescmac-prfaescmac-ecp521', Encr.AES_CBC, Integ.HMAC_SHA2_512_256],
    ])('%s: ESP in UDP is decrypted', (name, transform, integ) => {
      const session = JSON.parse(readFileSync(new URL(`${name}/session.json`, recorded), 'utf8')) as Session;
      const configuration = mkdtempSync(join(directory, 'wireshark-'));
      const log = new KeyLog({ esp: join(configuration, 'esp_sa') });
      const [keys] = session.childKeys;
      for (const { spi, src, dst } of keys?.spis ?? []) {
        const owner = src === '192.0.2.1' ? 'initiator' : 'responder';
        const key = (kind: string): Uint8Array => fromHex(keys?.[`${kind} ${owner} key`] ?? '');
        const sa: SaCommand = {
          id: { spi: Number.parseInt(spi, 16), destination: dst },
          source: src,
          direction: owner === 'initiator' ? 'out' : 'in',
          mode: 'tunnel',
          reqid: 1,
          encryption: { transform, keyBits: 0, key: key('encryption') },
          ...(integ && { integrity: { transform: integ, key: key('integrity') } }),
          esn: false,
          replayWindow: 64,
          local: [],
          remote: [],
        };
        log.write({
          kind: 'childKeys',
          sa: { spiI: '', spiR: '', role: 'initiator', connection: undefined },
          command: { kind: 'addSa', sa },
        });
      }
      log.close();
      const capture = join(directory, `${name}-esp.pcapng`);
      const file = new PcapngFile(capture);
      for (const { src, dst, packet } of session.espInUdpPackets) {
        const { path, direction: way } = direction(
          { address: src, port: 4500 },
          { address: dst, port: 4500 },
        );
        file.write(way, path, fromHex(packet), 0);
      }
      file.close();
      const decode = ['-o', 'esp.enable_encryption_decode:TRUE'];
      const rows = tsharkFields(capture, configuration, ['esp.spi', 'ip.proto', 'ip.version'], decode);
      expect(rows).toEqual(
        session.espInUdpPackets.map(({ packet }) => [
          `0x${packet.slice(0, 8)}`,
          expect.stringMatching(/^17,/),
          '4,4',
        ]),
      );
    });

    it('comments out what Wireshark has no name for, so that the rest of the file still works', () => {
      const sa = {
        spiI: '0'.repeat(15).concat('1'),
        spiR: '0'.repeat(15).concat('2'),
        role: 'initiator',
        connection: undefined,
      } as const;
      const none = secret();
      const line = ikeLine(sa, {
        encr: Encr.CHACHA20_POLY1305,
        keyBits: 256,
        integ: undefined,
        prf: 0,
        pi: none,
        pr: none,
        ei: none,
        er: none,
        ai: none,
        ar: none,
      });
      expect(line).toMatch(/^# not known to Wireshark: 0000000000000001,/);
    });
  },
);

it.each([
  ['--pcap', { pcap: '/nowhere/at/all.pcapng' }],
  ['--key-log', { keyLog: '/nowhere/at/all.pcapng' }],
  ['--record', { record: '/nowhere/at/all.pcapng' }],
])('%s names the directory that is not there', (option, files) => {
  const trace = () =>
    new Trace(
      files,
      () => 0,
      () => {},
    );
  expect(trace).toThrow(`${option}: there is no directory /nowhere/at`);
});

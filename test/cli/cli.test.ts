import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noTshark, tsharkFields } from '../daemon/tshark.ts';
import { type Built, build, ownAddress, type RunningDaemon } from './built.ts';

let ikev2: Built;
const directory = mkdtempSync(join(tmpdir(), 'ikev2-cli-'));
beforeAll(() => {
  ikev2 = build();
});
afterAll(() => {
  ikev2.remove();
  rmSync(directory, { recursive: true, force: true });
});

const daemons: RunningDaemon[] = [];
afterEach(async () => {
  for (const { process: child, exit } of daemons.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
});

const peer = ownAddress(1);
const conn = (port: number, extra = ''): string =>
  `conn net\n\tleft=127.0.0.1\n\tright=${peer}\n\trightikeport=${port}\n\tauthby=secret\n\tauto=add\n${extra}`;

let files = 0;
/** Files of one host, and the options that name them. */
function host(address: string, text: string, key = 'a shared key of 128 bits and more') {
  const base = join(directory, String(++files));
  const [config, secrets, control] = [`${base}.conf`, `${base}.secrets`, `${base}.sock`];
  writeFileSync(config, text);
  writeFileSync(secrets, `: PSK "${key}"\n`, { mode: 0o600 });
  const options = ['--config', config, '--secrets', secrets, '--listen', address];
  return { config, secrets, control, options };
}

async function daemon(address: string, text: string, extra: readonly string[] = []) {
  const files = host(address, text);
  const ports = ['--ike-port', '0', '--nat-port', '0', '--control', files.control];
  const running = await ikev2.daemon([...files.options, ...ports, ...extra]);
  daemons.push(running);
  const command = (...args: string[]) => ikev2.run([...args, '--control', files.control]);
  return { ...files, ...running, command, port: running.listening[0]?.nat ?? 0 };
}

/** A responder and an initiator that knows its port. */
async function pair(extra: readonly string[] = []) {
  const responder = await daemon(peer, conn(1));
  const initiator = await daemon('127.0.0.1', conn(responder.port, '\tretransmit-timeout=2s\n'), extra);
  return { responder, initiator };
}

describe('ikev2 demo', () => {
  it('shows a tunnel that carries echoes both ways, in less than 3 seconds', async () => {
    const began = performance.now();
    const { code, stdout, stderr } = await ikev2.run(['demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const busy = (loadavg()[0] ?? 0) > cpus().length;
    expect(performance.now() - began).toBeLessThan(busy ? 10_000 : 3_000);
    expect(stdout).toMatch(
      /IKE_SA_INIT request 0 .*IKE_AUTH response 1 .*echo reply 2 .*INFORMATIONAL response 2/s,
    );
    expect(stdout).toMatch(/both ends agree, and every echo came back\n$/);
    const [, spis] =
      stdout.match(/SPI in ([0-9a-f]{8}) \(4 packets\), out ([0-9a-f]{8}) \(4 packets\)/) ?? [];
    expect(stdout).toContain(`out ${spis} (4 packets)`);
    expect(stdout).not.toContain('\u001b');
  });

  it.skipIf(noTshark)(
    `is read by tshark with its key log, IKE and ESP (${noTshark ?? 'tshark is there'})`,
    async () => {
      const configuration = mkdtempSync(join(directory, 'wireshark-'));
      const capture = join(directory, 'demo.pcapng');
      const { code, stdout } = await ikev2.run([
        'demo',
        '--pcap',
        capture,
        '--key-log',
        join(configuration, 'ikev2_decryption_table'),
        '--esp-key-log',
        join(configuration, 'esp_sa'),
      ]);
      expect(code).toBe(0);
      const decode = stdout.match(/-d \S+/g)?.flatMap((option) => option.split(' ')) ?? [];
      const rows = tsharkFields(
        capture,
        configuration,
        ['isakmp.exchangetype', 'isakmp.typepayload', 'isakmp.id.data.fqdn', 'icmp.type'],
        [...decode, '-o', 'esp.enable_encryption_decode:TRUE'],
      );
      const exchanges = rows.map(([exchange, , , icmp]) => (exchange ? Number(exchange) : `icmp ${icmp}`));
      expect(exchanges).toEqual([34, 34, 35, 35, ...Array(4).fill(['icmp 8', 'icmp 0']).flat(), 37, 37]);
      expect(rows[2]?.[1]).toMatch(/^46,35,36,39,41,33,.*,44,45,41$/);
      expect(rows[2]?.[2]).toBe('initiator,responder');
      expect(rows.at(-2)?.[1]).toBe('46,42');
    },
  );
});

describe('ikev2', () => {
  it.each([
    ['no command', [], 2],
    ['an unknown command', ['dance'], 2],
    ['a name of every object', ['constructor'], 2],
    ['an unknown option', ['up', 'x', '--dance'], 2],
    ['a missing name', ['up'], 2],
    ['a port that is none', ['daemon', '--ike-port', '70000'], 2],
    ['an address that is none', ['daemon', '--listen', '10.0.0.300'], 2],
    ['an unknown data plane', ['daemon', '--kernel', 'magic'], 2],
    ['a count that is none', ['ping', 'x', '-c', '0'], 2],
    ['--help', ['--help'], 0],
    ['--version', ['--version'], 0],
    ['--help of a command', ['daemon', '--help'], 0],
  ] as const)('ends as it should on %s', async (_what, args, expected) => {
    const { code, stdout, stderr } = await ikev2.run(args);
    expect(code).toBe(expected);
    expect((expected === 0 ? stdout : stderr).length).toBeGreaterThan(0);
  });

  it('says in one line what is missing, and as an object with --json', async () => {
    const control = join(directory, 'none.sock');
    const plain = await ikev2.run(['up', 'x', '--control', control]);
    expect(plain).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^ikev2: no daemon answers at .*'ikev2 daemon'.*\n$/),
    });
    const json = await ikev2.run(['status', '--json', '--control', control]);
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'NO_DAEMON' } });
    const coloured = await ikev2.run(['up', 'x', '--control', control], { FORCE_COLOR: '1' });
    expect(coloured.stderr).toContain('\u001b[31m');
  });
});

describe('ikev2 check', () => {
  it('prints what the configuration comes to', async () => {
    const { options } = host('127.0.0.1', conn(4500, '\tike=aes_gcm256-sha2_512-dh19\n\ttype=transport\n'));
    const { code, stdout } = await ikev2.run(['check', ...options]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /net .*auto=add.*local {3}127\.0\.0\.1.*life .*rekey .*before an end.*peer {4}not checked.*aes_gcm256-sha2_512-dh19.*transport.*1 connection, no errors/s,
    );
    const json = await ikev2.run(['check', '--json', ...options]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      type: 'connection',
      name: 'net',
      ike: ['aes_gcm256-sha2_512-dh19'],
    });
  });

  it('prints every mistake with its place', async () => {
    const { options, config } = host('127.0.0.1', conn(4500, '\tike=rot13\n\tlefft=1.2.3.4\n'));
    const { code, stderr } = await ikev2.run(['check', ...options]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${config}:7:`);
    expect(stderr).toContain(`${config}:8:`);
    expect(stderr).toMatch(/2 errors, nothing would be loaded/);
  });

  it('says what to do about a missing file', async () => {
    const { code, stderr } = await ikev2.run(['check', '--config', join(directory, 'missing.conf')]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/there is no .*missing\.conf.*--config/),
    });
  });
});

describe('ikev2 daemon', () => {
  it('carries the verbs from up to stop', async () => {
    const { responder, initiator } = await pair();
    const up = await initiator.command('up', 'net');
    expect(up).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/IKE_SA_INIT request 0.*child "net" established.*"net" is up\n$/s),
    });
    const ping = await initiator.command('ping', 'net', '-c', '2');
    expect(ping).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/seq=1 .*seq=2 .*2 sent, 2 came back/s),
    });
    expect(await responder.command('ping', 'net', '127.0.0.1', '-c', '1')).toMatchObject({ code: 0 });
    expect(await responder.command('ping', 'net', '192.0.2.9')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no child carries'),
    });
    const status = await initiator.command('status', '--json');
    const kinds = status.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(['daemon', 'connection', 'ikeSa', 'childSa']);
    expect(await initiator.command('rekey', 'net')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/CREATE_CHILD_SA.*rekeyed \(was .*"net": 1 child rekeyed\n$/s),
    });
    expect(await responder.command('rekey', 'net', '--ike')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/CREATE_CHILD_SA.*IKE SA rekeyed.*"net": 1 IKE SA rekeyed\n$/s),
    });
    expect(await initiator.command('rekey', 'net', '--ike', '--child')).toMatchObject({ code: 2 });
    expect(await initiator.command('ping', 'net', '-c', '1')).toMatchObject({ code: 0 });
    expect((await initiator.command('status', 'net')).stdout).toMatch(
      /net up.*IKE SA #\d+ established as responder.*rekey in [\d.]+ h.*child #\d+ net: .*rekey in [\d.]+ h/s,
    );
    expect(await initiator.command('down', 'net')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/"net" is down\n$/),
    });
    expect(await initiator.command('delete', 'net')).toMatchObject({ code: 0 });
    expect(await initiator.command('up', 'net')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ikev2 add net'),
    });
    expect(await initiator.command('add', 'net')).toMatchObject({ code: 0, stdout: '"net" added\n' });
    expect(await initiator.command('stop')).toMatchObject({ code: 0, stdout: 'stopped\n' });
    expect(await initiator.exit).toBe(0);
  });

  it('brings a connection of several subnets up as far as it goes: its first child', async () => {
    const subnets = '\tleftsubnets="10.1.0.0/24 10.2.0.0/24"\n\trightsubnet=10.9.0.0/24\n';
    const responder = await daemon(peer, conn(1, subnets));
    const initiator = await daemon('127.0.0.1', conn(responder.port, subnets));
    expect(await initiator.command('up', 'net')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('child "net/1x0" established'),
    });
  });

  it('does its work and keeps its exit code when nobody reads what it says', async () => {
    const { initiator } = await pair();
    const { code, stdout, stderr } = await ikev2.unread(['up', 'net', '--control', initiator.control]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await initiator.command('status')).toMatchObject({ stdout: expect.stringContaining('net up') });
  });

  it('says in one line why a connection did not come up', async () => {
    const responder = await daemon(peer, conn(1));
    const other = host('127.0.0.1', conn(responder.port), 'another key');
    const initiator = await ikev2.daemon([
      ...other.options,
      '--ike-port',
      '0',
      '--nat-port',
      '0',
      '--control',
      other.control,
    ]);
    daemons.push(initiator);
    const { code, stderr } = await ikev2.run(['up', 'net', '--control', other.control]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^ikev2: "net": .*AUTHENTICATION_FAILED.*\n$/),
    });
  });

  it('on SIGTERM deletes its SAs at the peer and exits with 0', async () => {
    const { responder, initiator } = await pair();
    await initiator.command('up', 'net');
    initiator.process.kill('SIGTERM');
    expect(await initiator.exit).toBe(0);
    await responder.logged(({ event, msg }) => event === 'ikeDeleted' && /DELETED_BY_PEER/.test(msg ?? ''));
  });

  it('on SIGHUP reads its configuration, and a bad one changes nothing', async () => {
    const { responder, initiator } = await pair();
    await initiator.command('up', 'net');
    writeFileSync(responder.config, `${conn(1)}\tnonsense=1\n`);
    responder.process.kill('SIGHUP');
    await responder.logged(({ msg }) => /reload: nothing changed: .*nonsense/.test(msg ?? ''));
    expect(await initiator.command('ping', 'net', '-c', '1')).toMatchObject({ code: 0 });
    writeFileSync(responder.config, conn(2));
    responder.process.kill('SIGHUP');
    await responder.logged(({ msg }) => msg === 'reload: 0 added, 1 changed, 0 removed');
    await initiator.logged(({ event, msg }) => event === 'ikeDeleted' && /DELETED_BY_PEER/.test(msg ?? ''));
  });

  it('says what to do about a port in use', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.1');
    await once(other, 'listening');
    const { options, control } = host('127.0.0.1', conn(4500));
    const ports = ['--ike-port', String(other.address().port), '--nat-port', '0'];
    const { code, stderr } = await ikev2.run(['daemon', ...options, ...ports, '--control', control]);
    other.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/the port is in use .*--ike-port/),
    });
  });
});

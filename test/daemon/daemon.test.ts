import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { ControlClient } from '../../src/daemon/control-client.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../src/daemon/daemon.ts';
import { makeLog } from '../../src/daemon/log.ts';
import { fileSource } from '../../src/daemon/policy-source.ts';
import type { EngineEvent } from '../../src/ike/actions.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-daemon-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const running: Daemon[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((daemon) => daemon.stop()));
});

let count = 0;
interface Host {
  daemon: Daemon;
  control: ControlClient;
  lines: string[];
  config: (text: string) => void;
}

async function host(
  address: string,
  config: string,
  options: Partial<DaemonOptions> = {},
  key = 'a key of the test',
): Promise<Host> {
  const base = join(directory, String(++count));
  const files = { config: `${base}.conf`, secrets: `${base}.secrets` };
  writeFileSync(files.config, config);
  writeFileSync(files.secrets, `: PSK "${key}"\n`, { mode: 0o600 });
  const lines: string[] = [];
  const control = `${base}.sock`;
  const daemon = await startDaemon({
    source: fileSource({ ...files, listen: [address], crypto: defaultCrypto }),
    listen: [address],
    ikePort: 0,
    natPort: 0,
    control,
    log: () => makeLog({ level: 'debug', format: 'text', write: (line) => lines.push(line) }),
    grace: 500,
    ...options,
  });
  running.push(daemon);
  return {
    daemon,
    control: await ControlClient.connect(control),
    lines,
    config: (text) => writeFileSync(files.config, text),
  };
}

const responderConfig = `
conn net
	left=127.0.0.2
	right=127.0.0.1
	authby=secret
	leftid=@responder
	rightid=@initiator
	leftsubnet=198.51.100.2/32
	rightsubnet=198.51.100.1/32
	auto=add
`;

const initiatorConfig = (port: number, extra = ''): string => `
conn net
	left=127.0.0.1
	right=127.0.0.2
	rightikeport=${port}
	authby=secret
	leftid=@initiator
	rightid=@responder
	leftsubnet=198.51.100.1/32
	rightsubnet=198.51.100.2/32
	retransmit-timeout=2s
	auto=add
${extra}`;

const natPort = ({ daemon }: Host): number => daemon.listening[0]?.nat ?? 0;

describe('two daemons', () => {
  it('negotiate, ping both ways, and part', async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)));
    const progress: string[] = [];
    await initiator.control.request({ command: 'up', name: 'net' }, ({ text }) => progress.push(text));
    expect(progress.join('\n')).toMatch(
      /IKE_SA_INIT request 0.*IKE_AUTH request 1.*IKE SA established.*child "net" established/s,
    );
    expect(await initiator.control.request({ command: 'up', name: 'net' })).toEqual({ already: true });
    const pings = await Promise.all(
      [initiator, responder].map(({ control }) =>
        control.request({ command: 'ping', name: 'net', count: 3 }),
      ),
    );
    expect(pings).toEqual([
      { from: '198.51.100.1', to: '198.51.100.2', sent: 3, received: 3 },
      { from: '198.51.100.2', to: '198.51.100.1', sent: 3, received: 3 },
    ]);
    const [mine, theirs] = [initiator.daemon.status(), responder.daemon.status()];
    expect(mine.connections).toMatchObject([{ name: 'net', state: 'up' }]);
    expect(mine.ikeSas[0]?.children[0]?.inboundSpi).toBe(theirs.ikeSas[0]?.children[0]?.outboundSpi);
    expect(await initiator.control.request({ command: 'down', name: 'net' })).toEqual({ deleted: 1 });
    expect(initiator.daemon.status().ikeSas).toEqual([]);
    expect(responder.daemon.status().ikeSas).toEqual([]);
  });
});

/** The next event of a kind. */
const next = ({ daemon }: Host, kind: EngineEvent['kind']): Promise<EngineEvent> =>
  new Promise((resolve) => {
    const stop = daemon.shell.subscribe((event) => {
      if (event.kind !== kind) return;
      stop();
      resolve(event);
    });
  });

describe('up', () => {
  it('says that the keys differ, on both ends, and leaves nothing', async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)), {}, 'another key');
    const theirs = next(responder, 'ikeFailed');
    const up = initiator.control.request({ command: 'up', name: 'net' });
    await expect(up).rejects.toMatchObject({
      code: 'NEGOTIATION_FAILED',
      message: expect.stringContaining('AUTHENTICATION_FAILED'),
    });
    expect(await theirs).toMatchObject({ reason: { code: 'AUTHENTICATION_FAILED' } });
    expect([initiator.daemon.status().ikeSas, responder.daemon.status().ikeSas]).toEqual([[], []]);
  });

  it("names the peer's notify and what of ours it rejected", async () => {
    const responder = await host('127.0.0.2', `${responderConfig}\tike=aes128-sha1-modp1536\n`);
    const own = initiatorConfig(natPort(responder)).replace('2s', '300ms\n\tretransmit-interval=100ms');
    const initiator = await host('127.0.0.1', `${own}\tike=aes256-sha2_512-dh20\n`);
    const up = initiator.control.request({ command: 'up', name: 'net' });
    await expect(up).rejects.toThrow(/^"net": PEER_REFUSED: .*NO_PROPOSAL_CHOSEN.*our IKE proposals/);
  });

  it('gives up when nobody answers', async () => {
    const initiator = await host(
      '127.0.0.1',
      initiatorConfig(9).replace('2s', '200ms').replace('auto', 'retransmit-interval=50ms\n\tauto'),
    );
    const up = initiator.control.request({ command: 'up', name: 'net' });
    await expect(up).rejects.toThrow(/^"net": TIMEOUT: .*no answer from 127\.0\.0\.2/);
  });

  it('knows its connections', async () => {
    const { control } = await host(
      '127.0.0.2',
      `${responderConfig}\nconn later\n\talso=net\n\tright=%any\n\tauto=ignore\n`.replace(
        'also=net',
        'left=127.0.0.2\n\tauthby=secret',
      ),
    );
    await expect(control.request({ command: 'up', name: 'nett' })).rejects.toThrow('did you mean "net"?');
    await expect(control.request({ command: 'up', name: 'later' })).rejects.toThrow('ikev2 add later');
    await control.request({ command: 'add', name: 'later' });
    await expect(control.request({ command: 'up', name: 'later' })).rejects.toThrow(
      'ikev2 up later --peer ADDRESS',
    );
    await control.request({ command: 'delete', name: 'later' });
    await expect(control.request({ command: 'up', name: 'later' })).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
    });
    await expect(control.request({ command: 'rekey', name: 'net' })).rejects.toMatchObject({
      code: 'NOT_ESTABLISHED',
    });
    await expect(control.request({ command: 'ping', name: 'net' })).rejects.toMatchObject({
      code: 'NOT_ESTABLISHED',
    });
  });
});

describe('several children', () => {
  const two = (config: string, end: 'left' | 'right', nets: string): string =>
    config.replace(new RegExp(`${end}subnet=.*`), `${end}subnets=${nets}`);

  it('up waits for all, names what is missing, and brings it up later', async () => {
    const nets = '198.51.100.2/32,198.51.100.3/32';
    const responder = await host('127.0.0.2', responderConfig);
    const initiator = await host('127.0.0.1', two(initiatorConfig(natPort(responder)), 'right', nets));
    const request = { command: 'up', name: 'net' } as const;
    await expect(initiator.control.request(request)).rejects.toThrow(
      /^"net": 1 of 2 children are missing: child "net\/0x2": PEER_REFUSED: .*TS_UNACCEPTABLE/,
    );
    expect(initiator.daemon.status().connections).toMatchObject([{ state: 'partial' }]);
    await initiator.control.request({ command: 'down', name: 'net' });

    responder.config(two(responderConfig, 'left', nets));
    await responder.control.request({ command: 'reload' });
    expect(await initiator.control.request(request)).toEqual({ already: false });
    expect(initiator.daemon.status().ikeSas[0]?.children).toHaveLength(2);
    expect(await initiator.control.request(request)).toEqual({ already: true });

    const [first] = initiator.daemon.status().ikeSas[0]?.children ?? [];
    const down = { command: 'down', name: 'net', child: first?.child ?? '' } as const;
    expect(await initiator.control.request(down)).toEqual({ deleted: 1 });
    await expect(initiator.control.request({ ...down, child: 'other' })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    expect(initiator.daemon.status().connections).toMatchObject([{ state: 'partial' }]);
    expect(await initiator.control.request(request)).toEqual({ already: false });

    const rekey = { command: 'rekey', name: 'net' } as const;
    expect(await initiator.control.request(rekey)).toEqual({ what: 'children', rekeyed: 2 });
    const { ikeSas } = initiator.daemon.status();
    expect(await initiator.control.request({ ...rekey, what: 'ike' })).toEqual({ what: 'ike', rekeyed: 1 });
    const [heir] = initiator.daemon.status().ikeSas.filter(({ phase }) => phase === 'established');
    expect(heir?.spiI).not.toBe(ikeSas[0]?.spiI);
    expect(heir?.children.map(({ state }) => state)).toEqual(['installed', 'installed']);
  });
});

describe('a connection with auto=start', () => {
  const delays = { first: 10, longest: 20, stable: 60_000 };
  const started = (port: number): string => initiatorConfig(port).replace('auto=add', 'auto=start');

  it("comes up by itself and comes back after the peer's Delete", async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const first = next(responder, 'childEstablished');
    const initiator = await host('127.0.0.1', started(natPort(responder)), { delays });
    await first;
    const again = next(initiator, 'childEstablished');
    await responder.control.request({ command: 'down', name: 'net' });
    await again;
    await initiator.control.request({ command: 'down', name: 'net' });
    expect(initiator.daemon.status().connections).toMatchObject([{ state: 'down' }]);
  });

  it('comes back after a failure, even one of its child alone', async () => {
    const other = responderConfig.replace('198.51.100.1/32', '203.0.113.1/32');
    const responder = await host('127.0.0.2', other);
    const failed = next(responder, 'childFailed');
    const initiator = await host('127.0.0.1', started(natPort(responder)), { delays });
    await failed;
    const up = next(initiator, 'childEstablished');
    responder.config(responderConfig);
    await responder.control.request({ command: 'reload' });
    await up;
    expect(initiator.daemon.status().connections).toMatchObject([{ state: 'up' }]);
  });
});

describe('reload', () => {
  const both = `${responderConfig}${responderConfig.replace('conn net', 'conn other').replaceAll('100.', '101.')}`;

  it('keeps what is unchanged, deletes what changed or went, and brings a bad file to nothing', async () => {
    const responder = await host('127.0.0.2', both);
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)));
    await initiator.control.request({ command: 'up', name: 'net' });
    const before = responder.daemon.status().ikeSas;

    responder.config(responderConfig);
    expect(await responder.control.request({ command: 'reload' })).toMatchObject({
      removed: ['other'],
      unchanged: ['net'],
    });
    expect(responder.daemon.status().ikeSas).toEqual(before);

    responder.config(`${responderConfig}\tnonsense=yes\n`);
    await expect(responder.control.request({ command: 'reload' })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/\.conf:11:\d+: error: .*nonsense/),
    });
    expect(responder.daemon.status().ikeSas).toEqual(before);

    const deleted = next(initiator, 'ikeDeleted');
    responder.config(responderConfig.replace('198.51.100.2/32', '198.51.100.0/24'));
    expect(await responder.control.request({ command: 'reload' })).toMatchObject({ changed: ['net'] });
    expect(await deleted).toMatchObject({ reason: { code: 'DELETED_BY_PEER' } });
  });
});

describe('a daemon', () => {
  it('deletes its SAs at the peers when it stops', async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)));
    await initiator.control.request({ command: 'up', name: 'net' });
    const deleted = next(responder, 'ikeDeleted');
    await initiator.control.request({ command: 'stop' });
    await initiator.control.closed;
    await initiator.daemon.ended;
    expect(await deleted).toMatchObject({ reason: { code: 'DELETED_BY_PEER' } });
    expect(responder.daemon.status().ikeSas).toEqual([]);
  });

  it('starts wholly or not at all', async () => {
    const first = await host('127.0.0.2', responderConfig);
    const taken = { ikePort: first.daemon.listening[0]?.ike ?? 0 };
    await expect(host('127.0.0.2', responderConfig, taken)).rejects.toThrow(/EADDRINUSE/);
    await expect(host('127.0.0.2', 'conn x\n\tnonsense=1\n')).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(host('127.0.0.2', responderConfig, { pcap: '/nowhere/x.pcap' })).rejects.toThrow(
      /--pcap: there is no directory \/nowhere/,
    );
    const freed = { ikePort: 0, control: undefined };
    await expect(
      host('127.0.0.2', responderConfig, { ...freed, source: () => Promise.reject(new Error('no source')) }),
    ).rejects.toThrow('no source');
  });

  it('counts garbage, answers none of it and goes on', async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const [local] = responder.daemon.listening;
    const socket = createSocket('udp4');
    const answers: Buffer[] = [];
    socket.on('message', (answer) => answers.push(answer));
    const garbage = [Buffer.alloc(0), Buffer.from('junk'), Buffer.alloc(28, 0xff), Buffer.alloc(2000, 7)];
    for (const port of [local?.ike, local?.nat]) {
      for (const octets of garbage) socket.send(octets, port ?? 0, '127.0.0.2');
    }
    socket.send(Buffer.alloc(27), local?.ike ?? 0, '127.0.0.2');
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)));
    await initiator.control.request({ command: 'up', name: 'net' });
    socket.close();
    expect(answers).toEqual([]);
    expect(responder.daemon.status().counters).toMatchObject({
      'datagrams.in': 9 + 2,
      'datagrams.out': 2,
      'drop.malformed': expect.any(Number),
      'esp.drop.unknown-spi': 2,
      'esp.in': 3,
    });
  });

  it('tells neither keys to anybody nor addresses and identities at info', async () => {
    const responder = await host('127.0.0.2', responderConfig);
    const lines: string[] = [];
    const log = () => makeLog({ level: 'info', format: 'json', write: (line) => lines.push(line) });
    const keyLog = join(directory, 'keys');
    const initiator = await host('127.0.0.1', initiatorConfig(natPort(responder)), { log, keyLog });
    const watched: string[] = [];
    const watch = initiator.control.request({ command: 'watch' }, (line) =>
      watched.push(JSON.stringify(line)),
    );
    lines.length = 0;
    await initiator.control.request({ command: 'up', name: 'net' });
    const [, , ei = ''] = readFileSync(keyLog, 'utf8').split(',');
    expect(ei).toHaveLength(72);
    const said = [...watched, ...lines].join('\n');
    expect(said).toContain('ikeEstablished');
    expect(said).not.toContain(ei);
    expect(said).not.toMatch(/"kind":"(keys|childKeys)"/);
    expect(lines.join('\n')).not.toMatch(/127\.0\.0|198\.51|@initiator|@responder/);
    initiator.control.close();
    await expect(watch).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

describe('connections without a peer', () => {
  const conn = (name: string, auto: string, net: string): string =>
    `conn ${name}\n\tleft=127.0.0.2\n\tright=127.0.0.1\n\ttype=passthrough\n\tauthby=never\n\trightsubnet=${net}\n\tauto=${auto}\n`;
  const text = [
    conn('now', 'route', '10.66.0.0/16'),
    conn('later', 'add', '10.67.0.0/16'),
    conn('asked', 'ignore', '10.68.0.0/16'),
  ].join('');

  it('hold when they are routed: at load, or by the operator', async () => {
    const { daemon, control } = await host('127.0.0.2', text);
    const standing = () => daemon.shell.status.shunts.map(({ connection }) => connection);
    const ask = (command: 'route' | 'unroute' | 'add' | 'delete' | 'up', name: string) =>
      control.request({ command, name });
    expect(standing()).toEqual(['now']);
    expect(daemon.status()).toMatchObject({ loaded: ['now', 'later'], connections: [] });
    expect(await ask('route', 'later')).toEqual({ already: false });
    expect(await ask('route', 'later')).toEqual({ already: true });
    expect(standing()).toEqual(['now', 'later']);
    await expect(ask('route', 'asked')).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
      message: '"asked" is not loaded: ikev2 add asked',
    });
    expect(await ask('add', 'asked')).toMatchObject({ added: ['asked'], changed: [], removed: [] });
    expect(standing()).toEqual(['now', 'later']);
    await ask('route', 'asked');
    expect(standing()).toEqual(['now', 'later', 'asked']);
    expect(await control.request({ command: 'reload' })).toMatchObject({
      unchanged: ['now', 'later', 'asked'],
      changed: [],
    });
    expect(standing()).toEqual(['now', 'later', 'asked']);
    expect(await ask('unroute', 'now')).toEqual({ was: true });
    expect(await ask('unroute', 'now')).toEqual({ was: false });
    await ask('delete', 'later');
    expect(standing()).toEqual(['asked']);
    await expect(ask('up', 'now')).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: '"now" has no peer: ikev2 route now, ikev2 unroute now',
    });
    await expect(ask('route', 'nwo')).rejects.toMatchObject({
      message: expect.stringContaining('mean "now"'),
    });
  });
});

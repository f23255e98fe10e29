import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { ControlClient } from '../../src/daemon/control-client.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../src/daemon/daemon.ts';
import { makeLog } from '../../src/daemon/log.ts';
import { fileSource } from '../../src/daemon/policy-source.ts';

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

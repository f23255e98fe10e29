import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, type RunningDaemon } from './built.ts';

let ikev2: Built;
const directory = mkdtempSync(join(tmpdir(), 'ikev2-status-'));
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

let files = 0;
async function daemon(address: string, config: string) {
  const base = join(directory, String(++files));
  writeFileSync(`${base}.conf`, config);
  writeFileSync(`${base}.secrets`, ': PSK "a shared key of 128 bits and more"\n', { mode: 0o600 });
  const options = ['--config', `${base}.conf`, '--secrets', `${base}.secrets`, '--listen', address];
  const ports = ['--ike-port', '0', '--nat-port', '0', '--kernel', 'userspace'];
  const running = await ikev2.daemon([...options, ...ports, '--control', `${base}.sock`]);
  daemons.push(running);
  const command = async (...args: string[]) => ikev2.run([...args, '--control', `${base}.sock`]);
  return { ...running, command, port: running.listening[0]?.nat ?? 0 };
}

const responderConf = `
conn net
	left=127.0.0.2
	right=127.0.0.1
	leftid="@a\u202eb c"
	rightid=@initiator
	authby=secret
	leftsubnet=198.51.100.2/32
	rightsubnet=198.51.100.1/32
	auto=add
`;

const initiatorConf = (port: number, updown: string): string => `
conn net
	left=127.0.0.1
	right=127.0.0.2
	rightikeport=${port}
	leftid=@initiator
	rightid=%any
	authby=secret
	leftsubnet=198.51.100.1/32
	rightsubnet=198.51.100.2/32
	leftupdown="${updown}"
	ipsec-max-bytes=100000000
	auto=add
conn clear
	left=127.0.0.1
	right=%any
	rightsubnet=10.66.0.0/16
	type=passthrough
	authby=never
	auto=ondemand
`;

async function pair(updown = '') {
  const responder = await daemon('127.0.0.2', responderConf);
  const initiator = await daemon('127.0.0.1', initiatorConf(responder.port, updown));
  return { responder, initiator };
}

/** Of a command that must work: its lines, or its objects. */
async function lines(end: Awaited<ReturnType<typeof daemon>>, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await end.command(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}
const objects = async (end: Awaited<ReturnType<typeof daemon>>, ...args: string[]) =>
  (await lines(end, ...args, '--json')).map((line) => JSON.parse(line) as Record<string, unknown>);

describe('what is up is shown', () => {
  it('as pluto shows it, and as objects', async () => {
    const { initiator } = await pair();
    expect(await lines(initiator, 'trafficstatus')).toEqual([]);
    await lines(initiator, 'up', 'net');
    await lines(initiator, 'ping', 'net', '-c', '2');
    const [line, ...none] = await lines(initiator, 'trafficstatus');
    expect(none).toEqual([]);
    expect(line).toMatch(
      /^#2: "net", type=ESP, add_time=\d{10}, inBytes=168, outBytes=168, maxBytes=95MiB, id='@a\\342\\200\\256b c'$/,
    );
    expect(await objects(initiator, 'trafficstatus', 'net')).toMatchObject([
      {
        kind: 'traffic',
        number: 2,
        connection: 'net',
        child: 'net',
        type: 'ESP',
        inOctets: 168,
        outOctets: 168,
        maxOctets: 100_000_000,
      },
    ]);
    const states = await lines(initiator, 'showstates');
    expect(states).toEqual([
      expect.stringMatching(
        /^#1: "net":\d+ STATE_V2_ESTABLISHED_IKE_SA \(established IKE SA\); REKEY in \d+s; REPLACE in \d+s; newest; idle;$/,
      ),
      expect.stringMatching(
        /^#2: "net":\d+ STATE_V2_ESTABLISHED_CHILD_SA \(established Child SA\); REKEY in \d+s; REPLACE in \d+s; newest; eroute owner; IKE SA #1; idle;$/,
      ),
      expect.stringMatching(
        /^#2: "net" esp\.[0-9a-f]+@127\.0\.0\.2 esp\.[0-9a-f]+@127\.0\.0\.1 tun\.0@127\.0\.0\.2 tun\.0@127\.0\.0\.1 Traffic: ESPin=168B ESPout=168B ESPmax=95MiB$/,
      ),
    ]);
    expect((await objects(initiator, 'showstates')).map(({ kind, number }) => [kind, number])).toEqual([
      ['ikeSa', 1],
      ['childSa', 2],
    ]);
    const status = (await lines(initiator, 'status')).join('\n');
    expect(status).toMatch(/userspace data plane/);
    expect(status).toMatch(/child #2 net: tunnel mode, ESP in UDP AES_GCM_16-256.*rekey in .*ends in/);
    expect(status).toMatch(/\(2 packets, 168 octets, the last \d+ m?s ago\) out/);
    expect([...'\u202e\u001b'].filter((each) => status.includes(each))).toEqual([]);
  });

  it('of what bypasses', async () => {
    const { initiator } = await pair();
    expect(await lines(initiator, 'shuntstatus')).toEqual([
      'Bare Shunt list:',
      '127.0.0.1/32:0 -0-> 10.66.0.0/16:0 => %pass 0    policy',
    ]);
    expect(await objects(initiator, 'shuntstatus', 'clear')).toMatchObject([
      { kind: 'shunt', connection: 'clear', what: 'bypass', why: 'policy', remote: '10.66.0.0/16' },
    ]);
  });

  it.each(['status', 'trafficstatus', 'showstates', 'shuntstatus'])('%s of nobody fails', async (command) => {
    const { responder } = await pair();
    expect(await responder.command(command, 'nobody')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'ikev2: there is no connection "nobody" loaded\n',
    });
  });
});

it('route has traffic bring a connection up, and unroute has it no longer', async () => {
  const { initiator, responder } = await pair();
  expect(await lines(initiator, 'route', 'net')).toEqual(['"net" is on demand']);
  expect(await objects(initiator, 'route', 'net')).toEqual([{ kind: 'route', name: 'net', already: true }]);
  const status = await lines(initiator, 'status', 'net');
  expect(status).toContain('  on demand net: tunnel mode, 198.51.100.1/32 === 198.51.100.2/32');
  expect(await lines(initiator, 'unroute', 'net')).toEqual(['"net" is on demand no longer']);
  expect(await objects(initiator, 'unroute', 'net')).toEqual([{ kind: 'unroute', name: 'net', was: false }]);
  expect((await responder.command('route', 'nobody')).stderr).toMatch(/there is no connection "nobody"/);
});

it('an updown command hears of everything, in order, to the last when the daemon is stopped', async () => {
  const told = join(directory, 'told');
  const { initiator } = await pair(
    `printenv PLUTO_VERB PLUTO_PEER_ID PLUTO_INBYTES >> ${told}; [ $PLUTO_VERB != up-client ]`,
  );
  await lines(initiator, 'route', 'net');
  await lines(initiator, 'up', 'net');
  await lines(initiator, 'ping', 'net', '-c', '2');
  await initiator.logged(({ msg = '' }) => msg === '"net": up-client command exited with status 1');
  initiator.process.kill('SIGTERM');
  expect(await initiator.exit).toBe(0);
  expect(readFileSync(told, 'utf8').split('\n')).toEqual([
    ...['prepare-client', '(none)'],
    ...['route-client', '(none)'],
    ...['up-client', '@a\\342\\200\\256b c', '0'],
    ...['down-client', '@a\\342\\200\\256b c', '168'],
    ...['unroute-client', '@a\\342\\200\\256b c'],
    '',
  ]);
});

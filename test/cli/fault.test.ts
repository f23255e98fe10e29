/** `ikev2 fault` against a daemon that runs, each a process of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, ownAddress, type RunningDaemon } from './built.ts';

let ikev2: Built;
let daemon: RunningDaemon;
const [peer, waiting] = [ownAddress(1), ownAddress(2)];
const directory = mkdtempSync(join(tmpdir(), 'ikev2-fault-'));
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const secrets = file('secrets', ': PSK "somesharedkey"\n');
const control = join(directory, 'control.sock');
const conn = (port: number): string =>
  `conn net\n\tleft=127.0.0.1\n\tright=${peer}\n\trightikeport=${port}\n\tauthby=secret\n\tauto=add\n\tretransmit-timeout=8s\n`;
const free = ['--ike-port', '0', '--nat-port', '0'];

beforeAll(async () => {
  ikev2 = build();
  const config = file('daemon.conf', conn(1));
  daemon = await ikev2.daemon([
    ...['--config', config, '--secrets', secrets, '--listen', peer, '--control', control],
    ...free,
  ]);
});

afterAll(async () => {
  daemon.process.kill('SIGKILL');
  await daemon.exit;
  ikev2.remove();
  rmSync(directory, { recursive: true, force: true });
});

let scripts = 0;
function fault(script: unknown, ...more: string[]) {
  const text = typeof script === 'string' ? script : JSON.stringify(script);
  const config = file('peer.conf', conn(daemon.listening[0]?.nat ?? 0));
  const files = ['--config', config, '--secrets', secrets, '--script', file(`${++scripts}.json`, text)];
  return ikev2.run(['fault', 'net', ...files, '--listen', '127.0.0.1', ...free, ...more]);
}

describe('ikev2 fault', () => {
  it('changes IKE_SA_INIT, makes AUTH hold again, and the daemon takes it', async () => {
    const { code, stdout, stderr } = await fault({
      rules: [
        {
          name: 'an unknown payload',
          on: { direction: 'out', exchange: 'IKE_SA_INIT', message: 'request' },
          do: { action: 'add', payload: { payload: 200, body: '0102' } },
        },
        {
          name: 'sign',
          on: { direction: 'out', exchange: 'IKE_AUTH', payload: 'AUTH' },
          do: { action: 'sign', psk: 'somesharedkey' },
        },
      ],
      expect: {
        event: 'childEstablished',
        ike: 1,
        children: 1,
        diagram: [
          'IKE_SA_INIT request 0 { SA KE Ni ... } -->',
          '<-- IKE_SA_INIT response 0 { SA KE Nr ... }',
          'IKE_AUTH request { IDi ... } -->',
          '<-- IKE_AUTH response { IDr AUTH ... SA TSi TSr ... }',
        ],
      },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/=> ARRIVES .*IKE_SA_INIT request 0 \{ SA KE Ni .* 200 \}/);
    expect(stdout).toContain('rule 1 "an unknown payload": matched 1, acted 1');
    expect(stdout).toMatch(/every rule acted, and all came about as expected\n$/);
  });

  it('tells what did not come about, and why', async () => {
    const { code, stdout, stderr } = await fault({
      rules: [
        {
          on: { direction: 'out', exchange: 'IKE_AUTH' },
          do: { action: 'add', payload: { payload: 200, critical: true, body: '0102' } },
        },
        { name: 'never', on: { exchange: 'IKE_SESSION_RESUME' }, do: 'drop' },
      ],
      for: 3000,
      expect: { event: 'childEstablished' },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/IKE_AUTH response 1 \{ N\(UNSUPPORTED_CRITICAL_PAYLOAD\) \}/);
    expect(stderr).toMatch(
      /no childEstablished within 3000 ms; PEER_REFUSED: .*UNSUPPORTED_CRITICAL_PAYLOAD/,
    );
    expect(stderr).toMatch(/rule 2 "never" found nothing to do/);
    expect((await ikev2.run(['status', '--control', control])).code).toBe(0);
  });

  it('loses datagrams on a real socket, both ways', async () => {
    const { code, stdout } = await fault({
      rules: [
        { on: { direction: 'out', exchange: 'IKE_SA_INIT', nth: 1 }, do: 'drop' },
        {
          on: { direction: 'in', exchange: 'IKE_AUTH', nth: 1 },
          do: ['drop', { action: 'replay', which: 'first' }],
        },
      ],
      expect: { event: 'childEstablished' },
    });
    expect(stdout).toMatch(/IKE_SA_INIT request 0 .*LOST\n/);
    expect(code).toBe(0);
  });

  it('waits for the daemon to initiate with --respond', async () => {
    const script = file(
      'respond.json',
      JSON.stringify({
        rules: [{ on: { direction: 'out' }, do: 'copy' }],
        expect: { event: 'childEstablished' },
      }),
    );
    const config = file('other.conf', conn(4500).replaceAll(peer, waiting));
    const fault = ikev2.run([
      ...['fault', 'net', '--respond', '--config', config, '--secrets', secrets, '--script', script],
      ...['--listen', waiting, '--ike-port', '0', '--nat-port', '4500'],
    ]);
    const other = join(directory, 'caller.sock');
    const initiator = await ikev2.daemon([
      ...['--config', config, '--secrets', secrets, '--listen', '127.0.0.1', '--control', other],
      ...free,
    ]);
    const up = await ikev2.run(['up', 'net', '--control', other]);
    initiator.process.kill('SIGTERM');
    expect({ up: up.code, ...(await fault) }).toMatchObject({ up: 0, code: 0 });
    await initiator.exit;
  });

  it('withholds what a rule cannot change, leaves no SA behind, and ends with 2', async () => {
    const { code, stdout, stderr } = await fault({
      rules: [
        {
          name: 'x',
          on: { direction: 'in', exchange: 'IKE_AUTH' },
          do: { action: 'set', payload: 'SA', field: 'proposals.0.transforms.1.id', to: 'NULL' },
        },
      ],
    });
    expect(stderr).toMatch(/rule 1 "x", do\.to: there is no 'NULL'/);
    expect(stdout).toMatch(/IKE_AUTH response 1 .* LOST\n/);
    expect(stdout).toMatch(/INFORMATIONAL request \d \{ D\(IKE\) \}/);
    expect(code).toBe(2);
    const { stdout: status } = await ikev2.run(['status', '--control', control, '--json']);
    expect(status).toContain('"kind":"daemon"');
    expect(status).not.toMatch(/established/);
  });

  const wrong: [why: string, script: unknown, says: RegExp][] = [
    ['no JSON', '{', /1?\.json: /],
    [
      'an action nobody knows',
      { rules: [{ name: 'x', do: 'dorp' }] },
      /rule 1 "x", do\.action: expected .*, found 'dorp'; did you mean 'drop'\?/,
    ],
    [
      'an event nobody knows',
      { rules: [], expect: { event: 'ikeUp' } },
      /expect\.event: expected ikeEstablished/,
    ],
    [
      'a diagram without arrows',
      { rules: [], expect: { diagram: 'hm hm' } },
      /expect\.diagram: a diagram needs a line with an arrow/,
    ],
    [
      'a field nobody knows',
      { rules: [{ name: 'x', do: { action: 'set', payload: 'SA', field: 'proposals.*.nonsense', to: 1 } }] },
      /rule 1 "x", do\.field: no field 'nonsense'; there are number, protocol, spi, transforms/,
    ],
    [
      'a brace that is not closed',
      { rules: [], expect: { diagram: ['...', 'IKE_AUTH { IDi -->'] } },
      /expect\.diagram: line 2: expected payloads between one \{ and one \}/,
    ],
  ];
  it.each(wrong)('refuses a script with %s, before anything is sent', async (_why, script, says) => {
    const { code, stdout, stderr } = await fault(script);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

import { describe, expect, it } from 'vitest';
import { eventText } from '../../src/daemon/lines.ts';
import { type LogLevel, logEvent, makeLog } from '../../src/daemon/log.ts';
import { Metrics } from '../../src/daemon/metrics.ts';
import type { EngineEvent, Path, SaName } from '../../src/ike/actions.ts';

const sa: SaName = {
  spiI: '0123456789abcdef',
  spiR: 'fedcba9876543210',
  role: 'responder',
  connection: 'net',
};
const path: Path = {
  socket: 'nat',
  local: { address: '2001:db8::1', port: 4500 },
  remote: { address: '2001:db8::2', port: 61_000 },
};
const hostile = 'evil\u001b[31m\nroot: all is well \u202egnp.exe\u2028';
const established: EngineEvent = {
  kind: 'ikeEstablished',
  sa,
  path,
  local: '2001:db8::1',
  remote: '2001:db8::2',
  suite: 'AES_GCM_16-256',
  localId: '@us',
  proofs: { local: 'psk', remote: 'psk' },
  remoteId: hostile,
};
const message: EngineEvent = {
  kind: 'message',
  direction: 'in',
  sa,
  path,
  summary: 'IKE_AUTH request 1 { }',
  retransmission: false,
};
const drop: EngineEvent = { kind: 'drop', reason: 'malformed', path, detail: hostile, count: 7 };

function logged(level: LogLevel, format: 'text' | 'json', ...events: EngineEvent[]): string[] {
  const lines: string[] = [];
  const log = makeLog({ level, format, write: (line) => lines.push(line) });
  for (const event of events) logEvent(log, event);
  return lines;
}

describe('log', () => {
  it('keeps a hostile identity on its own line and out of the terminal', () => {
    const [line = ''] = logged('debug', 'text', established);
    expect(line.trimEnd()).toMatch(
      /^\S+ INFO {2}"net" #fedcba98: IKE SA established as responder, AES_GCM_16-256, shared key, @us to evil\\u\{1b\}\[31m\\u\{a\}root: all is well \\u\{202e\}gnp\.exe\\u\{2028\}, \[2001:db8::1\]:4500 - \[2001:db8::2\]:61000$/,
    );
    expect(line.slice(0, -1)).not.toMatch(/\p{C}/u);
  });

  it('says who and where from debug on only, and every packet at trace only', () => {
    const events = [established, message, drop];
    expect(logged('info', 'text', ...events).join('')).not.toMatch(/2001:db8|@us|evil|IKE_AUTH|malformed/);
    expect(logged('debug', 'text', ...events)).toHaveLength(2);
    expect(logged('trace', 'text', ...events).join('')).toMatch(
      /<- \[2001:db8::2\]:61000 IKE_AUTH request 1 \{ \}/,
    );
  });

  it('writes JSON objects a line on demand', () => {
    const [line = ''] = logged('info', 'json', established);
    expect(JSON.parse(line)).toMatchObject({
      level: 30,
      event: 'ikeEstablished',
      spiI: sa.spiI,
      connection: 'net',
      msg: expect.stringContaining('IKE SA established'),
    });
  });

  it('has no words for keys, and shows a bug with its stack', () => {
    const key = new Uint8Array(16).fill(0xab);
    const keys = {
      kind: 'childKeys',
      sa,
      command: { kind: 'addSa', sa: { encryption: { key } } },
    } as unknown as EngineEvent;
    expect(eventText(keys, 'private')).toBeUndefined();
    expect(logged('trace', 'json', keys)).toEqual([]);
    const bug: EngineEvent = { kind: 'bug', message: 'broken', stack: 'Error: broken\n    at here' };
    expect(logged('error', 'text', bug).join('')).toMatch(/ERROR bug: broken\nError: broken\n {4}at here\n$/);
  });
});

describe('metrics', () => {
  it('count what happened, drops by their number', () => {
    const metrics = new Metrics();
    for (const event of [established, message, message, drop]) metrics.event(event);
    metrics.event({ kind: 'ikeFailed', sa, reason: { code: 'TIMEOUT', text: '' } });
    expect(metrics.counters).toEqual({
      'drop.malformed': 7,
      ikeEstablished: 1,
      'ikeFailed.TIMEOUT': 1,
      'message.in': 2,
    });
  });
});

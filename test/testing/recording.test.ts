/** A run written down and run again gives the same actions, octet for octet. */
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import type { KernelNotice } from '../../src/kernel/port.ts';
import {
  fromJson,
  lossy,
  pair,
  ReplayError,
  replay,
  seeded,
  tamper,
  toJson,
} from '../../src/testing/index.ts';
import { replayReport } from '../../src/testing/replay-report.ts';
import { host } from '../scenes/ondemand-stage.ts';

/** A life with everything in it that draws: both roles, loss, a block cipher, cookies, fragments, a reload. */
function lived() {
  const both = pair({
    record: true,
    cookieThreshold: 0,
    ike: 'aes128-sha2_256-x25519',
    initiator: { crypto: nodeCrypto, identity: `@[${'i'.repeat(2000)}]` },
    responder: { crypto: nobleCrypto },
  });
  both.network.fate(lossy(seeded(1), { drop: 0.2, copy: 0.2, delay: 0.2 }));
  both.initiator.up('pair');
  both.network.until(() => both.responder.children.length > 0 && both.initiator.children.length > 0);
  both.initiator.setPolicy(both.change('initiator', {}));
  both.responder.command({ kind: 'liveness', name: 'pair' });
  both.network.advance(5000);
  both.responder.down('pair');
  both.network.run();
  return both;
}

/** Packets that ask for children, and all else a data plane tells. */
function demanded() {
  const child = {
    failureShunt: 'drop',
    negotiationShunt: 'passthrough',
    settings: { mark: { value: 1, mask: 255 }, tfcPadding: 1400 },
  } as const;
  const both = pair({
    record: true,
    initiator: { subnet: '10.1.0.0/16', child, entry: { start: 'ondemand', encapsulation: 'yes' } },
    responder: { subnet: '10.2.0.0/16' },
  });
  const { initiator, network, name } = both;
  const tell = (notice: KernelNotice) => initiator.feed({ type: 'kernel', notice });
  const ask = (from: string) =>
    tell({
      kind: 'acquire',
      reqid: initiator.status.routes[0]?.reqid ?? 0,
      sequence: 7,
      local: host(from),
      remote: host('10.2.0.9'),
      label: Uint8Array.of(1, 2, 0),
    });
  ask('10.1.0.7');
  network.settle();
  const id = { spi: initiator.children[0]?.inboundSpi ?? 0, destination: initiator.address };
  tell({ kind: 'selectors', id, packet: Uint8Array.of(0x45, 0) });
  tell({ kind: 'mapping', id, address: '203.0.113.1', port: 4501 });
  tell({ kind: 'expire', id, hard: true });
  network.advance(30_000);
  network.fate(() => []);
  initiator.down(name);
  network.advance(100_000);
  ask('10.1.0.8');
  network.advance(100_000);
  initiator.memory.refuse(1, 'ENOMEM', 'addPolicy');
  initiator.command({ kind: 'unroute', name });
  initiator.command({ kind: 'route', name });
  initiator.command({ kind: 'shutdown' });
  network.run();
  return both;
}

describe('record and replay', () => {
  it('packets that ask for children, and notices of their SAs', () => {
    const { recording, answers, events } = demanded().initiator;
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['flow', 'routeFailed']));
    const again: string[] = [];
    for (const actions of replay(recording, nobleCrypto)) again.push(toJson(actions));
    expect(again).toEqual(answers.slice(1));
  });

  it.each(['initiator', 'responder'] as const)('the %s, on either provider', (end) => {
    const both = lived();
    const { recording, answers } = both[end];
    expect(recording.length).toBeGreaterThan(10);
    for (const crypto of [nobleCrypto, nodeCrypto]) {
      const again: string[] = [];
      for (const actions of replay(recording, crypto)) again.push(toJson(actions));
      // The first line is the beginning, which answers nothing.
      expect(again).toEqual(answers.slice(1));
    }
  });

  it('lines are JSON objects of now, input and drawn', () => {
    const { recording } = lived().responder;
    for (const line of recording) {
      const names = Object.keys(JSON.parse(line));
      expect(names).toContain('now');
      expect(names).toContain('drawn');
      expect(line).not.toContain('\n');
    }
  });

  it('a run that draws otherwise is found out', () => {
    const { recording } = lived().responder;
    const line = recording.findIndex((each) => !each.includes('"drawn":[]'));
    const other = [...recording];
    other[line] = (recording[line] ?? '').replace(/"drawn":\["(..)/, '"drawn":["');
    expect(() => [...replay(other, nobleCrypto)]).toThrow(ReplayError);
    other[line] = (recording[line] ?? '').replace('"drawn":[', '"drawn":["00",');
    expect(() => [...replay(other, nobleCrypto)]).not.toThrow(TypeError);
    expect(() => [...replay(recording.slice(1), nobleCrypto)]).toThrow(ReplayError);
    expect(() => [...replay(['{'], nobleCrypto)]).toThrow('line 1: this is no line of a recording');
  });
});

describe('a recording somebody edited', () => {
  const { recording } = pair({ record: true }).up().initiator;
  const [start = '', up = ''] = recording;
  const datagram = recording.find((line) => line.includes('"type":"datagram"')) ?? '';
  const edits: [why: string, lines: readonly string[], said: RegExp][] = [
    [
      'a beginning of nothing',
      ['{"now":1,"start":{}}'],
      /^line 1: this is no line of a recording: start\.now: expected a number$/,
    ],
    [
      'a policy of nothing',
      ['{"now":1,"start":{"now":1,"unixTime":1,"policy":{"pad":[{}],"preSharedKeys":[]}}}'],
      /start\.policy\.pad\[0\]\.name: expected text/,
    ],
    [
      'draws that are no list',
      [start, up.replace(/"drawn":\[.*?\]/, '"drawn":5')],
      /^line 2: .*: drawn: expected a list$/,
    ],
    [
      'draws that are no octets',
      [start, up.replace(/"drawn":\[.*?\]/, '"drawn":["0g"]')],
      /^line 2: .*: drawn\[0\]: expected hexadecimal digits$/,
    ],
    [
      'a datagram without addresses',
      [start, datagram.replace(/"local":\{.*?\},"remote":\{.*?\},/, '')],
      /input\.local: expected an object/,
    ],
    [
      'a datagram from no address',
      [start, datagram.replace(/"address":"[^"]*"/, '"address":"here"')],
      /input\.local\.address: expected an address/,
    ],
    [
      'a datagram without octets',
      [start, datagram.replace(/\{"hex":"[^"]*"\}/, '5')],
      /input\.octets: expected octets/,
    ],
    [
      'an input nobody knows',
      [start, '{"now":0,"input":{"type":"nonsense"}}'],
      /^line 2: .*: input\.type: expected datagram or wake/,
    ],
    [
      'a command nobody knows',
      [start, '{"now":0,"input":{"type":"command","command":{"kind":"up"}}}'],
      /input\.command\.name: expected text/,
    ],
    ['a field nobody knows', [start, '{"now":0,"inptu":{"type":"wake"}}'], /inptu: there is no such field/],
    ['a line of nothing', [start, '{"now":0}'], /expected one of start, input and end/],
    ['time that is none', [start, '{"now":"x","input":{"type":"wake"}}'], /now: expected a number/],
    [
      'time that goes back',
      [start, '{"now":5,"input":{"type":"wake"}}', '{"now":4,"input":{"type":"wake"}}'],
      /^line 3: time goes back, from 5 to 4 ms$/,
    ],
    [
      'lines behind the end',
      [start, '{"now":5,"end":true}', '', '{"now":6,"input":{"type":"wake"}}'],
      /^line 4: the recording has ended before this line$/,
    ],
    [
      'octets that are none',
      [start, '{"now":0,"input":{"hex":"zz"}}'],
      /^line 2: this is no line of a recording: /,
    ],
  ];
  it.each(edits)('with %s says which line, and why', (_why, lines, said) => {
    const run = () => [...replay(lines, nobleCrypto)];
    expect(run).toThrow(ReplayError);
    expect(run).toThrow(said);
  });

  it('tells of draws of another length, whatever the engine made of it', () => {
    const other = [start, up.replace(/"drawn":\["(..)/, '"drawn":["')];
    expect(() => [...replay(other, nobleCrypto)]).toThrow(
      /^line 2: \d+ random octets drawn, the recording has \d+$/,
    );
  });

  it('that was cut at a line says so, and a whole one does not', () => {
    const cut = replayReport(recording, () => undefined);
    expect(cut).toMatchObject({ reproduced: true, ended: false });
    const whole = replayReport([...recording, '{"now":1000,"end":true}', ''], () => undefined);
    expect(whole).toMatchObject({ reproduced: true, ended: true });
  });
});

describe('JSON', () => {
  it('keeps octets, bigints and secrets', () => {
    const value = { a: Uint8Array.of(0, 255), b: 2n ** 64n, c: [1, 'x', null, true], d: { hex: 5 } };
    expect(fromJson(toJson(value))).toEqual(value);
    const secret = fromJson(toJson({ s: new Secret(Uint8Array.of(1, 2)) })) as { s: Secret };
    expect(secret.s.octets).toEqual(Uint8Array.of(1, 2));
  });
});

describe('tamper', () => {
  it('a message sealed again without a change opens to the same', () => {
    const { network } = pair({ entry: { encapsulation: 'yes' } }).up();
    for (const { octets } of network.flights) {
      const again = tamper(network.keys, octets, ({ payloads }) => payloads);
      expect(network.keys.open(again)?.payloads).toEqual(network.keys.open(octets)?.payloads);
      expect(again.length).toBe(octets.length);
    }
  });

  it('what cannot be opened is refused', () => {
    const { network } = pair().up();
    expect(() => tamper(network.keys, Uint8Array.of(1, 2, 3), () => [])).toThrow(/cannot|can be opened/);
    const sealed = network.flights[2]?.octets.slice() ?? new Uint8Array(0);
    sealed[sealed.length - 1] = (sealed[sealed.length - 1] ?? 0) ^ 1;
    expect(() => tamper(network.keys, sealed, () => [])).toThrow(/can be opened/);
  });
});

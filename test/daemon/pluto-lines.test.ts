import { describe, expect, test } from 'vitest';
import { childTraffic, shuntLine, stateLines, trafficLine } from '../../src/daemon/pluto-lines.ts';
import { SaBook } from '../../src/daemon/sa-book.ts';
import type { DaemonStatus, NumberedChildSa, NumberedIkeSa, ShuntStatus } from '../../src/daemon/status.ts';
import type { SaName } from '../../src/ike/actions.ts';

const child: NumberedChildSa = {
  connection: 'net',
  child: 'net',
  inboundSpi: 0xa18eef7c,
  outboundSpi: 0x0fec601d,
  state: 'installed',
  mode: 'tunnel',
  suite: 'AES_GCM_16-128',
  local: '10.1.0.1/32',
  remote: '10.2.0.1/32',
  reqid: 16412,
  encapsulated: false,
  since: 0,
  rekeyAt: 28_157_900,
  endsAt: 28_799_900,
  number: 2,
  addTime: 1_700_000_000,
  maxOctets: 0,
};

const sa: NumberedIkeSa = {
  spiI: '1',
  spiR: '2',
  role: 'initiator',
  connection: 'net',
  phase: 'established',
  path: {
    socket: 'ike',
    local: { address: '192.168.1.2', port: 500 },
    remote: { address: '192.168.1.3', port: 500 },
  },
  suite: '',
  localId: '@ours.example',
  remoteId: '@pluto.example',
  proofs: undefined,
  nat: { here: false, peer: false },
  internal: { local: [], remote: [] },
  rekeyAt: 27_854_900,
  endsAt: 28_799_900,
  number: 1,
  instance: 1,
  children: [child],
};

const status = (...ikeSas: NumberedIkeSa[]): DaemonStatus => ({
  pid: 1,
  uptime: 0,
  now: 0,
  kernel: 'xfrm',
  labels: 'simple',
  lacks: [],
  listening: [],
  connections: [],
  ikeSas,
  loaded: [],
  routes: [],
  shunts: [],
  traffic: {
    [child.inboundSpi]: {
      in: { octets: 2048, packets: 9, lastUse: 0 },
      out: { octets: 84, packets: 1, lastUse: 0 },
    },
  },
  counters: {},
});

const traffic = (of: NumberedIkeSa, any = false) =>
  childTraffic(status(of)).map((each) => trafficLine(each, any));

// What a live pluto 4.10 prints, without the number of the message before it.
describe('trafficstatus', () => {
  test('has the fields of pluto', () => {
    expect(traffic(sa)).toEqual([
      '#2: "net", type=ESP, add_time=1700000000, inBytes=2048, outBytes=84, maxBytes=2^63B, id=\'@pluto.example\'',
    ]);
  });

  test('names the peer of a connection for any, its lease, and a limit', () => {
    const leased = {
      ...sa,
      internal: { local: [], remote: ['10.3.0.1/32'] },
      children: [{ ...child, maxOctets: 100_000 }],
    };
    expect(traffic(leased, true)).toEqual([
      '#2: "net"[1] 192.168.1.3, type=ESP, add_time=1700000000, inBytes=2048, outBytes=84, maxBytes=97KiB, id=\'@pluto.example\', lease=10.3.0.1/32',
    ]);
  });

  test('prints nothing of the peer’s that a terminal would obey', () => {
    const [line] = traffic({ ...sa, remoteId: '@\\1b[31m\\0aroot\\20x' });
    expect(line).toMatch(/id='@\\033\[31m\\012root x'$/);
  });
});

describe('showstates', () => {
  test('has the lines of pluto', () => {
    expect(stateLines(sa, status(sa), false)).toEqual([
      '#1: "net":500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 27854s; REPLACE in 28799s; newest; idle;',
      '#2: "net":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); REKEY in 28157s; REPLACE in 28799s; newest; eroute owner; IKE SA #1; idle;',
      '#2: "net" esp.fec601d@192.168.1.3 esp.a18eef7c@192.168.1.2 tun.0@192.168.1.3 tun.0@192.168.1.2 Traffic: ESPin=2KB ESPout=84B ESPmax=2^63B',
    ]);
  });

  test('of transport mode between IPv6 hosts, which nobody rekeys', () => {
    const path = {
      ...sa.path,
      local: { address: 'fd00:1::2', port: 500 },
      remote: { address: 'fd00:1::3', port: 4500 },
    };
    const { rekeyAt: _rekeyAt, ...ends } = child;
    const other = {
      ...sa,
      path,
      children: [{ ...ends, mode: 'transport' as const, state: 'replaced' as const }],
    };
    expect(stateLines(other, status(other, { ...sa, number: 3 }), false)).toEqual([
      '#1: "net":4500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 27854s; REPLACE in 28799s; idle;',
      '#2: "net":4500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); EXPIRE in 28799s; IKE SA #1; idle;',
      '#2: "net" esp:fec601d@fd00:1::3 esp:a18eef7c@fd00:1::2 Traffic: ESPin=2KB ESPout=84B ESPmax=2^63B',
    ]);
  });

  test.each([
    ['init', 'initiator', 'STATE_V2_PARENT_I1 (sent IKE_SA_INIT request)'],
    ['authenticating', 'initiator', 'STATE_V2_PARENT_I2 (sent IKE_AUTH request)'],
    ['authenticating', 'responder', 'STATE_V2_PARENT_R1 (sent IKE_SA_INIT reply)'],
    ['deleting', 'initiator', 'STATE_V2_IKE_SA_DELETE (IKE SA deleted)'],
  ] as const)('%s as %s', (phase, role, words) => {
    const { rekeyAt: _rekeyAt, endsAt: _endsAt, ...rest } = sa;
    const half = { ...rest, phase, role, children: [] };
    expect(stateLines(half, status(half), false)).toEqual([`#1: "net":500 ${words}; newest; idle;`]);
  });
});

test.each([
  [
    { what: 'bypass', why: 'failure' },
    '10.60.0.1/32',
    '10.61.0.1/32',
    '10.60.0.1/32:0 -0-> 10.61.0.1/32:0 => %pass 0    failure',
  ],
  [
    { what: 'discard', why: 'negotiation' },
    '10.60.0.1/32[tcp]',
    '10.61.0.1/32[tcp/80]',
    '10.60.0.1/32:0 -6-> 10.61.0.1/32:80 => %hold 0    negotiation',
  ],
  [
    { what: 'discard', why: 'policy' },
    'fd00::1/128[ipv6-icmp/128(0)]',
    'fd00::/64',
    'fd00::1/128:128 -58-> fd00::/64:0 => %drop 0    policy',
  ],
] as const)('shuntstatus: %o', (kind, local, remote, line) => {
  const shunt: ShuntStatus = { connection: 'net', child: 'net', reqid: 0, since: 0, ...kind, local, remote };
  expect(shuntLine(shunt)).toBe(line);
});

describe('numbers', () => {
  const name = (spiI: string): SaName => ({ spiI, spiR: '0', role: 'initiator', connection: 'net' });
  const established = (spiI: string) =>
    ({
      kind: 'ikeEstablished',
      sa: name(spiI),
      local: '',
      remote: '',
      suite: '',
      path: sa.path,
      localId: '@a',
      remoteId: '@b',
      proofs: { local: 'psk', remote: 'psk' },
    }) as const;

  test('are given once, in order; an heir keeps all but its number', () => {
    const book = new SaBook(() => 5_999);
    book.event(established('a'));
    expect(book.child(1)).toEqual({ number: 2, addTime: 5 });
    book.event(established('b'));
    expect([book.ike(name('a')), book.ike(name('b'))]).toMatchObject([
      { number: 1, instance: 1 },
      { number: 3, instance: 2 },
    ]);
    book.event({ kind: 'ikeRekeyed', sa: name('a'), by: name('c') });
    expect(book.ike(name('c'))).toMatchObject({ number: 4, instance: 1, remoteId: '@b' });
    book.event({ kind: 'ikeDeleted', sa: name('a'), reason: { code: 'REPLACED', text: '' } });
    expect(book.ike(name('c')).number).toBe(4);
    expect(book.child(1).number).toBe(2);
  });

  test('a half-open SA keeps its number when the answer comes', () => {
    const book = new SaBook(() => 0);
    expect(book.ike(name('a'))).toEqual({ number: 1, instance: 0 });
    book.event({ ...established('a'), sa: { ...name('a'), spiR: 'f' } });
    expect(book.ike({ ...name('a'), spiR: 'f' })).toMatchObject({ number: 1, instance: 1 });
  });
});

import { describe, expect, test } from 'vitest';
import { SaBook } from '../../src/daemon/sa-book.ts';
import { UpdownFlows } from '../../src/daemon/updown-flows.ts';
import type { EngineEvent, PlainSelector, SaName } from '../../src/ike/actions.ts';
import type { RouteStatus } from '../../src/ike/status.ts';
import type { SaCounters } from '../../src/kernel/port.ts';
import type { PadEntry } from '../../src/policy/policy.ts';
import { connection } from './updown-facts.ts';

const nets = ['leftsubnet=10.1.0.0/16', 'rightsubnet=10.2.0.0/16', 'leftupdown=x'];

/** Runs are noted as `up 10.1.0.0/16 10.2.0.0/16`. */
function stage(...lines: string[]) {
  const ran: Readonly<Record<string, string>>[] = [];
  const warned: string[] = [];
  const state = {
    entries: [connection(...lines).entry] as readonly PadEntry[],
    routes: [] as RouteStatus[],
    counters: new Map<number, SaCounters>(),
  };
  const book = new SaBook(() => 1_700_000_000_000);
  const flows = new UpdownFlows({
    book,
    entries: () => state.entries,
    routes: () => state.routes,
    wanted: () => true,
    counters: ({ spi }) => state.counters.get(spi),
    device: () => 'eth0',
    stack: 'memory',
    run: ({ environment }) => ran.push(environment),
    warn: (text) => warned.push(text),
  });
  const hear = (event: EngineEvent): void => {
    book.event(event);
    flows.event(event);
  };
  const text = ({ PLUTO_VERB = '', PLUTO_MY_CLIENT, PLUTO_PEER_CLIENT }: (typeof ran)[number]): string =>
    `${PLUTO_VERB.split('-')[0]} ${PLUTO_MY_CLIENT} ${PLUTO_PEER_CLIENT}`;
  return {
    state,
    flows,
    hear,
    warned,
    /** The verbs since the last time. */
    verbs: () =>
      ran
        .splice(0)
        .map(text)
        .map((each) => each.split(' ')[0]),
    runs: () => ran.splice(0).map(text),
    told: () => ran.splice(0),
  };
}

const sa = (spi = 'a'): SaName => ({ spiI: spi, spiR: 'f', role: 'initiator', connection: 'a' });
const child = (inboundSpi: number) => ({
  connection: 'a',
  child: 'a',
  inboundSpi,
  outboundSpi: inboundSpi + 1,
});
const range = (start: string, end: string): PlainSelector => ({
  start,
  end,
  protocol: 0,
  startPort: 0,
  endPort: 65535,
});
const own = range('10.1.0.0', '10.1.255.255');
const peers = range('10.2.0.0', '10.2.255.255');

const up = (spi: number, local = [own], remote = [peers], of = sa()): EngineEvent => ({
  kind: 'childEstablished',
  sa: of,
  child: child(spi),
  suite: '',
  mode: 'tunnel',
  local: '',
  remote: '',
  selectors: { local, remote },
  reqid: 7,
  encapsulated: false,
});
const down = (spi: number): EngineEvent => ({
  kind: 'childDeleted',
  sa: sa(),
  child: child(spi),
  reason: '',
});
const established = (remoteId = '@theirs'): EngineEvent => ({
  kind: 'ikeEstablished',
  sa: sa(),
  local: '',
  remote: '',
  suite: '',
  path: {
    socket: 'ike',
    local: { address: '192.0.2.1', port: 500 },
    remote: { address: '198.51.100.2', port: 500 },
  },
  localId: '@ours',
  remoteId,
  proofs: { local: 'psk', remote: 'psk' },
});
const route: RouteStatus = {
  connection: 'a',
  child: 'a',
  local: '',
  remote: '',
  what: 'protect',
  mode: 'tunnel',
  reqid: 9,
  since: 0,
  negotiating: 0,
};

describe('in the order of pluto', () => {
  test('up, prepare, route; down; up again without a route; unroute when the connection goes', () => {
    const { state, flows, hear, verbs } = stage(...nets);
    hear(established());
    hear(up(1));
    expect(verbs()).toEqual(['up', 'prepare', 'route']);
    hear(down(1));
    expect(verbs()).toEqual(['down']);
    hear(up(2));
    expect(verbs()).toEqual(['up']);
    state.entries = [];
    flows.synchronize();
    expect(verbs()).toEqual([]);
    hear(down(2));
    expect(verbs()).toEqual(['down', 'unroute']);
  });

  test('a rekey is nobody’s business, nor is a reauthentication that overlaps', () => {
    const { hear, verbs } = stage(...nets);
    hear(up(1));
    verbs();
    hear(up(2));
    hear(down(1));
    hear(up(3, [own], [peers], sa('b')));
    hear(down(2));
    expect(verbs()).toEqual([]);
    hear(down(3));
    expect(verbs()).toEqual(['down']);
  });

  test('on-demand traffic is routed first; its child then only comes up', () => {
    const { state, flows, hear, verbs } = stage(...nets);
    state.routes = [route];
    flows.synchronize();
    expect(verbs()).toEqual(['prepare', 'route']);
    flows.synchronize();
    hear(up(1));
    expect(verbs()).toEqual(['up']);
    hear(down(1));
    state.routes = [];
    flows.unroute('a');
    expect(verbs()).toEqual(['down', 'unroute']);
  });

  test('what is unrouted while it is up goes when it is down', () => {
    const { flows, hear, verbs } = stage(...nets);
    hear(up(1));
    flows.unroute('a');
    expect(verbs()).toEqual(['up', 'prepare', 'route']);
    hear(up(2));
    hear(down(1));
    hear(down(2));
    expect(verbs()).toEqual(['down', 'unroute']);
  });

  test('of a peer of any address nothing stays', () => {
    const { hear, verbs } = stage('right=%any', 'leftupdown=x');
    hear(established());
    hear(up(1));
    hear(down(1));
    expect(verbs()).toEqual(['up', 'prepare', 'route', 'down', 'unroute']);
  });

  test('when the daemon ends, what is up goes down', () => {
    const { flows, hear, verbs } = stage(...nets);
    hear(up(1));
    verbs();
    flows.end();
    flows.end();
    expect(verbs()).toEqual(['down', 'unroute']);
  });
});

test('down tells what was carried, and who the peer was', () => {
  const { state, hear, told } = stage(...nets);
  hear(established('@a$b'));
  hear(up(1));
  told();
  state.counters = new Map([
    [1, { octets: 336, packets: 4, lastUse: 1 }],
    [2, { octets: 84, packets: 1, lastUse: 1 }],
  ]);
  hear(down(1));
  expect(told()).toMatchObject([
    { PLUTO_INBYTES: '336', PLUTO_OUTBYTES: '84', PLUTO_ADDTIME: '1700000000', PLUTO_PEER_ID: '@a\\044b' },
  ]);
});

describe('a child of several networks', () => {
  test('is told of a pair at a time, of one family, and of ranges in networks', () => {
    const { hear, runs } = stage(...nets);
    const six = range('fd01::', 'fd01::ffff:ffff:ffff:ffff');
    hear(up(1, [own, six], [range('10.2.0.1', '10.2.0.4'), range('fd02::1', 'fd02::1')]));
    expect(runs().filter((each) => each.startsWith('up'))).toEqual([
      'up 10.1.0.0/16 10.2.0.1/32',
      'up 10.1.0.0/16 10.2.0.2/31',
      'up 10.1.0.0/16 10.2.0.4/32',
      'up fd01::/64 fd02::1/128',
    ]);
  });

  test('never makes a run of commands without end', () => {
    const { hear, runs, warned } = stage(...nets);
    const odd = Array.from({ length: 16 }, (_, at) => range(`10.${at}.0.1`, `10.${at}.255.254`));
    hear(up(1, odd, odd));
    expect(runs()).toHaveLength(64 * 3);
    expect(warned).toHaveLength(1);
  });
});

test('without a command nothing is run', () => {
  const { state, flows, hear, verbs } = stage('leftsubnet=10.1.0.0/16', 'rightsubnet=10.2.0.0/16');
  state.routes = [route];
  flows.synchronize();
  hear(up(1));
  hear(down(1));
  flows.end();
  expect(verbs()).toEqual([]);
});

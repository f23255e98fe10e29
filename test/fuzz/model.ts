/** A random walk of both ends of a connection behind a NAT, and what must hold whenever all is at rest. */
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import type { MemoryKernel } from '../../src/kernel/memory.ts';
import {
  type Host,
  ladder,
  lossy,
  type Nat,
  type Pair,
  pair,
  type Seeded,
  seeded,
  VirtualNetwork,
} from '../../src/testing/index.ts';
import { remembering } from './remembering.ts';

const quick = remembering(nodeCrypto);
/** A walk begins anew after so many steps: another seed, other keys. */
export const stepsOfWalk = 200;
/** All timers are through: the longest wait for a peer, and then a tombstone. */
const restMillis = 150_000;

type Walker = {
  readonly both: Pair;
  readonly nat: Nat;
  readonly dice: Seeded;
  readonly steps: string[];
  readonly counts: Map<string, number>;
  outside: number;
};

interface Step {
  readonly weight: number;
  readonly run: (walker: Walker, host: Host, end: 'initiator' | 'responder') => void;
}

const name = 'pair';

const steps: Readonly<Record<string, Step>> = {
  up: { weight: 4, run: ({ both }) => both.initiator.up(name) },
  down: { weight: 1, run: (_, host) => host.down(name) },
  'rekey children': { weight: 6, run: (_, host) => host.command({ kind: 'rekey', name, what: 'children' }) },
  'rekey the IKE SA': { weight: 5, run: (_, host) => host.command({ kind: 'rekey', name, what: 'ike' }) },
  'one more child': {
    weight: 2,
    run: (_, host) => {
      if (host.children.length < 8) host.command({ kind: 'upChild', name, child: name });
    },
  },
  'delete a child': {
    weight: 3,
    run: ({ dice }, host) => {
      if (host.children.length > 0)
        host.command({ kind: 'deleteChild', spi: dice.pick(host.children).inboundSpi });
    },
  },
  'a child is at its end': {
    weight: 2,
    run: ({ dice, both }, host) => {
      if (host.children.length === 0) return;
      const { inboundSpi: spi } = dice.pick(host.children);
      const id = { spi, destination: host === both.initiator ? '192.168.1.2' : '10.0.0.2' };
      host.feed({ type: 'kernel', notice: { kind: 'expire', id, hard: dice.chance(0.3) } });
    },
  },
  liveness: { weight: 2, run: (_, host) => host.command({ kind: 'liveness', name }) },
  'another address': {
    weight: 1,
    run: (walker) => walker.nat.rebind(`203.0.113.${1 + (walker.outside++ % 200)}`),
  },
  'the same policy': { weight: 1, run: ({ both }, host, end) => host.setPolicy(both.policies[end]) },
  'another policy': {
    weight: 1,
    run: ({ both, dice }, host, end) =>
      host.setPolicy(both.change(end, { esp: dice.pick(['aes128gcm16', 'aes256gcm16,aes128gcm16']) })),
  },
  crash: { weight: 1, run: (_, host) => host.crash() },
  'a bad line': {
    weight: 3,
    run: ({ both, dice }) => {
      const rates = { drop: dice.pick([0.1, 0.3, 0.6]), copy: 0.2, delay: 0.4, latest: 2000 };
      both.network.fates.splice(0, 1, lossy(dice, rates));
    },
  },
  'a good line': { weight: 3, run: ({ both }) => both.network.fates.splice(0) },
  'time goes on': {
    weight: 16,
    run: ({ both, dice }) => both.network.advance(dice.pick([0, 1, 10, 11, 20, 30, 45, 300, 600, 3000])),
  },
};

const bag = Object.entries(steps).flatMap(([what, { weight }]) => Array<string>(weight).fill(what));

/** Walks so many steps; rests now and then. Throws with the steps and the messages when something does not hold. */
export function walk(seed: number, many: number, counts: Map<string, number>): void {
  const network = new VirtualNetwork({ seed, history: 300 });
  const nat = network.nat({ outside: '203.0.113.1', inside: ['192.168.1.2'], timeout: 3_600_000 });
  const both = pair({
    network,
    crypto: quick,
    entry: { retransmit: { interval: 500, timeout: 20_000 }, dpdDelay: 25_000 },
    initiator: { address: '192.168.1.2', identity: '@inside', subnet: '10.1.0.0/16' },
    responder: { identity: '@gateway', subnet: '10.2.0.0/16', peerAddress: '%any' },
  });
  const walker: Walker = { both, nat, dice: seeded(seed).fork('steps'), steps: [], counts, outside: 1 };
  try {
    for (let step = 0; step < many; step++) {
      const what = walker.dice.pick(bag);
      const end = walker.dice.pick(['initiator', 'responder'] as const);
      walker.steps.push(`${network.now} ms: ${what} (${end})`);
      counts.set(what, (counts.get(what) ?? 0) + 1);
      steps[what]?.run(walker, both[end], end);
      always(both);
      if (step % 25 === 24) rest(walker);
    }
    for (const host of [both.initiator, both.responder]) host.command({ kind: 'shutdown' });
    network.run();
    for (const host of [both.initiator, both.responder]) same('left over', host.leftovers, []);
  } catch (error) {
    if (error instanceof Error) error.message += report(seed, walker);
    throw error;
  }
}

function report(seed: number, { both, steps: done }: Walker): string {
  return [
    `\nseed ${seed}, the last steps:`,
    ...done.slice(-40),
    ...ladder(both.network).slice(-60),
    ...both.network.hosts.map((host) => `${host.name}: ${JSON.stringify(host.held)}`),
  ].join('\n  ');
}

/** The line is good and nobody begins anything: what was begun comes to its end. */
function rest({ both, counts, steps: done }: Walker): void {
  const { network, initiator, responder } = both;
  network.fates.splice(0);
  network.advance(restMillis);
  done.push(`${network.now} ms: at rest`);
  counts.set('at rest', (counts.get('at rest') ?? 0) + 1);
  if (initiator.children.length > 0) counts.set('with children', (counts.get('with children') ?? 0) + 1);
  const spis = (host: Host, direction: 'in' | 'out') =>
    host.memory.sas.filter((sa) => sa.direction === direction).map(({ id }) => id.spi);
  same('SAs', spis(initiator, 'in').sort(), spis(responder, 'out').sort());
  same('SAs', spis(initiator, 'out').sort(), spis(responder, 'in').sort());
  const ikeSas = (host: Host) => host.ikeSas.map(({ spiI, phase }) => `${spiI} ${phase}`).sort();
  same('IKE SAs', ikeSas(initiator), ikeSas(responder));
  for (const host of [initiator, responder]) owned(host);
}

/** No SA without a child, no child without its SAs and policies, nothing held for what is not there. */
function owned(host: Host): void {
  const { children, established, held, memory } = host;
  const of = (direction: 'in' | 'out') => memory.sas.filter((sa) => sa.direction === direction);
  const sorted = (list: Iterable<number>) => [...list].sort((a, b) => a - b);
  same(
    `${host.name}: inbound SAs`,
    sorted(of('in').map(({ id }) => id.spi)),
    sorted(children.map((each) => each.inboundSpi)),
  );
  same(
    `${host.name}: outbound SAs`,
    sorted(of('out').map(({ id }) => id.spi)),
    sorted(children.map((each) => each.outboundSpi)),
  );
  const reqids = sorted(new Set(children.map(({ reqid }) => reqid)));
  same(`${host.name}: policies`, policies(memory), reqids);
  same(`${host.name}: IKE SAs`, host.ikeSas.length <= 1 && host.ikeSas.length === established.length, true);
  const { timers, ...rest } = held;
  const { length: ikeSas } = established;
  same(`${host.name}: held`, rest, {
    ikeSas,
    halfOpen: 0,
    strangers: 0,
    childSpis: children.length,
    asks: 0,
    leases: 0,
  });
  same(`${host.name}: timers`, timers <= 2 * ikeSas, true);
}

const policies = (memory: MemoryKernel): number[] =>
  memory.policies
    .filter(({ direction }) => direction === 'out')
    .map(({ reqid }) => reqid)
    .sort((a, b) => a - b);

/** At every moment: each message ID of an IKE SA is asked once, and a request waits for the answer to the one before. */
function always({ network }: Pair): void {
  const last = new Map<string, number>();
  for (const { header, source } of network.flights.slice(-40)) {
    if (header === undefined || header.response) continue;
    const key = `${source.address} ${header.initiatorSpi} ${header.responderSpi}`;
    const before = last.get(key);
    if (before !== undefined && header.messageId !== before)
      same('next request', header.messageId, before + 1);
    last.set(key, header.messageId);
  }
}

function same(what: string, is: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(is), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
}

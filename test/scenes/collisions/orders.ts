/**
 * Every order in which two ends' commands and the messages they cause can happen. Time stands still meanwhile: a path
 * through the tree of orders is walked from the beginning each time, then the network goes on by itself until all is at
 * rest.
 */
import { expect } from 'vitest';
import { nodeCrypto } from '../../../src/crypto/node/index.ts';
import { MemoryKernel } from '../../../src/kernel/memory.ts';
import { type KernelCommand, KernelError } from '../../../src/kernel/port.ts';
import {
  type Flight,
  type Host,
  ladder,
  type Pair,
  type PairOptions,
  pair,
  seeded,
} from '../../../src/testing/index.ts';
import { remembering } from '../../fuzz/remembering.ts';
import { expectMirrored } from '../expect-up.ts';

export interface Crossing {
  readonly options?: PairOptions;
  /** Nothing is up before: the commands are what begins. */
  readonly fresh?: boolean;
  /** After the pair is up, before anything crosses. */
  readonly prepare?: (both: Pair) => void;
  /** What the ends begin, in every order among themselves and with the messages. */
  readonly commands: Readonly<Record<string, (both: Pair) => void>>;
  /** This many of the messages are lost, each in turn. */
  readonly losses?: number;
  /** This many of the messages arrive twice, each in turn. */
  readonly copies?: number;
  /** Milliseconds until all is at rest; 200 seconds unless said. */
  readonly rest?: number;
}

interface Choice {
  readonly name: string;
  readonly take: () => void;
}

interface Budget {
  losses: number;
  copies: number;
}

const quick = remembering(nodeCrypto);

/** Orders looked at when a message is lost or copied too: so many of them, at random. */
const sample = 120;

/**
 * Walks all orders and calls `check` at rest, each time; returns how many there are. With losses or copies there are
 * too many: a sample of them. A failure says which order.
 */
export function everyOrder(crossing: Crossing, check: (both: Pair) => void): number {
  let orders = 0;
  if (crossing.losses || crossing.copies) {
    const { integer } = seeded(JSON.stringify(crossing));
    for (; orders < sample; orders++) walk(crossing, (_, of) => integer(of), check);
    return orders;
  }
  let path: readonly number[] | undefined = [];
  while (path !== undefined) {
    const along: readonly number[] = path;
    path = next(walk(crossing, (step) => along[step] ?? 0, check));
    orders++;
  }
  return orders;
}

interface Taken {
  readonly at: number;
  readonly of: number;
}

/** The path after this one, depth first. */
function next(taken: Taken[]): number[] | undefined {
  for (let last = taken.pop(); last !== undefined; last = taken.pop()) {
    if (last.at + 1 < last.of) return [...taken.map(({ at }) => at), last.at + 1];
  }
  return undefined;
}

/** Walks one path, and tells what it was. */
function walk(
  crossing: Crossing,
  choose: (step: number, of: number) => number,
  check: (both: Pair) => void,
): Taken[] {
  const both = pair({
    crypto: quick,
    ...crossing.options,
    initiator: { kernel: new StrictKernel(), ...crossing.options?.initiator },
    responder: { kernel: new StrictKernel(), ...crossing.options?.responder },
  });
  if (!crossing.fresh) both.up();
  crossing.prepare?.(both);
  const trail: string[] = [];
  const taken: Taken[] = [];
  try {
    const { network } = both;
    const inFlight: Flight[] = [];
    const hold = network.fate((flight) => {
      inFlight.push(flight);
      return [];
    });
    const commands = Object.entries(crossing.commands);
    const budget = { losses: crossing.losses ?? 0, copies: crossing.copies ?? 0 };
    for (;;) {
      const choices = [...issue(commands, both), ...arrivals(inFlight, both, budget)];
      const at = choices.length > 1 ? choose(taken.length, choices.length) : 0;
      const choice = choices[at];
      if (choice === undefined) break;
      taken.push({ at, of: choices.length });
      trail.push(choice.name);
      choice.take();
    }
    hold();
    network.advance(crossing.rest ?? 200_000);
    check(both);
  } catch (error) {
    if (error instanceof Error)
      error.message += `\nin this order:\n  ${trail.join('\n  ')}\n${ladder(both.network).join('\n')}`;
    throw error;
  }
  return taken;
}

function issue(commands: [string, (both: Pair) => void][], both: Pair): Choice[] {
  return commands.map(([name, command], at) => ({
    name,
    take() {
      commands.splice(at, 1);
      command(both);
    },
  }));
}

function arrivals(inFlight: Flight[], both: Pair, budget: Budget): Choice[] {
  return inFlight.flatMap((flight, at) => {
    const take = () => void inFlight.splice(at, 1);
    const name = `${flight.number} to ${flight.destination.address}`;
    const choices = [
      {
        name,
        take() {
          take();
          deliver(both, flight);
        },
      },
    ];
    const lose = () => {
      budget.losses--;
      take();
    };
    const copy = () => {
      budget.copies--;
      deliver(both, flight);
    };
    if (budget.losses > 0) choices.push({ name: `${name}: lost`, take: lose });
    if (budget.copies > 0) choices.push({ name: `${name}: and again later`, take: copy });
    return choices;
  });
}

function deliver({ network }: Pair, { octets, source, destination }: Flight): void {
  const host = network.hosts.find(({ addresses }) => addresses.includes(destination.address));
  host?.receive(octets, destination, source);
}

/** What a data plane refuses the engine has done wrong: this one ends the run. */
class StrictKernel extends MemoryKernel {
  override apply(command: KernelCommand): void {
    try {
      super.apply(command);
    } catch (error) {
      if (error instanceof KernelError) throw new Error(`the data plane refuses: ${error.message}`);
      throw error;
    }
  }
}

/** One IKE SA, these children, both data planes mirrored, and nothing held beyond. */
export function expectAtRest(both: Pair, children: readonly string[]): void {
  const { initiator, responder } = both;
  const ikeSas = (host: Host) => host.ikeSas.map(({ spiI, spiR, phase }) => `${spiI} ${spiR} ${phase}`);
  expect(ikeSas(initiator)).toHaveLength(1);
  expect(ikeSas(responder)).toEqual(ikeSas(initiator));
  expect(initiator.established).toHaveLength(1);
  for (const host of [initiator, responder]) {
    expect(host.children.map(({ child }) => child).sort()).toEqual(children);
    expectCarried(host);
    expect(host.held).toEqual({
      ikeSas: 1,
      halfOpen: 0,
      strangers: 0,
      childSpis: children.length,
      timers: 0,
      asks: 0,
      leases: 0,
      flows: 0,
    });
  }
  expectMirrored(initiator, responder);
  expectNothingAfterDown(both);
}

/** The data plane has two SAs for each child, and the policies to lead traffic to them. */
function expectCarried(host: Host): void {
  const { memory, children } = host;
  const spis = (direction: 'in' | 'out') =>
    memory.sas
      .filter((sa) => sa.direction === direction)
      .map(({ id }) => id.spi)
      .sort();
  expect(spis('in')).toEqual(children.map(({ inboundSpi }) => inboundSpi).sort());
  expect(spis('out')).toEqual(children.map(({ outboundSpi }) => outboundSpi).sort());
  const reqids = [...new Set(children.map(({ reqid }) => reqid))].sort();
  const led = (direction: 'in' | 'out' | 'fwd') =>
    memory.policies.filter((policy) => policy.direction === direction).map(({ reqid }) => reqid);
  for (const direction of ['in', 'out', 'fwd'] as const) expect(led(direction).sort()).toEqual(reqids);
}

/** Neither the IKE SA nor the child is the one that was there first. */
export function expectRekeyed({ initiator, responder }: Pair): void {
  for (const host of [initiator, responder]) {
    const [first] = host.told('ikeEstablished');
    expect(host.ikeSas.map(({ spiI }) => spiI)).not.toContain(first?.sa.spiI);
    const [born] = host.told('childEstablished');
    expect(host.children.map(({ inboundSpi }) => inboundSpi)).not.toContain(born?.child.inboundSpi);
  }
}

/** Nothing at all is left. */
export function expectGone({ initiator, responder }: Pair): void {
  expect([initiator.leftovers, responder.leftovers]).toEqual([[], []]);
}

/** Whatever is up can be taken down. */
export function expectNothingAfterDown(both: Pair): void {
  both.initiator.down(both.name);
  expect(both.network.run()).toBe(true);
  expectGone(both);
}

type End = 'initiator' | 'responder';

/** Commands of one end, by what a trail calls them. */
export const command = {
  up: (end: End) => (both: Pair) => {
    both[end].up(both.name);
  },
  rekeyChildren: (end: End) => (both: Pair) => {
    both[end].command({ kind: 'rekey', name: both.name, what: 'children' });
  },
  rekeyIke: (end: End) => (both: Pair) => {
    both[end].command({ kind: 'rekey', name: both.name, what: 'ike' });
  },
  create: (end: End, child: string) => (both: Pair) => {
    both[end].command({ kind: 'upChild', name: both.name, child });
  },
  deleteChild: (end: End) => (both: Pair) => {
    const [child] = both[end].children;
    if (child) both[end].command({ kind: 'deleteChild', spi: child.inboundSpi });
  },
  down: (end: End) => (both: Pair) => {
    both[end].down(both.name);
  },
  liveness: (end: End) => (both: Pair) => {
    both[end].command({ kind: 'liveness', name: both.name });
  },
};

export const bothEnds: readonly (readonly [End, End])[] = [
  ['initiator', 'responder'],
  ['responder', 'initiator'],
];

/** How many of the messages of each order are lost or arrive twice. */
export const lines: readonly { readonly losses?: number; readonly copies?: number }[] = [
  {},
  { losses: 1 },
  { copies: 1 },
];

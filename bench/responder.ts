/**
 * CPU and memory of a responder for each handshake, IKE_SA_INIT and IKE_AUTH with one child, its initiators in another
 * process. Prints a line of JSON for each suite: the median of the rounds in µs of CPU (all threads: garbage collection
 * counts), beside what node:crypto alone takes for the same key pair, secret and signatures in the same rounds.
 *
 *   node .cache/bench/bench/responder.js [SUITE] [--rounds N] [--profile] [--scale] [--memory]
 */
import { nodeCrypto } from '../src/crypto/index.ts';
import { Answering } from './answering.ts';
import { floorOf } from './floor.ts';
import { InitiatorProcess } from './initiators.ts';
import { Profile } from './profile.ts';
import { type Known, type Suite, suites } from './suites.ts';

const args = process.argv.slice(2);
const has = (flag: string): boolean => args.includes(flag);
const numberOf = (flag: string, usual: number): number =>
  args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : usual;
const only = args[0]?.startsWith('--') ? '' : (args[0] ?? '');

const rounds = numberOf('--rounds', 7);
const batch = 500;
const batches = 4;
const warmUp = 2;

const collect = (globalThis as { gc?: () => void }).gc;
const initiators = new InitiatorProcess();
const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const tenth = (value: number): number => Math.round(value * 10) / 10;

/** Takes `count` initiators through their handshakes with `end`; returns µs of CPU the responder took for each. */
async function handshakes(end: Answering, suite: Suite, from: number, count: number): Promise<number> {
  let micros = 0;
  let parcels = await initiators.begin(suite.name, from, count);
  while (parcels.length > 0) {
    const { replies, cpu } = end.take(parcels);
    micros += cpu;
    parcels = suite.stop ? [] : await initiators.take(replies);
  }
  const children = suite.stop ? count : await initiators.children();
  if (children !== count) throw new Error(`${suite.name}: ${children} of ${count} have a child`);
  return micros / count;
}

async function round(suite: Suite): Promise<number> {
  const end = new Answering(suite);
  let sum = 0;
  for (let at = 0; at < batches; at++) sum += await handshakes(end, suite, at * batch, batch);
  return sum / batches;
}

/** Of each suite the cost of a handshake, and the floor under it. */
async function costs(): Promise<void> {
  for (const suite of suites.filter(({ name }) => name.includes(only))) {
    for (let at = 0; at < warmUp; at++) await round(suite);
    const profile = has('--profile') ? new Profile() : undefined;
    profile?.start();
    const [us, floor]: [number[], number[]] = [[], []];
    for (let at = 0; at < rounds; at++) {
      us.push(await round(suite));
      floor.push(floorOf(suite));
    }
    const [each, least] = [median(us), median(floor)];
    const ratio = least > 0 ? Math.round((100 * each) / least) / 100 : undefined;
    print({ bench: 'responder', name: suite.name, us: tenth(each), floor: tenth(least), ratio });
    if (profile) process.stdout.write(profile.stop(rounds * batches * batch));
  }
}

/** The same handshake with many connections loaded and with many SAs up. */
async function scale(): Promise<void> {
  const [suite] = suites;
  if (suite === undefined) return;
  for (const known of ['anybody', 'by-address', 'by-name'] as const satisfies readonly Known[]) {
    for (const conns of known === 'anybody' ? [1] : [10, 10_000]) {
      const end = new Answering(suite, { known, conns });
      const us: number[] = [];
      for (let at = 0; at < rounds + 1; at++)
        us.push(
          await handshakes(
            end,
            suite,
            (at * batch) % Math.max(conns, 1),
            Math.min(batch, conns === 1 ? batch : conns),
          ),
        );
      print({ bench: 'scale', name: `${conns} conns ${known}`, us: tenth(median(us.slice(1))) });
    }
  }
  const end = new Answering(suite);
  let up = 0;
  for (const until of [1_000, 10_000, 50_000]) {
    for (; up < until; up += batch) await handshakes(end, suite, up, batch);
    const us: number[] = [];
    for (let at = 0; at < rounds; at++, up += batch) us.push(await handshakes(end, suite, up, batch));
    print({ bench: 'scale', name: `${until} SAs`, us: tenth(median(us)) });
  }
}

/** Octets of resident memory and of heap that one more SA takes. */
async function memory(): Promise<void> {
  const count = 10_000;
  for (const suite of suites.filter(({ name }) => name.includes(only))) {
    const end = new Answering(suite);
    let up = 0;
    const grow = async (by: number): Promise<NodeJS.MemoryUsage> => {
      for (const until = up + by; up < until; up += batch) await handshakes(end, suite, up, batch);
      collect?.();
      collect?.();
      return process.memoryUsage();
    };
    const before = await grow(2_000);
    const after = await grow(count);
    const each = (of: 'rss' | 'heapUsed' | 'external' | 'arrayBuffers'): number =>
      Math.round((after[of] - before[of]) / count);
    print({
      bench: 'memory',
      name: suite.name,
      ...{
        rss: each('rss'),
        heap: each('heapUsed'),
        external: each('external'),
        buffers: each('arrayBuffers'),
      },
      held: end.held,
    });
  }
}

try {
  print({ bench: 'responder', crypto: nodeCrypto.name, node: process.version });
  if (has('--scale')) await scale();
  else if (has('--memory')) await memory();
  else await costs();
} finally {
  initiators.close();
}

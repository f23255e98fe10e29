/**
 * CPU and memory of a responder for each handshake, IKE_SA_INIT and IKE_AUTH with one child: the engine alone, without
 * sockets, its initiators recorded beforehand. Prints a line of JSON for each suite: the quietest of the rounds in µs of CPU
 * (all threads: garbage collection counts), beside what node:crypto alone takes for the same key pair, secret and
 * signatures in the same rounds.
 *
 *   node --expose-gc .cache/bench/bench/responder.js [SUITE] [--rounds N] [--profile] [--scale] [--memory]
 */
import { Answering, type AnsweringOptions } from './answering.ts';
import { floorOf } from './floor.ts';
import { type Recorded, record } from './initiators.ts';
import { Profile } from './profile.ts';
import { type Known, type Suite, suiteNamed, suites } from './suites.ts';

const args = process.argv.slice(2);
const has = (flag: string): boolean => args.includes(flag);
const rounds = has('--rounds') ? Number(args[args.indexOf('--rounds') + 1]) : 9;
const only = args[0]?.startsWith('--') ? '' : (args[0] ?? '');

const count = 1000;
const warmUp = 3;

const collect = (globalThis as { gc?: (how?: object) => void }).gc ?? (() => {});
const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** µs of CPU a handshake takes a fresh responder. */
function round(suite: Suite, { script, draws }: Recorded, options?: AnsweringOptions): number {
  const end = new Answering(suite, draws(), options);
  collect({ type: 'minor' });
  return script.reduce((sum, parcels) => sum + end.take(parcels).cpu, 0) / (script[0]?.length ?? 1);
}

/** Of each suite the cost of a handshake, and the floor under it. */
function costs(): void {
  for (const suite of suites.filter(({ name }) => name.includes(only))) {
    const recorded = record(suite, { count });
    for (let at = 0; at < warmUp; at++) round(suite, recorded);
    const profile = has('--profile') ? new Profile() : undefined;
    profile?.start();
    const [us, floor]: [number[], number[]] = [[], []];
    for (let at = 0; at < rounds; at++) {
      us.push(round(suite, recorded));
      floor.push(floorOf(suite));
    }
    const [each, least] = [Math.min(...us), Math.min(...floor)];
    const ratio = least > 0 ? rounded(each / least, 2) : undefined;
    print({ bench: 'responder', name: suite.name, us: rounded(each, 1), floor: rounded(least, 1), ratio });
    if (profile) process.stdout.write(profile.stop(rounds * count));
  }
}

/** The same handshake with few and with many connections loaded, then with few and with many SAs up. */
function scale(): void {
  const suite = suiteNamed('psk x25519');
  for (const known of ['by-address', 'by-name'] as const satisfies readonly Known[]) {
    for (const conns of [1_000, 10_000]) {
      const options = { known, conns };
      const recorded = record(suite, { count, ...options });
      const us = Array.from({ length: rounds + 1 }, () => round(suite, recorded, options));
      print({ bench: 'scale', name: `${conns} conns ${known}`, us: rounded(Math.min(...us.slice(1)), 1) });
    }
  }
  const [batch, most] = [500, 50_000];
  const { script, draws } = record(suite, { count: most + 10 * batch, batch });
  const end = new Answering(suite, draws());
  const us: number[] = [];
  for (let at = 0; at < script.length; at += 2)
    us.push((end.take(script[at] ?? []).cpu + end.take(script[at + 1] ?? []).cpu) / batch);
  for (const sas of [1_000, 10_000, most]) {
    const at = sas / batch;
    print({ bench: 'scale', name: `${sas} SAs`, us: rounded(Math.min(...us.slice(at, at + 10)), 1) });
  }
}

/** Octets of resident memory and of heap that one more SA takes. */
function memory(): void {
  for (const suite of suites.filter(({ name }) => name.includes(only))) {
    const [batch, first, all] = [500, 2_000, 12_000];
    const { script, draws } = record(suite, { count: all, batch });
    const steps = script.length / (all / batch);
    const end = new Answering(suite, draws());
    const grow = (from: number, to: number): NodeJS.MemoryUsage => {
      for (const parcels of script.slice((from / batch) * steps, (to / batch) * steps)) end.take(parcels);
      collect();
      collect();
      return process.memoryUsage();
    };
    const before = grow(0, first);
    const after = grow(first, all);
    const each = (of: 'rss' | 'heapUsed' | 'external' | 'arrayBuffers'): number =>
      Math.round((after[of] - before[of]) / (all - first));
    const grown = { rss: each('rss'), heap: each('heapUsed'), buffers: each('arrayBuffers') };
    print({ bench: 'memory', name: suite.name, ...grown, held: end.held });
  }
}

if (has('--scale')) scale();
else if (has('--memory')) memory();
else costs();

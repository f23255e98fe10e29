/**
 * Two engines on real UDP sockets with many IKE SAs between them, both rekeying IKE SAs and children every few seconds:
 * none is lost, and memory does not grow. Prints its figures as one line of JSON. `IKEV2_SOAK_SAS` (200),
 * `IKEV2_SOAK_SECONDS` (30), `IKEV2_SOAK_PACE` (1; 2 has lifetimes twice as long, for a machine that is busy with other things).
 */
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { IkeLifetime, Policy } from '../../src/policy/policy.ts';
import { connection, padEntry } from '../../src/testing/index.ts';
import { End } from './end.ts';

const many = Number(process.env.IKEV2_SOAK_SAS ?? 200);
const seconds = Number(process.env.IKEV2_SOAK_SECONDS ?? 30);
const pace = Number(process.env.IKEV2_SOAK_PACE ?? 1);
// Two of these may run at once.
const ports = { ike: 20_500 + (process.pid % 1000), nat: 24_500 + (process.pid % 1000) };
const [here, there] = ['127.0.0.1', '127.0.0.2'];

const lifetime: IkeLifetime = {
  ike: 36_000 * pace,
  margin: 10_000 * pace,
  fuzz: 100,
  rekey: true,
  reauth: false,
};
const child = (time: number) => ({ lifetime: { time: time * pace, octets: 0, packets: 0 } });
const common = {
  psk: 'a key for the soak',
  // A busy machine answers late; nobody is to be taken for dead because of that.
  entry: { lifetime, retransmit: { interval: 5000, timeout: 60_000 } },
  child: child(18_000),
};

const name = (n: number): string => `c${n}`;
const subnet = (n: number): string => `10.${n >> 8}.${n & 255}.0/24`;

function initiators(): Policy {
  const each = (n: number) => ({
    ...common,
    name: name(n),
    address: here,
    identity: `@${name(n)}`,
    subnet: subnet(n),
    peerPort: ports.nat,
    peer: { address: there, identity: '@there', subnet: '192.0.2.0/24' },
  });
  return { ...connection(each(0)), pad: Array.from({ length: many }, (_, n) => padEntry(each(n))) };
}

const responder = (): Policy =>
  connection({
    ...common,
    // Shorter ones: the responder rekeys later in a lifetime, and both are to be about as often the first.
    entry: { ...common.entry, lifetime: { ...lifetime, ike: 30_000 * pace } },
    child: child(15_000),
    name: 'all',
    address: there,
    identity: '@there',
    subnet: '192.0.2.0/24',
    peerAddress: '%any',
    peerIdentity: '%any',
    peerPort: ports.nat,
    peer: { address: here, subnet: '10.0.0.0/8' },
  });

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Octets in use when all garbage is gone. */
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

it(`${many} IKE SAs live for ${seconds} seconds`, async () => {
  const ends = [new End(here, ports), new End(there, ports)] as const;
  const [initiator, other] = ends;
  await initiator.start(initiators(), ports);
  await other.start(responder(), ports);
  try {
    const began = performance.now();
    for (let n = 0; n < many; n++) {
      // Neither the sockets' buffers nor the processor are endless.
      while (n - initiator.told('ikeEstablished') >= 50 && performance.now() - began < 180_000) await wait(2);
      initiator.loop.feed({ type: 'command', command: { kind: 'up', name: name(n) } });
    }
    const up = () => ends.every((end) => end.told('ikeEstablished') === many);
    while (!up() && performance.now() - began < 180_000) await wait(100);
    expect(up(), complaints(ends)).toBe(true);
    const upMillis = performance.now() - began;

    const cpu = process.cpuUsage();
    const samples: number[] = [];
    for (let part = 0; part < 6; part++) {
      await wait((seconds * 1000) / 6);
      samples.push(heap());
    }
    const { user, system } = process.cpuUsage(cpu);
    expect(complaints(ends)).toBe('');
    // What is under way at this moment comes to its end: then there is one IKE SA and one child for each.
    const whole = () => ends.every(({ engine }) => established(engine) >= many);
    expect(whole()).toBe(true);
    const told = (kind: 'ikeRekeyed' | 'childEstablished' | 'ikeDeleted' | 'bug') =>
      ends.map((end) => end.told(kind));
    const figures = {
      ikeSas: many,
      seconds,
      pace,
      upMillis: Math.round(upMillis),
      ikeRekeys: told('ikeRekeyed')[0],
      childRekeys: (told('childEstablished')[0] ?? 0) - many,
      begun: ends.map((end) => end.begun),
      lost: told('ikeDeleted')[0],
      heapMegaoctets: samples.map((octets) => Math.round(octets / 100_000) / 10),
      cpuPercent: Math.round((user + system) / 10_000 / seconds),
    };
    console.log(JSON.stringify(figures));
    expect(told('bug')).toEqual([0, 0]);
    expect(told('ikeDeleted')).toEqual([0, 0]);
    expect(told('ikeRekeyed')[0]).toBeGreaterThan((many * seconds) / 60 / pace);
    for (const end of ends) expect(end.begun).toBeGreaterThan(many / 20);
    const [, , third = 0, , , last = 0] = samples;
    expect(last).toBeLessThan(third * 1.15);
    initiator.loop.feed({ type: 'command', command: { kind: 'shutdown' } });
    const gone = performance.now();
    while (!ends.every(({ engine }) => engine.idle) && performance.now() - gone < 30_000) await wait(50);
    expect(ends.map(({ engine, kernel }) => [engine.idle, kernel.policies.length])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  } finally {
    for (const end of ends) await end.close();
  }
});

const established = (engine: End['engine']): number =>
  engine.status().ikeSas.filter(({ phase }) => phase === 'established').length;

const complaints = (ends: readonly End[]): string => ends.flatMap((end) => end.complaints).join('\n');

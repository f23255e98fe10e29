/**
 * Random programs: both ends are brought up and down, lose datagrams, crash, reload, refuse children, while time goes on.
 * At rest each child of one end is a child of the other, and in the end nothing is left. Equal seeds give equal octets.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { type Host, lossy, type Pair, pair, seeded, toJson } from '../../src/testing/index.ts';
import { scaled } from './budgets.ts';
import { remembering } from './remembering.ts';

type Step =
  | {
      readonly do: 'up' | 'down' | 'liveness' | 'deleteChild' | 'crash' | 'reload' | 'change' | 'refuse';
      readonly end: 0 | 1;
    }
  | { readonly do: 'advance'; readonly millis: number }
  | { readonly do: 'line'; readonly drop: number; readonly copy: number };

const end = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('up' as const, 'down' as const, 'liveness' as const, 'deleteChild' as const),
      end,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('crash' as const, 'reload' as const, 'change' as const, 'refuse' as const),
      end,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      millis: fc.constantFrom(0, 5, 15, 25, 35, 600, 5000, 40_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('line' as const),
      drop: fc.constantFrom(0, 0, 0.3, 1),
      copy: fc.constantFrom(0, 0.3, 1),
    }),
  },
);
const program = fc.record({ seed: fc.nat(), steps: fc.array(step, { maxLength: 30 }) });
type Program = { readonly seed: number; readonly steps: readonly Step[] };

const quick = remembering(nodeCrypto);
let inputs = 0;
let upAtRest = 0;

function started(seed: number): Pair {
  const retransmit = { interval: 500, timeout: 20_000 };
  return pair({
    seed,
    crypto: quick,
    history: 100_000,
    entry: { retransmit, dpdDelay: 30_000 },
    record: true,
  });
}

function perform(both: Pair, { seed, steps }: Program): void {
  const { network } = both;
  const hosts = [both.initiator, both.responder] as const;
  const ends = ['initiator', 'responder'] as const;
  const line = seeded(seed).fork('line');
  for (const each of steps) {
    if (each.do === 'advance') network.advance(each.millis);
    else if (each.do === 'line')
      network.fates.splice(0, 1, lossy(line, { drop: each.drop, copy: each.copy, delay: 0.3, latest: 2000 }));
    else act(hosts[each.end], both, ends[each.end], each.do);
  }
}

function act(
  host: Host,
  both: Pair,
  end: 'initiator' | 'responder',
  what: Exclude<Step['do'], 'advance' | 'line'>,
): void {
  if (what === 'up' || what === 'down') host[what]('pair');
  else if (what === 'liveness') host.command({ kind: 'liveness', name: 'pair' });
  else if (what === 'crash') host.crash();
  else if (what === 'reload') host.setPolicy(both.policies[end]);
  else if (what === 'change') host.setPolicy(both.change(end, { esp: 'aes256gcm16,aes128gcm16' }));
  else if (what === 'refuse') host.memory.refuse(1, 'ENOSYS', 'addSa');
  else for (const { inboundSpi } of host.children) host.command({ kind: 'deleteChild', spi: inboundSpi });
}

/** Whatever one end encrypts with, the other decrypts with, once all is said and dead peers are found out. */
function expectMirrored({ initiator, responder }: Pair): void {
  const spis = (host: Host, direction: 'in' | 'out') =>
    host.memory.sas
      .filter((sa) => sa.direction === direction)
      .map(({ id }) => id.spi)
      .sort((a, b) => a - b);
  expect(spis(initiator, 'in')).toEqual(spis(responder, 'out'));
  expect(spis(responder, 'in')).toEqual(spis(initiator, 'out'));
  for (const host of [initiator, responder]) expect(host.memory.sas.length).toBe(2 * host.children.length);
}

describe('random programs', () => {
  it('at rest both ends agree, and in the end nothing is left', () => {
    fc.assert(
      fc.property(program, (one) => {
        const both = started(one.seed);
        perform(both, one);
        both.network.fates.length = 0;
        both.network.advance(200_000);
        expectMirrored(both);
        if (both.initiator.children.length > 0) upAtRest++;
        for (const host of [both.initiator, both.responder]) host.command({ kind: 'shutdown' });
        both.network.run();
        expect([both.initiator.leftovers, both.responder.leftovers]).toEqual([[], []]);
        inputs += both.initiator.recording.length + both.responder.recording.length;
      }),
      { numRuns: scaled(1500), seed: 7296 },
    );
    console.log(`${inputs} inputs, ${upAtRest} programs end with a child`);
    expect(upAtRest).toBeGreaterThan(150);
    expect(inputs).toBeGreaterThan(10_000);
  });

  it('equal seeds give equal octets, other seeds others', () => {
    fc.assert(
      fc.property(program, (one) => {
        const run = (seed: number) => {
          const both = started(seed);
          perform(both, { ...one, seed });
          return toJson(both.network.flights.map(({ at, octets, source }) => ({ at, octets, source })));
        };
        expect(run(one.seed)).toBe(run(one.seed));
        if (run(one.seed) !== '[]') expect(run(one.seed)).not.toBe(run(one.seed + 1));
      }),
      { numRuns: scaled(60), seed: 7383 },
    );
  });
});

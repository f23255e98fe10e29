/**
 * Random programs at both ends, over lines good and bad: at rest both data planes mirror each other and carry every
 * packet, nothing is left over, and what is held is what is up. Other programs: `IKEV2_MODEL_SEED=5000`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rest } from './at-rest.ts';
import { scaled } from './budgets.ts';
import { Census, type Living } from './census.ts';
import { explore } from './model.ts';
import { kept } from './model-kept.ts';
import { type Step, sampleSteps } from './steps.ts';
import { World } from './world.ts';

const wanted = scaled(20_000);
const first = Number(process.env.IKEV2_MODEL_SEED ?? 1);
/** What the heap may grow by in the second half. */
const slackOctets = 2_000_000;

describe('model', () => {
  let census: Census;
  beforeAll(() => {
    census = new Census();
  });
  afterAll(() => census.close());

  it(`holds for ${wanted} steps, and memory is flat`, async () => {
    const counts = new Map<string, number>();
    const samples: Living[] = [];
    const taken = () => [...counts].reduce((sum, [what, many]) => (rests.has(what) ? sum : sum + many), 0);
    for (let seed = first; taken() < wanted; seed++) {
      explore(seed, { runs: 10, most: 200, kept: seed === first ? kept : [], counts });
      if (taken() > (wanted / 4) * (1 + samples.length)) samples.push(await census.take());
    }
    console.log(JSON.stringify({ ...Object.fromEntries(counts), samples }));
    for (const { ikeSas, children } of samples)
      expect({ ikeSas, children }).toEqual({ ikeSas: 0, children: 0 });
    const heaps = samples.map(({ heap }) => heap);
    expect(heaps.at(-1)).toBeLessThan((heaps[1] ?? 0) + slackOctets);
    expect(counts.get('at rest')).toBeGreaterThanOrEqual(wanted / 25);
    expect(counts.get('with children')).toBeGreaterThan((counts.get('at rest') ?? 0) / 4);
  });

  it('two ends that live long keep what is up, and no more', async () => {
    const world = new World(first);
    const steps: readonly Step[] = sampleSteps(scaled(2000), first);
    for (const [at, step] of steps.entries()) {
      world.perform(step);
      if (at % 100 !== 99) continue;
      rest(world);
      const { both } = world;
      const up = [both.initiator, both.responder];
      const { ikeSas, children } = await census.take();
      expect({ ikeSas, children }).toEqual({
        ikeSas: up.flatMap((host) => host.ikeSas).length,
        children: up.flatMap((host) => host.children).length,
      });
    }
  });
});

const rests = new Set(['at rest', 'with children']);

/**
 * Random commands at both ends, over lines good and bad: at rest both data planes mirror each other, nothing is left
 * over, and what is held is what is up. More steps: `IKEV2_MODEL_STEPS=1000000 npx vitest run --project fuzz
 * test/fuzz/model.test.ts`, other walks: `IKEV2_MODEL_SEED=5000`.
 */
import { describe, expect, it } from 'vitest';
import { stepsOfWalk, walk } from './model.ts';

const wanted = Number(process.env.IKEV2_MODEL_STEPS ?? 20_000);
const first = Number(process.env.IKEV2_MODEL_SEED ?? 1);

describe('model', () => {
  it(`holds for ${wanted} steps`, () => {
    const counts = new Map<string, number>();
    for (let step = 0, seed = first; step < wanted; step += stepsOfWalk, seed++)
      walk(seed, stepsOfWalk, counts);
    console.log(JSON.stringify(Object.fromEntries(counts)));
    const rests = counts.get('at rest') ?? 0;
    expect(rests).toBeGreaterThanOrEqual(wanted / 25);
    expect(counts.get('with children')).toBeGreaterThan(rests / 4);
  });
});

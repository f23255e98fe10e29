/** New keys while packets flow: not one is lost. */
import { deepEqual, ok } from 'node:assert/strict';
import { type Case, fromBothEnds } from '../case.ts';
import { sameInBothKernels } from './fields.ts';

const times = 3;

export const rekeys: readonly Case[] = (['child', 'ike'] as const).flatMap((what) =>
  fromBothEnds(`${what} rekeys under a stream of echoes`, {}, async (bench, who) => {
    await bench.up(who);
    await bench.pingUntilAnswered('ours');
    const streams = [bench.stream('ours'), bench.stream('pluto')];
    for (let i = 0; i < times; i++) await bench.rekey(who, what);
    for (const stream of streams) {
      const { received, lost } = await stream.end();
      deepEqual(lost, []);
      ok(received > 20, `only ${received} echoes`);
    }
    await bench.nothingInClear();
    await sameInBothKernels(bench);
    await bench.down(who);
  }),
);

/** New keys while packets flow: not one is lost. */
import { deepEqual, ok } from 'node:assert/strict';
import { type Case, fromBothEnds } from '../case.ts';
import { strangers } from '../xfrm.ts';
import { sameInBothKernels } from './fields.ts';

const times = 2;

export const rekeys: readonly Case[] = (['child', 'ike'] as const).flatMap((what) =>
  fromBothEnds(`${what} rekeys under a stream of echoes`, {}, async (bench, who) => {
    await bench.up(who);
    await bench.pingUntilAnswered('ours');
    const before = await strangers('ours');
    const streams = [bench.stream('ours'), bench.stream('pluto')];
    for (let i = 0; i < times; i++) await bench.rekey(who, what);
    const lost: string[] = [];
    for (const [i, stream] of streams.entries()) {
      const said = await stream.end();
      ok(said.received > 10, `only ${said.received} echoes`);
      lost.push(...said.lost.map((number) => `${i === 0 ? 'ours' : 'pluto'} ${number}`));
    }
    // A responder may send by the new SA the moment it answers (RFC 7296 §2.8), and pluto does: what comes by it before
    // the answer has been read, nobody can take.
    const early = who === 'ours' && what === 'child' ? (await strangers('ours')) - before : 0;
    deepEqual(lost.slice(early), []);
    await bench.nothingInClear();
    await sameInBothKernels(bench);
    await bench.down(who);
  }),
);

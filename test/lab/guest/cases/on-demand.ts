/** A packet asks for its SA. */
import { equal } from 'node:assert/strict';
import { type Case, labCase } from '../case.ts';
import { sameInBothKernels } from './fields.ts';

const onDemand = { auto: 'ondemand' };

export const onDemandCases: readonly Case[] = [
  labCase('on demand, our packet asks', { ours: onDemand }, async (bench) => {
    const policies = await bench.when('ours', 'policies without SAs', ({ policies }) => policies.length > 0);
    equal(policies.states.length, 0);
    await bench.pingUntilAnswered('ours');
    await bench.isUp();
    await bench.ping();
    await sameInBothKernels(bench);
    await bench.ours.tell({ command: 'down', name: bench.conn });
    await bench.isGone(['pluto']);
    await bench.when(
      'ours',
      'the policy waits again',
      (held) => held.states.length === 0 && held.policies.length > 0,
    );
    await bench.pingUntilAnswered('ours');
    await bench.isUp();
    await bench.nothingInClear();
    await bench.ours.tell({ command: 'delete', name: bench.conn });
    await bench.isGone();
  }),
  labCase('on demand, a packet of pluto’s asks', { pluto: onDemand }, async (bench) => {
    await bench.when('pluto', 'policies without SAs', ({ policies }) => policies.length > 0);
    await bench.pingUntilAnswered('pluto');
    await bench.isUp();
    await bench.ping();
    await bench.down('ours');
  }),
];

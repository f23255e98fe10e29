/** SAs that end: by a Delete of either side, and by a peer that is gone. */
import { equal, ok } from 'node:assert/strict';
import { type Case, fromBothEnds, labCase } from '../case.ts';
import { cut, mend, other } from '../namespaces.ts';
import { holding } from '../xfrm.ts';

const watchful = { dpddelay: '2s', 'retransmit-timeout': '3s', dpdaction: 'clear' };

export const endings: readonly Case[] = [
  ...fromBothEnds('the other end deletes the IKE SA', {}, async (bench, initiator) => {
    await bench.up(initiator);
    await bench.down(other(initiator));
  }),
  ...fromBothEnds('a child is deleted, the IKE SA stays and gives another', {}, async (bench, who) => {
    await bench.up(other(who));
    const before = await bench.ikeSpis();
    await bench.deleteChild(who);
    equal((await bench.ikeSpis()).join(), before.join());
    await bench.up(who);
    await bench.ping();
    await bench.down(who);
  }),
  labCase('the wire is cut: both ends find the peer dead', { conn: watchful }, async (bench) => {
    await bench.up('ours');
    await cut(bench.places);
    try {
      await bench.isGone();
    } finally {
      await mend(bench.places);
    }
  }),
  labCase('pluto is killed: we find the peer dead, and meet it again', { ours: watchful }, async (bench) => {
    await bench.up('ours');
    await bench.pluto.kill();
    await bench.isGone(['ours']);
    await bench.pluto.start();
    await bench.up('ours');
    await bench.ping();
    await bench.down('ours');
  }),
];

/** Our daemon ends; these run last. */
export const restarts: readonly Case[] = [
  ...fromBothEnds('our daemon is killed and starts again', { pluto: watchful }, async (bench, initiator) => {
    await bench.up('ours');
    await bench.ours.kill();
    const left = await holding('ours', bench.places);
    ok(left.states.length > 0 && left.policies.length > 0, 'a killed daemon leaves its SAs in the kernel');
    await bench.ours.start();
    await bench.isGone(['ours']);
    // We say that we have nothing from before; pluto finds out by itself.
    if (initiator === 'pluto') await bench.isGone(['pluto']);
    await bench.up(initiator);
    await bench.ping();
    await bench.down('ours');
  }),
  labCase('our daemon is told to end: nothing is left', {}, async (bench) => {
    await bench.up('ours');
    equal(await bench.ours.stop(), 0);
    await bench.isGone();
    const { states, policies } = await holding('ours');
    equal([...states, ...policies].join('\n'), '');
  }),
];

/** Tunnel and transport, with packets through both kernels. */
import { type Case, fromBothEnds } from '../case.ts';

export const first: readonly Case[] = [
  ...fromBothEnds('a tunnel', {}, async (bench, initiator) => {
    await bench.up(initiator);
    await bench.ping();
    await bench.down(initiator);
  }),
];

/** Both ends begin an exchange before either is answered: a script of the harness holds back what would come too soon. */
import { expect } from 'vitest';
import type { Flight } from '../../src/testing/index.ts';
import { ladder, misbehave } from '../../src/testing/index.ts';
import type { BothEnds } from './both-ends.ts';
import type { Live } from './peers/live.ts';

/** What an end begins, in the words of fault scripts. */
export type Move = 'rekey_child' | 'rekey_ike' | 'close_child' | 'close_ike';

/** Who hears of the other's request before the answer to its own. */
export const orders = ['both', 'the peer alone', 'we alone'] as const;
export type Order = (typeof orders)[number];

export interface Crossing {
  readonly theirs: Move;
  readonly ours: Move;
  readonly requestsFirstAt: Order;
  /** Whose exchange has the lowest of the four nonces, and so loses (RFC 7296 §2.8.1, §2.25.2); either unless said. */
  readonly lowest?: 'ours' | 'theirs';
}

/**
 * The peer begins; what it asks is held back until we have asked too. Throws with the ladder unless both requests were
 * under way before either answer. What is asked of an IKE SA that is deleted may remain without one.
 */
export async function cross({ ours, peer }: BothEnds<Live>, crossing: Crossing): Promise<void> {
  const { host, network } = ours;
  const from = network.flights.length;
  const isOurs = ({ source }: Flight) => source.address === host.address;
  const since = (own: boolean, response: boolean) =>
    network.flights
      .slice(from)
      .find((flight) => isOurs(flight) === own && flight.header?.response === response);
  ours.drawsLow = crossing.lowest === 'ours';
  const forget = network.fate((flight) => {
    if (isOurs(flight) && !flight.header?.response) ours.drawsLow = crossing.lowest === 'theirs';
    return undefined;
  });
  const script = misbehave(network, host, { rules: rules(crossing) });
  try {
    // Some commands wait for an end that never comes.
    begin(peer, crossing.theirs).catch(() => {});
    const ends = crossing.ours === 'close_ike' || crossing.theirs === 'close_ike';
    const isOver = () => since(true, true) !== undefined || (ends && since(false, true) !== undefined);
    await ours.when('two requests and an answer of ours', () => isOver() || undefined);
    const answered = [since(true, true), since(false, true)].map((answer) => answer?.number ?? Infinity);
    for (const own of [true, false]) {
      const request = since(own, false);
      const run = ladder({ flights: network.flights.slice(from) }).join('\n');
      expect(request?.number, `the requests did not cross:\n${run}`).toBeLessThan(Math.min(...answered));
    }
  } finally {
    script.stop();
    forget();
    ours.drawsLow = false;
  }
}

/** Milliseconds: enough for our own request to leave, and too few for the peer to send its own again. */
const moment = 60;

function rules({ theirs, ours, requestsFirstAt }: Crossing): unknown[] {
  const asks = { action: 'command', command: ours };
  const theirRequest = { direction: 'in', exchange: exchangeOf(theirs), message: 'request', nth: 1 };
  const theirAnswer = { direction: 'in', exchange: exchangeOf(ours), message: 'response', nth: 1 };
  const ourRequest = { direction: 'out', exchange: exchangeOf(ours), message: 'request', nth: 1 };
  const held = { action: 'delay', by: moment };
  switch (requestsFirstAt) {
    case 'both':
      return [
        { on: theirRequest, do: [asks, held] },
        { on: theirAnswer, do: { action: 'delay', by: 2 * moment } },
      ];
    case 'the peer alone':
      return [{ on: theirRequest, do: [asks, { action: 'reorder' }] }];
    case 'we alone':
      return [
        { on: theirRequest, do: [asks, held] },
        { on: ourRequest, do: { action: 'reorder' } },
      ];
  }
}

const exchangeOf = (move: Move): string => (move.startsWith('rekey') ? 'CREATE_CHILD_SA' : 'INFORMATIONAL');

function begin(peer: BothEnds['peer'], move: Move): Promise<unknown> {
  const what = move.endsWith('ike') ? 'ike' : 'child';
  return move.startsWith('rekey') ? peer.rekey(what) : peer.down(what);
}

/**
 * IKE_AUTH with payloads missing: one, any two, or all but one, in every message of each way to prove oneself. Nothing is taken
 * for there that is not (CVE-2016-5391, CVE-2013-6467, Libreswan 2026-77206), and nobody is let in without AUTH.
 *
 *   initiator                                responder
 *   IKE_AUTH 1 { IDi CERT AUTH SA TSi TSr }   ->   without some of them
 *                                            <-  { IDr CERT AUTH SA TSi TSr }, without some of them
 */
import { describe, expect, it } from 'vitest';
import { on, type PairOptions, pair, tampered } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { eapEnds } from './auth-eap-ends.ts';
import { nobodys } from './auth-ends.ts';
import { bearer, east, west } from './auth-pki.ts';

const runs: readonly (readonly [name: string, options: () => PairOptions])[] = [
  ['signatures', () => ({ initiator: bearer(east), responder: bearer(west) })],
  ['NULL', () => ({ identity: '%null', auth: { local: [nobodys], remote: [nobodys] } })],
  ['EAP', () => eapEnds()],
];

/** Positions to leave out: each, each two, all but each, all. */
function gaps(count: number): number[][] {
  const all = Array.from({ length: count }, (_, at) => at);
  const two = all.flatMap((one) => all.slice(one + 1).map((other) => [one, other]));
  return [...all.map((at) => [at]), ...two, ...all.map((at) => all.filter((other) => other !== at)), all];
}

describe.each(runs)('%s', (_name, options) => {
  const whole = pair(options()).up();
  const messages = whole.network.flights
    .slice(2)
    .map(({ number, payloads = [] }) => [number, payloads.map(({ kind }) => kind)] as const);

  it.each(messages)('message %i { %s }', (number, kinds) => {
    for (const gap of gaps(kinds.length)) {
      const both = pair(options());
      both.network.fate(
        on({ exchange: ExchangeType.IKE_AUTH }, (flight) =>
          flight.number === number
            ? tampered(both.network.keys, ({ payloads }) => payloads.filter((_, at) => !gap.includes(at)))(
                flight,
              )
            : undefined,
        ),
      );
      both.up();
      const left = kinds.filter((_, at) => !gap.includes(at));
      const needed = ['idi', 'idr', 'auth', 'eap'] as const;
      // Whoever gets it is not taken in; the identity and the proof have no stand-ins. A wanted IDr is only a wish.
      const lost = needed.some(
        (kind) => kinds.includes(kind) && !left.includes(kind) && !(kind === 'idr' && kinds.includes('idi')),
      );
      const reader = number % 2 === 1 ? both.responder : both.initiator;
      if (lost) expect([gap, reader.established.length]).toEqual([gap, 0]);
      // No `bug` event ended the run, and in the end nothing is left.
      both.initiator.down('pair');
      both.network.advance(200_000);
      both.responder.command({ kind: 'shutdown' });
      expect(both.network.run()).toBe(true);
      expect([gap, both.initiator.leftovers, both.responder.leftovers]).toEqual([gap, [], []]);
    }
  });
});

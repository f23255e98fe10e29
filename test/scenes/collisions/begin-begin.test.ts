/**
 * Both ends begin at once, and all their messages cross in every order. With `uniqueids` one IKE SA with its child is left, the
 * same at both ends; without it both are, each the other's mirror (RFC 7296 §2.4, §2.8).
 *
 *   one                                            other
 *     | IKE_SA_INIT { SA KE Ni } -->                      <-- IKE_SA_INIT { SA KE Ni } |
 *     | IKE_SA_INIT { SA KE Nr } -->                      <-- IKE_SA_INIT { SA KE Nr } |
 *     | IKE_AUTH { IDi AUTH SA TSi TSr } -->    <-- IKE_AUTH { IDi AUTH SA TSi TSr }   |
 *     | IKE_AUTH { IDr AUTH SA TSi TSr } -->    <-- IKE_AUTH { IDr AUTH SA TSi TSr }   |
 *     | INFORMATIONAL { D(IKE) } --> by who began the one with the lower SPIi          |
 */
import { describe, expect, test } from 'vitest';
import type { Host, Pair } from '../../../src/testing/index.ts';
import { expectMirrored } from '../expect-up.ts';
import { command, everyOrder, expectAtRest, expectNothingAfterDown, lines } from './orders.ts';

const commands = { 'one begins': command.up('initiator'), 'the other begins': command.up('responder') };

const names = (host: Host): string[] => host.ikeSas.map(({ spiI, spiR }) => `${spiI} ${spiR}`).sort();

/** So many IKE SAs, all established, with a child each. */
function expectEach(both: Pair, count: readonly number[]): void {
  const { initiator, responder } = both;
  expect(count).toContain(initiator.ikeSas.length);
  expect(names(responder)).toEqual(names(initiator));
  for (const host of [initiator, responder]) {
    expect(host.established).toHaveLength(initiator.ikeSas.length);
    expect(host.children).toHaveLength(initiator.ikeSas.length);
  }
  expectMirrored(initiator, responder);
  expectNothingAfterDown(both);
}

/** Seven hundred orders and more, on a machine that may be busy. */
describe.each(lines)('both begin %o', { timeout: 120_000 }, (line) => {
  test('uniqueids=yes: one is left', () => {
    const orders = everyOrder({ ...line, fresh: true, options: { seed: 1 }, commands }, (both) =>
      expectAtRest(both, ['pair']),
    );
    expect(orders).toBeGreaterThan(100);
  });

  test('uniqueids=no: two, or the one that was there when the other was to begin', () => {
    const seen = new Set<number>();
    const options = { seed: 2, entry: { unique: false } };
    everyOrder({ ...line, fresh: true, options, commands }, (both) => {
      seen.add(both.initiator.ikeSas.length);
      expectEach(both, [1, 2]);
    });
    expect([...seen]).toContain(2);
  });
});

describe.each(lines.slice(1))('both begin %o', (line) => {
  test.each([
    ['without INITIAL_CONTACT', { entry: { initialContact: false } }],
    ['where one end alone wants so', { initiator: { entry: { unique: true } }, entry: { unique: false } }],
    ['where the other alone wants so', { responder: { entry: { unique: true } }, entry: { unique: false } }],
    ['and each asks for a COOKIE first', { cookieThreshold: 0 }],
  ])('uniqueids=yes: one is left, %s', (seed, options) => {
    everyOrder({ ...line, fresh: true, options: { seed, ...options }, commands }, (both) =>
      expectAtRest(both, ['pair']),
    );
  });
});

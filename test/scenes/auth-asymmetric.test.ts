/**
 * Each end proves itself in its own way, and the other takes that and nothing else.
 *
 *   initiator                          responder
 *   IKE_AUTH 1 { IDi AUTH(one way) }    ->
 *                                      <-  { IDr AUTH(another) }
 */
import { describe, expect, it } from 'vitest';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { pair } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { expectRefused, nobodys, psk } from './auth-ends.ts';
import { bearer, east, west } from './auth-pki.ts';
import { signature } from './certificates.ts';
import { cryptos } from './cryptos.ts';
import { expectUp, only } from './expect-up.ts';

const ways: Readonly<Record<string, AuthPolicy>> = { psk, signature, null: nobodys };
const methods: Readonly<Record<string, number>> = { psk: 2, signature: 14, null: 13 };
const names = Object.keys(ways);
const pairs = names.flatMap((one) => names.map((other) => [one, other] as const));

const way = (name: string): readonly AuthPolicy[] => [ways[name] ?? psk];

/** Who proves nothing is nobody. */
const called = (name: string) => (name === 'null' ? { identity: '%null' } : {});
const any = { peerIdentity: '%any' };

describe.each(cryptos)('with %s', (_name, { initiator, responder }) => {
  it.each(pairs)('%s of the initiator, %s of the responder', (one, other) => {
    const both = pair({
      initiator: bearer(east, {
        ...initiator,
        ...called(one),
        auth: { local: way(one), remote: way(other) },
      }),
      responder: bearer(west, {
        ...responder,
        ...called(other),
        auth: { local: way(other), remote: way(one) },
      }),
    }).up();
    expect(only(both.responder.established).remoteId).toBe(one === 'null' ? '%null' : '@east.test');
    expect(only(both.initiator.established).remoteId).toBe(other === 'null' ? '%null' : '@west.test');
    const proofs = both.network.flights.flatMap(({ payloads = [] }) => find(payloads, 'auth') ?? []);
    expect(proofs.map(({ method }) => method)).toEqual([methods[one], methods[other]]);
  });
});

describe('one end takes another way than the other shows', () => {
  it.each(pairs.filter(([one, other]) => one !== other))('shown %s, wanted %s', (one, other) => {
    const ofInitiator = pair({
      initiator: bearer(east, { auth: { local: way(one), remote: way('psk') } }),
      responder: bearer(west, { ...any, auth: { local: way('psk'), remote: way(other) } }),
    }).up();
    expectRefused(ofInitiator, 'responder', /proves itself by .*, our policy wants/);
    const ofResponder = pair({
      initiator: bearer(east, { ...any, auth: { local: way('psk'), remote: way(other) } }),
      responder: bearer(west, { auth: { local: way(one), remote: way('psk') } }),
    }).up();
    expectRefused(ofResponder, 'initiator', /proves itself by .*, our policy wants/);
  });
});

describe('a shared key of one end only', () => {
  it('of the responder, and the initiator has another', () => {
    const both = pair({
      initiator: bearer(east, { psk: 'one', auth: { local: [signature], remote: [psk] } }),
      responder: bearer(west, { psk: 'other', auth: { local: [psk], remote: [signature] } }),
    }).up();
    expectRefused(both, 'initiator', /AUTH of @west\.test does not hold: another shared key\?/);
  });

  it('of the initiator, and the responder has another', () => {
    const both = pair({
      initiator: bearer(east, { psk: 'one', auth: { local: [psk], remote: [signature] } }),
      responder: bearer(west, { psk: 'other', auth: { local: [signature], remote: [psk] } }),
    }).up();
    expectRefused(both, 'responder', /AUTH of @east\.test does not hold: another shared key\?/);
  });

  it('several ways are taken: the one that is shown is checked', () => {
    for (const one of names) {
      const both = pair({
        initiator: bearer(east, { auth: { local: way(one) } }),
        responder: bearer(west, { ...any, auth: { remote: [signature, psk, nobodys] } }),
      }).up();
      expect(both.responder.established).toHaveLength(1);
    }
    const both = pair({
      initiator: bearer(east, { auth: { local: [psk, signature] } }),
      responder: bearer(west, { auth: { remote: [psk, signature] } }),
    }).up();
    expectUp(both);
  });
});

/**
 * What a proof is good for later: a rekey of the IKE SA keeps it, a reauthentication makes it anew, by the same ways.
 *
 *   initiator                                  responder
 *   CREATE_CHILD_SA { SA Ni KE }                ->   the heir is with the same peer, proven the same way
 *                                              <-  { SA Nr KE }
 *   IKE_SA_INIT .. IKE_AUTH { IDi CERT AUTH }   ->   reauthentication: all of it again
 */
import { describe, expect, it } from 'vitest';
import { type PairOptions, pair } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { eapEnds, eapOnly } from './auth-eap-ends.ts';
import { nobodys } from './auth-ends.ts';
import { bearer, certificateFor, east, middle, west } from './auth-pki.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const kinds: readonly (readonly [string, string, () => PairOptions])[] = [
  ['signatures', '@east.test', () => ({ initiator: bearer(east), responder: bearer(west) })],
  ['NULL', '%null', () => ({ identity: '%null', auth: { local: [nobodys], remote: [nobodys] } })],
  ['EAP', '@alice', () => eapEnds()],
  ['EAP alone', '@alice', () => eapOnly()],
];

const withEntry = (options: PairOptions, entry: object): PairOptions => ({
  ...options,
  entry: { ...options.entry, ...entry },
  initiator: { ...options.initiator, entry: { ...options.initiator?.entry, ...entry } },
});

describe.each(kinds)('%s', (_name, who, options) => {
  it.each(['initiator', 'responder'] as const)('a rekey by the %s', (end) => {
    const both = pair(options()).up();
    const before = only(both.initiator.established).spiI;
    both[end].command({ kind: 'rekey', name: 'pair', what: 'ike' });
    both.network.settle();
    both.network.advance(1000);
    expectUp(both);
    expect(only(both.initiator.established).spiI).not.toBe(before);
    expect(only(both.responder.established).remoteId).toBe(who);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('a reauthentication', () => {
    const lifetime = { ike: 60_000, margin: 10_000, fuzz: 0, rekey: true, reauth: 'make-before-break' };
    const both = pair(withEntry(options(), { lifetime })).up();
    const proofs = () =>
      both.network.flights.filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH).length;
    const first = proofs();
    both.network.advance(58_000);
    expect(proofs()).toBe(2 * first);
    expect(only(both.responder.established).remoteId).toBe(who);
    expect(both.initiator.children).toHaveLength(1);
    both.initiator.down('pair');
    both.network.advance(1000);
    both.responder.down('pair');
    expectNothing(both);
  });

  it('again after a crash of the initiator: it is there once', () => {
    const both = pair(options()).up();
    both.initiator.crash();
    both.up();
    both.network.advance(30_000);
    expect(only(both.responder.established).remoteId).toBe(who);
  });
});

describe('certificates of four kilobytes', () => {
  const filler = Array.from(
    { length: 12 },
    (_, at) => certificateFor(`filler${at}`, 50 + at).certificate.der,
  );
  const certificates = [east.certificate.der, middle.certificate.der, ...filler];
  const large = () =>
    pair({
      initiator: bearer(east, { credential: { certificates }, entry: { fragmentation: 'yes' } }),
      responder: bearer(west, { entry: { fragmentation: 'yes' } }),
    });

  it('go in fragments', () => {
    const both = large().up();
    expectUp(both);
    expect(both.network.flights.filter(({ fragment }) => fragment !== undefined).length).toBeGreaterThan(2);
  });

  it.each([1, 2, 3])('fragment %i lost', (number) => {
    const both = large();
    let lost = false;
    both.network.fate(({ fragment }) => {
      if (lost || fragment?.number !== number) return undefined;
      lost = true;
      return [];
    });
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
    expect(lost).toBe(true);
  });
});

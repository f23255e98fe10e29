/**
 * What is known of the peer's key beforehand: its certificate (`rightcert=`), an authority (`rightca=`), or the bare key.
 *
 *   initiator                               responder
 *   IKE_AUTH 1 { IDi CERT AUTH .. }          ->   held against what is known
 *   IKE_AUTH 1 { IDi AUTH .. }               ->   a bare key: nothing is sent, and no certificate is looked at
 */
import { describe, expect, it } from 'vitest';
import type { PeerKeys } from '../../src/policy/policy.ts';
import { type Pair, pair } from '../../src/testing/index.ts';
import { findAll } from '../../src/wire/message.ts';
import { expectRefused, raw } from './auth-ends.ts';
import { authority, bearer, certificateFor, east, middle, root, stranger, west } from './auth-pki.ts';
import { cryptos } from './cryptos.ts';
import { expectUp } from './expect-up.ts';

const deep = certificateFor('deep', 13, { issuer: middle });

/** The initiator has this certificate, the responder knows that of it. */
const known = (issued: Parameters<typeof bearer>[0], keys: Partial<PeerKeys>, more = {}): Pair =>
  pair({
    initiator: bearer(issued, more),
    responder: bearer(west, {
      auth: { keys: { raw: [], identityInCertificate: true, ...keys } },
      pki: { certificates: [middle.certificate.der] },
    }),
  }).up();

describe('the certificate of the peer (rightcert=)', () => {
  it('is the one it sends', () => {
    expectUp(known(east, { certificate: east.certificate.der }));
  });

  it('is the one it has, though it sends none', () => {
    expectUp(known(east, { certificate: east.certificate.der }, { credential: { send: 'never' } }));
  });

  it('is another than it sends, be that one trusted', () => {
    const renewed = certificateFor('east', 11, { serial: 99 });
    expectRefused(
      known(renewed, { certificate: east.certificate.der }),
      'responder',
      /@east\.test sent another certificate than the one known of it/,
    );
  });

  it('is known, and the signature by another key', () => {
    const other = certificateFor('east', 14);
    expectRefused(
      known(other, { certificate: east.certificate.der }, { credential: { send: 'never' } }),
      'responder',
      /does not hold: signed with another key than its certificate's/,
    );
  });

  it('of no authority we trust is trusted all the same: it is known itself', () => {
    const astray = certificateFor('east', 14, { issuer: stranger });
    expectUp(known(astray, { certificate: astray.certificate.der }));
  });
});

describe('the authority of the peer (rightca=)', () => {
  it('is the root', () => {
    expectUp(known(east, { authority: root.certificate.subject }));
  });

  it('is one on the way', () => {
    expectUp(known(deep, { authority: middle.certificate.subject }));
    expectUp(known(deep, { authority: root.certificate.subject }));
  });

  it('is not on the way', () => {
    expectRefused(
      known(east, { authority: middle.certificate.subject }),
      'responder',
      /is not trusted: .*Middle.* is not among those that issued it/,
    );
  });

  it('is not the end certificate itself', () => {
    expectRefused(known(east, { authority: east.certificate.subject }), 'responder', /is not among those/);
  });

  it('is another root that is trusted too', () => {
    const both = pair({
      initiator: bearer(certificateFor('east', 14, { issuer: stranger })),
      responder: bearer(west, {
        pki: { anchors: [root.certificate.der, stranger.certificate.der] },
        auth: { keys: { raw: [], identityInCertificate: true, authority: root.certificate.subject } },
      }),
    }).up();
    expectRefused(both, 'responder', /is not among those/);
  });

  it('has its name, but not its key', () => {
    const double = authority('Root', 66);
    expectRefused(
      known(certificateFor('east', 11, { issuer: double }), { authority: root.certificate.subject }),
      'responder',
      /is not trusted/,
    );
  });
});

describe('bare keys', () => {
  describe.each(cryptos)('with %s', (_name, ends) => {
    it.each([
      ['west', 'p384'],
      ['ed25519', 'p521'],
      ['brainpool', 'ed448'],
    ])('%s and %s', (one, other) => {
      const both = pair({
        initiator: { ...raw(one, [other]), ...ends.initiator },
        responder: { ...raw(other, [one]), ...ends.responder },
      }).up();
      expectUp(both);
    });

    it('another key than the one known', () => {
      const both = pair({
        initiator: { ...raw('west', ['p384']), ...ends.initiator },
        responder: { ...raw('p384', ['ed25519']), ...ends.responder },
      }).up();
      expectRefused(both, 'responder', /AUTH of @west\.test does not hold with the key known of it/);
    });
  });

  it('RSA', () => {
    expectUp(pair({ initiator: raw('east', ['rsa3072']), responder: raw('rsa3072', ['east']) }).up());
  });

  it('of the responder is another than the initiator knows', () => {
    const both = pair({ initiator: raw('west', ['p521']), responder: raw('p384', ['west']) }).up();
    expectRefused(both, 'initiator', /AUTH of @p384\.test does not hold with the key known of it/);
  });

  it('two are known: either is taken', () => {
    expectUp(pair({ initiator: raw('west', ['p384']), responder: raw('p384', ['ed25519', 'west']) }).up());
  });

  it('are asked for by no CERTREQ, and sent in no CERT', () => {
    const both = pair({ initiator: raw('west', ['p384']), responder: raw('p384', ['west']) }).up();
    const sent = both.network.flights.flatMap(({ payloads = [] }) => [
      ...findAll(payloads, 'cert'),
      ...findAll(payloads, 'certreq'),
    ]);
    expect(sent).toEqual([]);
  });

  it('a trusted certificate is no way around the key that is known', () => {
    const keyed = raw('p384', ['ed25519']);
    const both = pair({
      initiator: bearer(east),
      responder: { ...keyed, pki: bearer(west).pki ?? {} } as typeof keyed,
    }).up();
    expectRefused(both, 'responder', /does not hold with the key known of it/);
  });
});

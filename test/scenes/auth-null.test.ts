/**
 * NULL authentication: AUTH by SK_p shows that nobody changed IKE_SA_INIT, and nothing about who it is. RFC 7619.
 *
 *   initiator                                                     responder
 *   IKE_AUTH 1 { IDi(ID_NULL) AUTH(13) SA TSi TSr }                 ->
 *                                                                 <-  { IDr(ID_NULL) AUTH(13) SA TSi TSr }
 *
 *   IKE_AUTH 1 { IDi(@east) CERT AUTH(14) N(40960: NULL AUTH) .. }  ->   takes nobody: whoever it says to be is %null
 *                                                                 <-  { IDr CERT AUTH(14) SA TSi TSr }
 */
import { describe, expect, it } from 'vitest';
import { defaultCrypto, Secret } from '../../src/crypto/index.ts';
import { pskAuth } from '../../src/ike/auth/psk.ts';
import { signedOctets } from '../../src/ike/auth/signed-octets.ts';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { padEntry } from '../../src/testing/connection.ts';
import { on, type Pair, type PairEnd, pair, tampered } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { ExchangeType, IdType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectRefused, nobodys, psk, signing } from './auth-ends.ts';
import { bearer, east, west } from './auth-pki.ts';
import { anyCertificate, signature } from './certificates.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const NULL_AUTH = 40_960;

const anonymous = (more: PairEnd = {}): PairEnd => ({
  identity: '%null',
  auth: { local: [nobodys], remote: [nobodys] },
  ...more,
});

/** The initiator's IKE_AUTH arrives changed. */
function changed(both: Pair, change: (payload: Payload) => Payload[], response = false): Pair {
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response, nth: 1 },
      tampered(both.network.keys, ({ payloads }) => payloads.flatMap(change)),
    ),
  );
  return both.up();
}

const spoilt = (each: Payload): Payload[] => [
  each.kind === 'auth'
    ? { ...each, data: each.data.map((octet, at, all) => (at + 1 === all.length ? octet ^ 1 : octet)) }
    : each,
];

describe.each(cryptos)('with %s', (_name, { initiator, responder }) => {
  it('both ways', () => {
    const both = pair({ initiator: anonymous(initiator), responder: anonymous(responder) }).up();
    expectUp(both);
    const [here, there] = [only(both.initiator.established), only(both.responder.established)];
    expect([here.remoteId, there.remoteId]).toEqual(['%null', '%null']);
    const request = both.network.flights[2]?.payloads ?? [];
    expect(find(request, 'idi')).toMatchObject({ idType: IdType.NULL, data: new Uint8Array(0) });
    expect(find(request, 'auth')).toMatchObject({ method: 13 });
  });

  it('the initiator is nobody, the responder has a certificate', () => {
    const both = pair({
      initiator: bearer(east, { ...initiator, identity: '%null', auth: { local: [nobodys] } }),
      responder: bearer(west, { ...responder, auth: { remote: [nobodys] } }),
    }).up();
    expectUp(both);
    expect(only(both.responder.established).remoteId).toBe('%null');
    expect(only(both.initiator.established).remoteId).toBe('@west.test');
  });

  it('the initiator has a certificate, the responder is nobody', () => {
    const both = pair({
      initiator: bearer(east, { ...initiator, auth: { remote: [nobodys] } }),
      responder: bearer(west, { ...responder, identity: '%null', auth: { local: [nobodys] } }),
    }).up();
    expectUp(both);
    expect(only(both.initiator.established).remoteId).toBe('%null');
    expect(only(both.responder.established).remoteId).toBe('@east.test');
  });
});

describe('what does not hold', () => {
  it('NULL AUTH of the initiator', () => {
    const both = changed(pair({ initiator: anonymous(), responder: anonymous() }), spoilt);
    expectRefused(both, 'responder', /NULL AUTH does not hold/);
  });

  it('NULL AUTH of the responder', () => {
    const both = changed(pair({ initiator: anonymous(), responder: anonymous() }), spoilt, true);
    expectRefused(both, 'initiator', /NULL AUTH does not hold/);
  });

  it.each([0, 1, 31, 33])('NULL AUTH of %i octets', (length) => {
    const both = changed(pair({ initiator: anonymous(), responder: anonymous() }), (each) => [
      each.kind === 'auth'
        ? { ...each, data: Uint8Array.from({ length }, (_, at) => each.data[at] ?? 0) }
        : each,
    ]);
    expectRefused(both, 'responder', /NULL AUTH does not hold/);
  });

  it('a forged IKE_SA_INIT: NULL covers it as any AUTH does', () => {
    const both = pair({ initiator: anonymous(), responder: anonymous() });
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_SA_INIT, response: false },
        tampered(both.network.keys, ({ payloads }) => [
          ...payloads,
          { kind: 'vendorId', data: Uint8Array.of(1, 2, 3) },
        ]),
      ),
    );
    expectRefused(both.up(), 'responder', /NULL AUTH does not hold/);
  });
});

describe('NULL beside a signature (40960)', () => {
  /** East signs, or is nobody to who knows no certificates. */
  const either = (more: Parameters<typeof bearer>[1] = {}): PairEnd =>
    bearer(east, { ...more, auth: { local: [signature, nobodys], ...more.auth } });
  const nobodyOnly = (more: PairEnd = {}): PairEnd => ({
    ...bearer(west),
    peerIdentity: '%null',
    auth: { ...bearer(west).auth, local: [signature], remote: [nobodys] },
    ...more,
  });

  it('a responder that takes nobody takes it for nobody, whatever its name', () => {
    const both = pair({ initiator: either(), responder: nobodyOnly() }).up();
    const request = both.network.flights[2]?.payloads ?? [];
    expect(find(request, 'auth')).toMatchObject({ method: 14 });
    expect(find(request, 'idi')).toMatchObject({ idType: IdType.FQDN });
    expect(notifies(request, NULL_AUTH)).toHaveLength(1);
    expect(only(both.responder.established).remoteId).toBe('%null');
    expect(only(both.initiator.established).remoteId).toBe('@west.test');
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('to a responder for anyone that takes nobody: nobody all the same', () => {
    const both = pair({ initiator: either(), responder: nobodyOnly({ peerIdentity: '%any' }) }).up();
    expect(only(both.responder.established).remoteId).toBe('%null');
  });

  it('to a responder that names it, and yet asks for no proof: nobody all the same', () => {
    const both = pair({ initiator: either(), responder: nobodyOnly({ peerIdentity: '@east.test' }) }).up();
    expect(only(both.responder.established).remoteId).toBe('%null');
  });

  it('a responder that takes signatures takes the signature', () => {
    const both = pair({ initiator: either(), responder: bearer(west) }).up();
    expectUp(both);
    expect(only(both.responder.established).remoteId).toBe('@east.test');
  });

  it('a signature that does not hold is not saved by the NULL beside it', () => {
    const both = changed(pair({ initiator: either(), responder: bearer(west) }), spoilt);
    expectRefused(both, 'responder', /AUTH of @east\.test does not hold/);
  });

  it('a NULL beside that does not hold', () => {
    const both = changed(pair({ initiator: either(), responder: nobodyOnly() }), (each) => [
      each.kind === 'notify' && each.type === NULL_AUTH
        ? { ...each, data: each.data.map((octet) => octet ^ 1) }
        : each,
    ]);
    expectRefused(both, 'responder', /NULL AUTH does not hold/);
  });

  it('without it nobody is not what it is', () => {
    const both = changed(pair({ initiator: either(), responder: nobodyOnly() }), (each) =>
      each.kind === 'notify' && each.type === NULL_AUTH ? [] : [each],
    );
    expectRefused(both, 'responder', /./);
  });

  it('is not sent by a responder, nor by who is never nobody', () => {
    const both = pair({ initiator: bearer(east), responder: either() }).up();
    const sent = both.network.flights.flatMap(({ payloads = [] }) => notifies(payloads, NULL_AUTH));
    expect(sent).toEqual([]);
  });
});

describe('NULL never satisfies a policy that asks for more', () => {
  const ways: readonly (readonly [string, readonly AuthPolicy[]])[] = [
    ['a shared key', [psk]],
    ['a signature', [signature]],
    ['a shared key or a signature', [psk, signature]],
    ['EAP', [{ kind: 'eap', methods: ['mschapv2'] }]],
  ];

  it.each(ways)('%s, asked of the initiator', (_what, remote) => {
    const both = pair({
      initiator: anonymous({ pki: { ...bearer(west).pki } as never }),
      responder: {
        ...bearer(west, { identity: '%null' }),
        peerIdentity: '%any',
        auth: { local: [nobodys], remote },
      },
    }).up();
    expectRefused(both, 'responder', /the peer proves itself by NULL, our policy wants/);
  });

  it.each(ways.slice(0, 3))('%s, asked of the responder', (_what, remote) => {
    const both = pair({
      initiator: {
        crypto: defaultCrypto,
        peerIdentity: '%any',
        auth: { local: [nobodys], remote, keys: anyCertificate },
      },
      responder: anonymous(),
    }).up();
    expectRefused(both, 'initiator', /proves itself by NULL, our policy wants/);
  });

  /** The initiator's NULL AUTH made for the identity 10.0.0.1, which the responder has a shared key for. */
  function claiming(method: number): Pair {
    const both = pair({ initiator: { auth: { local: [nobodys], remote: [psk] } } });
    const identity = { type: IdType.IPV4_ADDR, data: Uint8Array.of(10, 0, 0, 1) };
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 },
        tampered(both.network.keys, ({ header, payloads }) => {
          const [request, response] = both.network.flights;
          const keys = both.network.keys.keysOf(header);
          const nonce = find(response?.payloads ?? [], 'nonce')?.data;
          if (!request || !keys?.prf || !nonce) throw new Error('no keys');
          const skP = new Secret(keys.pi);
          const data = pskAuth(keys.prf, skP, signedOctets(keys.prf, skP, request.octets, nonce, identity));
          return payloads.map((each) => {
            if (each.kind === 'idi') return { kind: 'idi', idType: identity.type, data: identity.data };
            return each.kind === 'auth' ? { kind: 'auth', method, data } : each;
          });
        }),
      ),
    );
    return both.up();
  }

  it('with the identity of a peer that has a shared key', () => {
    expectRefused(claiming(13), 'responder', /the peer proves itself by NULL, our policy wants a shared key/);
  });

  it('with AUTH by SK_p said to be of the shared key', () => {
    expectRefused(claiming(2), 'responder', /AUTH of 10\.0\.0\.1 does not hold: another shared key\?/);
  });

  it('an identity beside NULL is not proven: not shown, and none of its lease', () => {
    const both = pair({
      initiator: { identity: '@boss', auth: { local: [nobodys], remote: [nobodys] } },
      responder: anonymous({ peerIdentity: '%null' }),
    }).up();
    expect(only(both.responder.established).remoteId).toBe('%null');
  });

  it('a conn for nobody and one for a peer of the same address: each gets its own', () => {
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    const [entry] = both.policies.responder.pad;
    if (entry === undefined) throw new Error('no entry');
    const open = padEntry({
      name: 'nobody',
      address: '10.0.0.2',
      identity: '@west.test',
      peerIdentity: '%null',
      peer: { address: '10.0.0.1' },
      auth: { local: [nobodys], remote: [nobodys] },
    });
    both.responder.setPolicy({ ...both.policies.responder, pad: [open, entry] });
    both.up();
    expect(only(both.responder.established)).toMatchObject({ connection: 'pair', remoteId: '@east.test' });
  });
});

describe('who is nobody replaces nobody else', () => {
  /** Several initiators with a connection to one responder that takes anyone. */
  function crowd(...ends: readonly (PairEnd & { readonly address: string })[]) {
    const both = pair({
      initiator: { ...ends[0], peerIdentity: '%any' },
      responder: {
        ...bearer(west),
        peerAddress: '%any',
        peerIdentity: '%any',
        auth: { ...bearer(west).auth, local: [signature], remote: [signature, nobodys] },
      },
    });
    both.up();
    for (const [at, end] of ends.slice(1).entries()) {
      const more = pair({
        network: both.network,
        initiator: { ...end, peerAddress: '10.0.0.2', peerIdentity: '%any' },
        responder: { address: `10.0.0.${90 + at}` },
      });
      more.up();
      expect(more.initiator.established).toHaveLength(1);
    }
    return both;
  }
  const nobodyAt = (address: string) => ({
    ...bearer(east),
    address,
    identity: '%null',
    auth: { ...bearer(east).auth, local: [nobodys], remote: [signature], keys: anyCertificate },
  });

  it('another nobody of another address', () => {
    const both = crowd(nobodyAt('10.0.0.1'), nobodyAt('10.0.0.3'), nobodyAt('10.0.0.4'));
    expect(both.responder.established.map(({ remoteId }) => remoteId)).toEqual(['%null', '%null', '%null']);
    expect(both.responder.told('ikeDeleted')).toEqual([]);
  });

  it('a peer with a certificate, though it says to be that one', () => {
    const both = crowd(
      { ...bearer(east), address: '10.0.0.1' },
      { ...nobodyAt('10.0.0.3'), identity: '@east.test' },
    );
    expect(both.responder.established.map(({ remoteId }) => remoteId)).toEqual(['@east.test', '%null']);
    expect(both.responder.told('ikeDeleted')).toEqual([]);
  });

  it('with INITIAL_CONTACT neither', () => {
    const both = pair({ responder: { ...anonymous(), peerAddress: '%any' }, initiator: anonymous() }).up();
    const other = pair({
      network: both.network,
      initiator: { ...anonymous(), address: '10.0.0.3', peerAddress: '10.0.0.2', peerIdentity: '%null' },
      responder: { address: '10.0.0.99' },
    });
    changed(other, (each) =>
      each.kind === 'auth'
        ? [
            each,
            { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: 16_384, data: new Uint8Array(0) },
          ]
        : [each],
    );
    expect(both.responder.established).toHaveLength(2);
  });

  it('nor does it send INITIAL_CONTACT', () => {
    const both = pair({ initiator: anonymous(), responder: anonymous() }).up();
    expect(notifies(both.network.flights[2]?.payloads ?? [], 16_384)).toEqual([]);
  });

  it('the same address and port: the newer one stays', () => {
    const both = pair({ initiator: anonymous(), responder: anonymous() }).up();
    both.initiator.crash();
    both.up();
    both.network.advance(1000);
    expect(both.responder.established).toHaveLength(1);
  });
});

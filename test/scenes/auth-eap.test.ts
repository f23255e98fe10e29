/**
 * The initiator proves itself by an EAP method. RFC 7296 §2.16.
 *
 *   initiator                                          responder
 *   IKE_AUTH 1 { IDi CERTREQ SA TSi TSr }               ->
 *                                                      <-  { IDr CERT AUTH EAP(Request) }
 *   IKE_AUTH 2 { EAP(Response) }                        ->
 *                                                      <-  { EAP(Request) }, as often as the method needs
 *   IKE_AUTH n { EAP(Response) }                        ->
 *                                                      <-  { EAP(Success) }
 *   IKE_AUTH n+1 { AUTH: by the MSK, or by SK_pi }      ->
 *                                                      <-  { AUTH: by the MSK, or by SK_pr; SA TSi TSr }
 */
import { describe, expect, it } from 'vitest';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { find, findAll, notifies } from '../../src/wire/message.ts';
import { EapCode, ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { eap, eapEnds, eapOnly, methodsOf, passwords, toldTo } from './auth-eap-ends.ts';
import { expectRefused, nobodys, psk, reasonAt } from './auth-ends.ts';
import { signature } from './certificates.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

/** The kinds of payloads of each IKE_AUTH message, in order. */
const story = ({ network }: Pair): string[] =>
  network.flights
    .filter(({ header }) => header?.exchange === ExchangeType.IKE_AUTH)
    .map(({ payloads = [] }) => payloads.map(({ kind }) => kind).join(' '));

/** One IKE_AUTH message arrives changed: the nth request or response. */
function changed(
  both: Pair,
  at: { readonly nth: number; readonly response: boolean },
  change: (payloads: readonly Payload[]) => readonly Payload[],
): Pair {
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, ...at },
      tampered(both.network.keys, ({ payloads }) => change(payloads)),
    ),
  );
  return both.up();
}

const flipAuth = (payloads: readonly Payload[]): readonly Payload[] =>
  payloads.map((each) =>
    each.kind === 'auth' ? { ...each, data: each.data.map((octet) => octet ^ 1) } : each,
  );

describe.each(cryptos)('with %s', (_name, ends) => {
  it('MSCHAPv2: a key comes of it', () => {
    const both = pair(eapEnds(ends)).up();
    expectUp(both);
    expect(only(both.responder.established).remoteId).toBe('@alice');
    expect(only(both.initiator.established).remoteId).toBe('@west.test');
    const [first, second, ...rest] = story(both);
    expect(first?.split(' ')).not.toContain('auth');
    expect(second?.split(' ')).toEqual(expect.arrayContaining(['idr', 'cert', 'auth', 'eap']));
    expect(rest.slice(0, -2).every((each) => each === 'eap')).toBe(true);
    expect(rest.at(-2)).toBe('auth');
    expect(rest.at(-1)?.split(' ')).toEqual(expect.arrayContaining(['auth', 'sa', 'tsi', 'tsr']));
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('MD5: without a key, AUTH is by SK_pi and SK_pr', () => {
    const both = pair(eapEnds({ methods: ['md5'], ...ends })).up();
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('MSCHAPv2 alone (RFC 5998)', () => {
    const both = pair(eapOnly(ends)).up();
    expectUp(both);
    const [request, response] = both.network.flights.slice(2).map(({ payloads = [] }) => payloads);
    expect(notifies(request ?? [], NotifyType.EAP_ONLY_AUTHENTICATION)).toHaveLength(1);
    expect(find(response ?? [], 'auth')).toBeUndefined();
    expect(find(response ?? [], 'cert')).toBeUndefined();
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('a method', () => {
  it('is what both take: the peer refuses the first with a Nak', () => {
    const both = pair(
      eapEnds({
        responder: { auth: { remote: [eap('mschapv2', 'md5')] } },
        initiator: { auth: { local: [eap('md5')] } },
      }),
    ).up();
    expectUp(both);
  });

  it('that the other does not have: it ends', () => {
    const both = pair(
      eapEnds({
        responder: { auth: { remote: [eap('mschapv2')] } },
        initiator: { auth: { local: [eap('md5')] } },
      }),
    ).up();
    expect(reasonAt(both.responder)).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(reasonAt(both.responder).text).toMatch(/the peer refuses MSCHAPV2 and offers MD5_CHALLENGE/);
    expect(reasonAt(both.initiator).text).toMatch(/EAP: /);
    expectNothing(both);
  });

  it.each([1, 2, 30, 60])('of %i rounds', (rounds) => {
    const told = { rounds, msk: 7 };
    const both = pair(
      eapEnds({ initiator: { answer: toldTo(told) }, responder: { answer: toldTo(told) } }),
    ).up();
    expectUp(both);
  });

  it('that tells of a failure leaves its reason, though the initiator says no more than AUTHENTICATION_FAILED', () => {
    const goOn = toldTo({ rounds: 2 });
    const both = pair(
      eapEnds({
        initiator: {
          answer: (question) =>
            question.kind === 'eap' && question.packet?.identifier === 2
              ? { ok: true, eap: { outcome: { ok: false, reason: 'enough' } } }
              : goOn(question),
        },
        responder: {
          answer: (question) => {
            const answer = toldTo({ rounds: 2 })(question);
            const packet = { code: EapCode.REQUEST, identifier: 2, type: 200, data: new Uint8Array(8) };
            if (question.kind !== 'eap' || question.packet === undefined) return answer;
            return { ok: true, eap: { packet, failing: 'wrong password' } };
          },
        },
      }),
    ).up();
    expect(reasonAt(both.initiator)).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(reasonAt(both.initiator).text).toMatch(/EAP: enough$/);
    expect(reasonAt(both.responder)).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      text: 'EAP of @alice: wrong password',
    });
    expectNothing(both);
  });

  it('may have no Failure to tell of: the engine makes it', () => {
    const both = pair(
      eapEnds({
        initiator: { answer: toldTo({ rounds: 2 }) },
        responder: {
          answer: (question) =>
            question.kind === 'eap' && question.packet !== undefined
              ? { ok: true, eap: { outcome: { ok: false, reason: 'no' } } }
              : toldTo({ rounds: 2 })(question),
        },
      }),
    ).up();
    const failures = both.network.flights.flatMap(({ payloads = [] }) => findAll(payloads, 'eap'));
    expect(failures.at(-1)).toMatchObject({ code: EapCode.FAILURE });
    expect(reasonAt(both.responder).text).toBe('EAP of @alice: no');
    expect(reasonAt(both.initiator)).toMatchObject({ code: 'PEER_REFUSED', notify: 24 });
    expectNothing(both);
  });
});

describe('failure', () => {
  it.each([
    ['another password', { alice: 'wonderlanD' }],
    ['an empty password', { alice: '' }],
  ])('%s', (_what, known) => {
    const both = pair(eapEnds({ initiator: { answer: methodsOf(known) } })).up();
    expect(reasonAt(both.responder)).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(reasonAt(both.responder).text).toBe('EAP of @alice: wrong password or unknown name');
    expect(reasonAt(both.initiator)).toMatchObject({ code: 'PEER_REFUSED', notify: 24 });
    expectNothing(both);
  });

  it('a name that nobody has: in the same words', () => {
    const both = pair(
      eapEnds({
        initiator: { identity: '@mallory', answer: methodsOf({ mallory: 'x' }) },
        responder: {},
      }),
    ).up();
    expect(reasonAt(both.responder).text).toBe('EAP of @mallory: wrong password or unknown name');
    expectNothing(both);
  });

  it('a gateway that does not know the password either: the initiator refuses it', () => {
    // It takes any Response for right, but cannot prove that it knows the password.
    const both = pair(eapEnds({ initiator: { answer: methodsOf({ alice: 'other' }) } }));
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true, nth: 2 },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((each) =>
            each.kind === 'eap'
              ? {
                  ...each,
                  data: Uint8Array.from([
                    3,
                    each.data[1] ?? 0,
                    0,
                    46,
                    ...new TextEncoder().encode(`S=${'0'.repeat(40)}`),
                  ]),
                }
              : each,
          ),
        ),
      ),
    );
    both.up();
    expect(reasonAt(both.initiator).text).toMatch(/does not prove that it knows the password|malformed/);
    expectNothing(both);
  });

  it('a Success out of nothing is not believed', () => {
    const both = changed(pair(eapEnds()), { nth: 2, response: true }, (payloads) =>
      payloads.map((each) =>
        each.kind === 'eap'
          ? { kind: 'eap', code: EapCode.SUCCESS, identifier: each.identifier, data: new Uint8Array(0) }
          : each,
      ),
    );
    expect(reasonAt(both.initiator).text).toMatch(/an EAP Success before the method came to its end/);
    expect(both.initiator.established).toEqual([]);
    expectNothing(both);
  });
});

describe('AUTH after the Success', () => {
  const auths = (both: Pair) => story(both).length / 2;

  it('of the initiator does not hold', () => {
    const both = changed(pair(eapEnds()), { nth: auths(pair(eapEnds()).up()), response: false }, flipAuth);
    expectRefused(both, 'responder', /AUTH of @alice does not hold/);
  });

  it('of the responder does not hold', () => {
    const both = changed(pair(eapEnds()), { nth: auths(pair(eapEnds()).up()), response: true }, flipAuth);
    expectRefused(both, 'initiator', /AUTH of @west\.test does not hold/);
  });

  it('is by another key than the method’s: somebody is between', () => {
    const both = pair(
      eapEnds({ initiator: { answer: toldTo({ msk: 1 }) }, responder: { answer: toldTo({ msk: 2 }) } }),
    ).up();
    expectRefused(both, 'responder', /AUTH of @alice does not hold/);
  });

  it('is by SK_pi where the method made a key', () => {
    const both = pair(
      eapEnds({ initiator: { answer: toldTo({}) }, responder: { answer: toldTo({ msk: 2 }) } }),
    ).up();
    expectRefused(both, 'responder', /AUTH of @alice does not hold/);
  });

  it('is by a signature instead', () => {
    const both = changed(pair(eapEnds()), { nth: auths(pair(eapEnds()).up()), response: false }, (payloads) =>
      payloads.map((each) => (each.kind === 'auth' ? { ...each, method: 14 } : each)),
    );
    expectRefused(both, 'responder', /AUTH by DIGITAL_SIGNATURE, wanted by a shared key/);
  });

  it('is not there, and EAP goes on', () => {
    const rounds = auths(pair(eapEnds()).up());
    const both = changed(pair(eapEnds()), { nth: rounds, response: false }, () => [
      { kind: 'eap', code: EapCode.RESPONSE, identifier: 9, type: 26, data: new Uint8Array(3) },
    ]);
    expectRefused(both, 'responder', /EAP goes on after its end/);
  });
});

describe('AUTH before the Success', () => {
  it.each([2, 3])('in request %i', (nth) => {
    const both = changed(pair(eapEnds()), { nth, response: false }, () => [
      { kind: 'auth', method: 2, data: new Uint8Array(32) },
    ]);
    expectRefused(both, 'responder', /AUTH before EAP has succeeded/);
  });

  it('of the responder: no Success, no SA', () => {
    const both = changed(pair(eapEnds()), { nth: 2, response: true }, () => [
      { kind: 'auth', method: 2, data: new Uint8Array(32) },
    ]);
    expect(reasonAt(both.initiator).text).toBe('AUTHENTICATION_FAILED: IKE_AUTH response without EAP');
    expectNothing(both);
  });
});

describe('EAP without end', () => {
  it('of rounds: the initiator gives up', () => {
    const endless = toldTo({ rounds: Number.POSITIVE_INFINITY });
    const both = pair(eapEnds({ initiator: { answer: endless }, responder: { answer: endless } })).up();
    expect(reasonAt(both.initiator)).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      text: 'AUTHENTICATION_FAILED: EAP without end',
    });
    expect(both.network.flights.length).toBeLessThan(140);
    expectNothing(both);
  });

  it('of octets: the responder gives up', () => {
    const endless = toldTo({ rounds: Number.POSITIVE_INFINITY });
    const talker = toldTo({ octets: 4000 });
    const both = pair(eapEnds({ initiator: { answer: talker }, responder: { answer: endless } })).up();
    expectRefused(both, 'responder', /EAP without end/);
  });

  it('of octets: the initiator gives up', () => {
    const talker = toldTo({ rounds: Number.POSITIVE_INFINITY, octets: 4000 });
    const both = pair(eapEnds({ initiator: { answer: toldTo({}) }, responder: { answer: talker } })).up();
    expect(reasonAt(both.initiator)).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      text: 'AUTHENTICATION_FAILED: EAP without end',
    });
    expect(both.network.flights.length).toBeLessThan(90);
    expectNothing(both);
  });
});

describe('EAP alone (RFC 5998)', () => {
  it('with a method that makes no key: the responder refuses', () => {
    const both = pair(eapOnly({ methods: ['md5'] })).up();
    expectRefused(both, 'responder', /an EAP method without a key cannot be the only proof/);
  });

  it('with a method whose key the initiator does not get: it refuses', () => {
    const both = pair(
      eapOnly({ initiator: { answer: toldTo({}) }, responder: { answer: toldTo({ msk: 3 }) } }),
    ).up();
    expectRefused(both, 'initiator', /an EAP method without a key cannot be the only proof/);
  });

  it('by the responder, of an initiator that wants a signature: refused', () => {
    const both = pair(eapEnds({ responder: { auth: { local: [eap('mschapv2')] } } })).up();
    expectRefused(both, 'responder', /pair: the peer does not take EAP alone/);
  });

  it('said by the initiator is no proof of a responder to one that signs', () => {
    // N(EAP_ONLY_AUTHENTICATION) beside a signature: the responder has only EAP, and proves nothing.
    const ends = eapEnds({
      initiator: { auth: { local: [signature] }, identity: '@east.test' },
      responder: { auth: { local: [eap('mschapv2')], remote: [signature] } },
    });
    const both = changed(pair(ends), { nth: 1, response: false }, (payloads) => [
      ...payloads,
      { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: 16_417, data: new Uint8Array(0) },
    ]);
    expectRefused(both, 'responder', /the peer does not take EAP alone/);
  });

  it('by a responder that asks for it unasked: the initiator refuses', () => {
    const both = changed(pair(eapEnds()), { nth: 1, response: true }, (payloads) =>
      payloads.filter(({ kind }) => kind !== 'auth' && kind !== 'cert'),
    );
    expectRefused(both, 'initiator', /@west\.test asks for EAP without proving itself/);
  });

  it('a responder of a signature, to who wants EAP alone: it is not taken', () => {
    const both = pair(eapEnds({ initiator: { auth: { remote: [eap('mschapv2')] } } })).up();
    expectRefused(both, 'initiator', /proves itself by DIGITAL_SIGNATURE, our policy wants EAP/);
  });
});

describe('one wants EAP, the other not', () => {
  it('the responder asks for it of an initiator that has another proof', () => {
    const ends = eapEnds({
      initiator: { auth: { local: [signature] }, identity: '@east.test' },
      responder: { auth: { remote: [signature, eap('mschapv2')] } },
    });
    // Its AUTH is lost on the way; without one an initiator wants EAP.
    const both = changed(pair(ends), { nth: 1, response: false }, (payloads) =>
      payloads.filter(({ kind }) => kind !== 'auth'),
    );
    expectRefused(both, 'initiator', /the peer wants EAP, and pair has another proof of ours/);
  });

  it.each([
    ['a shared key', [psk]],
    ['a signature', [signature]],
    ['nobody', [nobodys]],
  ])('the responder takes %s', (_what, remote) => {
    const both = pair(eapEnds({ responder: { auth: { remote } } })).up();
    expectRefused(both, 'responder', /no AUTH payload: the peer wants EAP/);
  });

  it('the responder takes us without: so do we not', () => {
    const both = changed(pair(eapEnds()), { nth: 1, response: true }, (payloads) =>
      payloads.filter(({ kind }) => kind !== 'eap'),
    );
    expectRefused(both, 'initiator', /the peer takes us for who we are without EAP/);
  });

  it('the responder is not who it should be: nothing of EAP is said', () => {
    const said: string[] = [];
    const both = pair(
      eapEnds({
        initiator: {
          answer: (question) => {
            said.push(question.kind);
            return undefined;
          },
        },
        responder: { identity: '@other.test' },
      }),
    ).up();
    expectRefused(both, 'initiator', /the certificate is not for @other\.test/);
    expect(said).not.toContain('eap');
  });
});

describe('who it is', () => {
  const any = { peerIdentity: '%any' };

  it('IDi names bob, the method authenticated alice: refused where the connection is for bob', () => {
    const both = pair(
      eapEnds({
        initiator: {
          identity: '@bob',
          auth: { username: 'alice' },
          answer: methodsOf({ alice: 'wonderland' }),
        },
        responder: { peerIdentity: '@bob' },
      }),
    ).up();
    expectRefused(both, 'responder', /EAP authenticated @alice, who is not @bob/);
  });

  it('where it is for anyone, alice is who it is', () => {
    const both = pair(
      eapEnds({
        initiator: {
          identity: '@bob',
          auth: { username: 'alice' },
          answer: methodsOf({ alice: 'wonderland' }),
        },
        responder: any,
      }),
    ).up();
    expect(only(both.responder.established).remoteId).toBe('@alice');
  });

  it('with bob’s own password it is bob', () => {
    const both = pair(
      eapEnds({ initiator: { identity: '@bob', answer: methodsOf(passwords) }, responder: any }),
    ).up();
    expect(only(both.responder.established).remoteId).toBe('@bob');
  });

  it('alice may not throw bob out', () => {
    const network = pair(
      eapEnds({
        initiator: { identity: '@bob', answer: methodsOf(passwords) },
        responder: { ...any, peerAddress: '%any' },
      }),
    ).up();
    const alice = pair({
      ...eapEnds({
        initiator: {
          identity: '@bob',
          address: '10.0.0.3',
          peerAddress: '10.0.0.2',
          peerIdentity: '@west.test',
          auth: { username: 'alice' },
          answer: methodsOf({ alice: 'wonderland' }),
        },
        responder: { address: '10.0.0.99' },
      }),
      network: network.network,
    }).up();
    expect(alice.initiator.established).toHaveLength(1);
    expect(network.responder.established.map(({ remoteId }) => remoteId)).toEqual(['@bob', '@alice']);
    expect(network.responder.told('ikeDeleted')).toEqual([]);
  });

  it('an address as IDi and a name in EAP', () => {
    const both = pair(
      eapEnds({
        initiator: {
          identity: '10.0.0.1',
          auth: { username: 'alice' },
          answer: methodsOf({ alice: 'wonderland' }),
        },
        responder: any,
      }),
    ).up();
    expect(only(both.responder.established).remoteId).toBe('@alice');
  });
});

/**
 * Whether a certificate is revoked: by CRLs at hand, by OCSP in the peer's own message (RFC 4806), and by what is fetched for us.
 * Nothing is fetched before the chain is trusted and the signature holds (CVE-2022-40617).
 *
 *   initiator                                          responder                     the world
 *   IKE_AUTH 1 { IDi CERT CERT(14: OCSP) AUTH .. }       ->
 *                                                          ask('revocation')           ->
 *   IKE_AUTH 1, once more                                ->  dropped: we wait
 *                                                                                     <-  CRLs, OCSP responses
 *                                                       <-  { IDr CERT AUTH .. }, or { N(AUTHENTICATION_FAILED) }
 */
import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '../../src/ike/actions.ts';
import type { RevocationPolicy } from '../../src/policy/policy.ts';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { CertEncoding, ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { crlDer, crlPoint, keyFrom, ocspAt, ocspDer, revoked } from '../pki/issue.ts';
import { expectRefused } from './auth-ends.ts';
import {
  type BearerOptions,
  bearer,
  certificateFor,
  east,
  middle,
  root,
  stranger,
  west,
} from './auth-pki.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const now = { from: '231101000000Z', to: '231201000000Z' };
const serial = 11;
const clean = crlDer({ issuer: root, ...now });
const listed = crlDer({ issuer: root, revoked: [revoked(serial)], ...now });
const good = ocspDer({ certificate: east.certificate, issuer: root, status: 'good', ...now });
const bad = ocspDer({ certificate: east.certificate, issuer: root, status: 'revoked', ...now });

const policy = (more: Partial<RevocationPolicy>): RevocationPolicy => ({
  crlStrict: false,
  crlTimeout: 0,
  ocsp: 'off',
  ocspTimeout: 1000,
  ocspMethod: 'post',
  ...more,
});

/** East proves itself to a responder with this policy. */
function proves(revocation: Partial<RevocationPolicy>, more: BearerOptions = {}, issued = east): Pair {
  return pair({
    initiator: bearer(issued),
    responder: bearer(west, { ...more, pki: { ...more.pki, revocation: policy(revocation) } }),
  });
}

/** CERT payloads of encoding 14 go with the initiator's. */
function inBand(both: Pair, ...responses: readonly Uint8Array[]): Pair {
  const certs = responses.map(
    (data) => ({ kind: 'cert', encoding: CertEncoding.OCSP_CONTENT, data }) as const,
  );
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: false },
      tampered(both.network.keys, ({ payloads }) =>
        payloads.flatMap((each): readonly Payload[] => (each.kind === 'auth' ? [...certs, each] : [each])),
      ),
    ),
  );
  return both;
}

const isRevoked = /the certificate of @east\.test is not trusted: .*revoked/;
const isUnknown = /the certificate of @east\.test: whether it is revoked is not known, and must be/;

describe('a CRL at hand', () => {
  describe.each(cryptos)('with %s', (_name, { initiator, responder }) => {
    it('lists the certificate', () => {
      const both = pair({
        initiator: bearer(east, initiator),
        responder: bearer(west, { ...responder, pki: { crls: [listed] } }),
      }).up();
      expectRefused(both, 'responder', isRevoked);
    });
  });

  it('lists it not', () => {
    expectUp(proves({ crlStrict: true }, { pki: { crls: [clean] } }).up());
  });

  it('lists the responder’s certificate', () => {
    const crls = [crlDer({ issuer: root, revoked: [revoked(12)], ...now })];
    const both = pair({ initiator: bearer(east, { pki: { crls } }), responder: bearer(west) }).up();
    expectRefused(both, 'initiator', /the certificate of @west\.test is not trusted: .*revoked/);
  });

  it.each([
    ['none', []],
    ['of another authority', [crlDer({ issuer: stranger, ...now })]],
    ['signed by another key', [crlDer({ issuer: root, signer: keyFrom(77), ...now })]],
    ['of last month', [crlDer({ issuer: root, from: '231001000000Z', to: '231101000000Z' })]],
    ['of next month', [crlDer({ issuer: root, from: '231201000000Z', to: '240101000000Z' })]],
    ['no CRL', [Uint8Array.of(0x30, 0)]],
  ])('%s: crl-strict refuses, otherwise it is let in', (_what, crls) => {
    expectRefused(proves({ crlStrict: true }, { pki: { crls } }).up(), 'responder', isUnknown);
    expectUp(proves({ crlStrict: false }, { pki: { crls } }).up());
  });

  it('forged to list the certificate does nothing', () => {
    const crls = [crlDer({ issuer: root, signer: keyFrom(77), revoked: [revoked(serial)], ...now })];
    expectUp(proves({}, { pki: { crls } }).up());
  });

  it('of the authority between: each certificate of the path needs one', () => {
    const deep = certificateFor('deep', 13, { issuer: middle });
    const between = [middle.certificate.der];
    const both = (crls: Uint8Array[]) =>
      proves({ crlStrict: true }, { pki: { crls, certificates: between } }, deep).up();
    expectUp(both([clean, crlDer({ issuer: middle, ...now })]));
    expectRefused(both([clean]), 'responder', /whether it is revoked is not known/);
    const lost = crlDer({ issuer: root, revoked: [revoked(2)], ...now });
    expectRefused(both([lost, crlDer({ issuer: middle, ...now })]), 'responder', /revoked/);
  });
});

describe('OCSP in the peer’s message', () => {
  it.each(['on', 'strict'] as const)('good, ocsp=%s', (ocsp) => {
    expectUp(inBand(proves({ ocsp }), good).up());
  });

  it('revoked', () => {
    expectRefused(inBand(proves({ ocsp: 'on' }), bad).up(), 'responder', isRevoked);
  });

  it('revoked, then good: the one that says revoked counts', () => {
    expectRefused(inBand(proves({ ocsp: 'on' }), good, bad).up(), 'responder', isRevoked);
  });

  it.each([
    ['rubbish', Uint8Array.of(1, 2, 3)],
    ['nothing', new Uint8Array(0)],
    [
      'of another certificate',
      ocspDer({ certificate: west.certificate, issuer: root, status: 'good', ...now }),
    ],
    [
      'by a stranger',
      ocspDer({ certificate: east.certificate, issuer: root, status: 'good', signer: keyFrom(77), ...now }),
    ],
    [
      'of last month',
      ocspDer({
        certificate: east.certificate,
        issuer: root,
        status: 'good',
        from: '231001000000Z',
        to: '231101000000Z',
      }),
    ],
    ['unknown', ocspDer({ certificate: east.certificate, issuer: root, status: 'unknown', ...now })],
  ])('%s: as if it were not there', (_what, response) => {
    expectRefused(inBand(proves({ ocsp: 'strict' }), response).up(), 'responder', isUnknown);
    expectUp(inBand(proves({ ocsp: 'on' }), response).up());
  });

  it('spares the question', () => {
    const { asked, answer } = asking({ ok: true });
    expectUp(inBand(proves({ ocsp: 'strict' }, { answer }), good).up());
    expect(asked).toEqual([]);
  });
});

type Revocation = Extract<Question, { kind: 'revocation' }>;

/** Answers `revocation`, and keeps what was asked. */
function asking(reply: Answer, after: number | 'never' = 0) {
  const asked: Revocation[] = [];
  const answer = (question: Question) => {
    if (question.kind !== 'revocation') return undefined;
    asked.push(question);
    return after === 0 ? reply : { after, answer: reply };
  };
  return { asked, answer };
}

describe('what is fetched for us', () => {
  const located = certificateFor('east', serial, {
    extensions: [crlPoint('http://crl/x'), ocspAt('http://ocsp/x')],
  });
  const other = { certificate: located.certificate, issuer: root, ...now };
  const fetched = { crlTimeout: 1000, ocsp: 'strict' as const };

  it.each([
    ['a CRL', { ok: true, crls: [clean] }],
    ['an OCSP response', { ok: true, ocspResponses: [ocspDer({ ...other, status: 'good' })] }],
    ['both', { ok: true, crls: [clean], ocspResponses: [ocspDer({ ...other, status: 'good' })] }],
  ] as const)('%s that is good', (_what, reply) => {
    const { asked, answer } = asking(reply);
    const both = proves(fetched, { answer }, located).up();
    expectUp(both);
    const question = only(asked);
    expect(question.of).toEqual([
      {
        certificate: located.certificate.der,
        issuer: root.certificate.der,
        crlUris: ['http://crl/x'],
        ocspUris: ['http://ocsp/x'],
      },
    ]);
  });

  it.each([
    ['by CRL', { ok: true, crls: [listed] }],
    ['by OCSP', { ok: true, ocspResponses: [ocspDer({ ...other, status: 'revoked' })] }],
  ] as const)('revoked %s', (_what, reply) => {
    const { answer } = asking(reply);
    expectRefused(proves(fetched, { answer }, located).up(), 'responder', isRevoked);
  });

  it.each([
    ['fails', { ok: false, errno: 'ECONNREFUSED' }],
    ['brings nothing', { ok: true }],
    ['brings rubbish', { ok: true, crls: [Uint8Array.of(1)], ocspResponses: [Uint8Array.of(0x30, 0x80)] }],
  ] as const)('%s: strict refuses, otherwise it is let in', (_what, reply) => {
    const { answer } = asking(reply);
    expectRefused(proves(fetched, { answer }, located).up(), 'responder', isUnknown);
    expectUp(proves({ crlTimeout: 1000, ocsp: 'on' }, { answer }, located).up());
  });

  it('late: the peer’s retransmissions wait with us, and one answer goes out', () => {
    const { answer } = asking({ ok: true, crls: [clean] }, 4000);
    const both = proves(fetched, { answer }, located).up();
    expectUp(both);
    expect(both.responder.told('drop').map(({ reason }) => reason)).toContain('waiting');
    const answers = both.network.flights.filter(
      ({ header, source }) => header?.exchange === ExchangeType.IKE_AUTH && source.address === '10.0.0.2',
    );
    expect(answers).toHaveLength(1);
  });

  it('never: after ten seconds it is as if it had failed', () => {
    const { answer } = asking({ ok: true }, 'never');
    const both = proves(fetched, { answer }, located);
    both.initiator.up('pair');
    both.network.advance(11_000);
    expectRefused(both, 'responder', isUnknown);
  });

  it('too late: the SA is gone, the answer is to nobody', () => {
    const { answer } = asking({ ok: true, crls: [clean] }, 9000);
    const both = proves(fetched, { answer }, located);
    both.initiator.up('pair');
    both.network.advance(500);
    both.responder.command({ kind: 'shutdown' });
    both.network.advance(20_000);
    expect(both.responder.established).toEqual([]);
    expect(both.initiator.established).toEqual([]);
    expectNothing(both);
  });

  it('asked by an initiator of its responder', () => {
    const { asked, answer } = asking(
      { ok: true, crls: [crlDer({ issuer: root, revoked: [revoked(12)], ...now })] },
      2000,
    );
    const both = pair({
      initiator: bearer(east, { answer, pki: { revocation: policy({ crlTimeout: 1000 }) } }),
      responder: bearer(west),
    }).up();
    expectRefused(both, 'initiator', /@west\.test is not trusted: .*revoked/);
    expect(asked).toHaveLength(1);
  });

  it('goes to the responder of the policy instead', () => {
    const { asked, answer } = asking({ ok: true });
    proves({ ocsp: 'on', ocspUri: 'http://ours/' }, { answer }, located).up();
    expect(only(asked).of.map(({ crlUris, ocspUris }) => [crlUris, ocspUris])).toEqual([
      [[], ['http://ours/']],
    ]);
  });

  it('is not asked for where nothing may be fetched', () => {
    const { asked, answer } = asking({ ok: true });
    expectUp(proves({}, { answer }, located).up());
    expect(asked).toEqual([]);
  });

  it.each([
    [
      'not trusted',
      certificateFor('east', serial, { issuer: stranger, extensions: [crlPoint('http://evil/')] }),
      {},
    ],
    ['not of this identity', certificateFor('other', serial, { extensions: [crlPoint('http://evil/')] }), {}],
    ['of another key', located, { privateKeys: [keyFrom(44)] }],
  ])('is never asked for of a certificate %s', (_what, issued, more) => {
    const { asked, answer } = asking({ ok: true, crls: [clean] });
    const spoilt =
      'privateKeys' in more ? { credential: bearer({ ...issued, key: keyFrom(44) }).auth?.credential } : {};
    const both = pair({
      initiator: bearer(issued, {
        identity: '@east.test',
        ...more,
        ...(spoilt.credential && {
          credential: { ...spoilt.credential, certificates: [issued.certificate.der] },
        }),
      }),
      responder: bearer(west, { answer, pki: { revocation: policy(fetched) } }),
    }).up();
    expectRefused(both, 'responder', /./);
    expect(asked).toEqual([]);
  });
});

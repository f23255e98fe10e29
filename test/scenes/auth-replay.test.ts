/**
 * A recorded run replays to the same octets, whatever the ends prove themselves by: signatures and methods are answers, and
 * answers are inputs.
 *
 *   {"now":0,"start":{..}}  {"now":0,"input":{..},"drawn":[..],"sent":[..]}  ..   ->   the same `sent`, the same actions
 */
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { replay } from '../../src/ike/recording.ts';
import { toJson } from '../../src/ike/run-json.ts';
import { type PairOptions, pair } from '../../src/testing/index.ts';
import { crlDer, crlPoint } from '../pki/issue.ts';
import { eapEnds, eapOnly } from './auth-eap-ends.ts';
import { nobodys, signing } from './auth-ends.ts';
import { bearer, certificateFor, root, west } from './auth-pki.ts';

const located = certificateFor('east', 11, { extensions: [crlPoint('http://crl/')] });
const crl = crlDer({ issuer: root, from: '231101000000Z', to: '231201000000Z' });

const runs: readonly (readonly [name: string, options: () => PairOptions])[] = [
  ['a shared key', () => ({})],
  // RSA-PSS and node's ECDSA draw their salts outside the engine: the signature is an input.
  ['RSA and P-256', () => ({ initiator: signing('east'), responder: signing('west') })],
  ['Ed25519 and Ed448', () => ({ initiator: signing('ed25519'), responder: signing('ed448') })],
  ['NULL', () => ({ identity: '%null', auth: { local: [nobodys], remote: [nobodys] } })],
  ['MSCHAPv2', () => eapEnds()],
  ['MSCHAPv2 alone', () => eapOnly()],
  ['MD5', () => eapEnds({ methods: ['md5'] })],
  [
    'a CRL that is fetched',
    () => ({
      initiator: bearer(located),
      responder: bearer(west, {
        answer: ({ kind }) =>
          kind === 'revocation' ? { after: 700, answer: { ok: true, crls: [crl] } } : undefined,
        pki: {
          revocation: { crlStrict: true, crlTimeout: 1000, ocsp: 'off', ocspTimeout: 0, ocspMethod: 'get' },
        },
      }),
    }),
  ],
];

describe.each(['initiator', 'responder'] as const)('the %s', (end) => {
  it.each(runs)('%s', (_name, options) => {
    const both = pair({ ...options(), crypto: defaultCrypto, record: true }).up();
    both.initiator.down('pair');
    both.network.run();
    const host = both[end];
    expect(host.told('ikeEstablished')).toHaveLength(1);
    const again = Array.from(replay(host.recording, defaultCrypto), (actions) => toJson(actions));
    // The first line only begins.
    expect(again).toEqual(host.answers.slice(1));
  });
});

it('a run with another certificate at hand is found out', () => {
  const both = pair({ initiator: bearer(located), responder: bearer(west), record: true }).up();
  const trusted = Buffer.from(root.certificate.der).toString('hex');
  const other = both.responder.recording.map((line) => line.replaceAll(trusted, '3000'));
  expect(() => [...replay(other, defaultCrypto)]).toThrow(/line \d+: /);
});

it('without secrets nothing of what an EAP method says is kept', () => {
  const packet = { code: 1, identifier: 7, type: 26, data: Uint8Array.of(0xde, 0xad) };
  const input = { type: 'answer', id: 1, answer: { ok: true, eap: { packet } } };
  expect(toJson(input, { secrets: false })).not.toContain('dead');
  expect(toJson(input)).toContain('dead');
});

/**
 * Certificates and verdicts are kept by the whole DER: what one peer sent changes nothing for the next (Libreswan 2026-77205,
 * 2026-77207, strongSwan 2021-41991).
 *
 *   mallory                                    responder
 *   IKE_AUTH 1 { IDi CERT(forged east) AUTH }   ->
 *                                              <-  { N(AUTHENTICATION_FAILED) }
 *   east
 *   IKE_AUTH 1 { IDi CERT(east) AUTH }          ->
 *                                              <-  { IDr CERT AUTH .. }
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { keyFrom } from '../pki/issue.ts';
import { bearer, certificateFor, east, root, stranger, west } from './auth-pki.ts';

const forgeries = {
  'the same names and number, of another authority': certificateFor('east', 31, {
    issuer: stranger,
    serial: 11,
  }),
  'an authority of the same name': certificateFor('east', 32, {
    issuer: { certificate: root.certificate, key: keyFrom(66) },
    serial: 11,
  }),
  'the same key, and a signature that is none': certificateFor('east', 11, {
    signature: (made) => made.map((octet) => octet ^ 0x55),
  }),
};

/** Another initiator with this certificate, at an address of its own. */
let address = 100;
function next(first: Pair, issued: Parameters<typeof bearer>[0]): number {
  const made = pair({
    network: first.network,
    initiator: bearer(issued, {
      address: `10.0.1.${address++ % 250}`,
      peerAddress: '10.0.0.2',
      peerIdentity: '@west.test',
      entry: { initialContact: false },
    }),
    responder: { address: `10.0.2.${address++ % 250}` },
  }).up();
  return made.initiator.established.length;
}

const gateway = () =>
  pair({
    initiator: bearer(certificateFor('other', 40)),
    responder: bearer(west, { peerAddress: '%any', peerIdentity: '%any' }),
  }).up();

describe.each(Object.entries(forgeries))('%s', (_name, forged) => {
  it('first, and then the true one', () => {
    const first = gateway();
    expect([next(first, forged), next(first, forged), next(first, east)]).toEqual([0, 0, 1]);
  });

  it('after the true one', () => {
    const first = gateway();
    expect([next(first, east), next(first, forged), next(first, east)]).toEqual([1, 0, 1]);
  });
});

it('hundreds of others do not push the true one out for good', () => {
  const first = gateway();
  expect(next(first, east)).toBe(1);
  for (let seed = 41; seed < 101; seed++)
    expect(next(first, certificateFor('east', seed, { issuer: stranger }))).toBe(0);
  expect(next(first, east)).toBe(1);
});

/**
 * What a peer says of itself before anything is proven: identities of any size and octets, names in certificates and in EAP. None
 * of it does anything to a log or a terminal, and none is let in (WatchGuard 2025-9242, Zyxel 2023-28771, Libreswan 2013-6075).
 *
 *   initiator                              responder
 *   IKE_AUTH 1 { IDi(hostile) CERT AUTH }   ->
 *                                          <-  { N(AUTHENTICATION_FAILED) }
 */
import { describe, expect, it } from 'vitest';
import { logEvent, makeLog } from '../../src/daemon/log.ts';
import { parseDn } from '../../src/pki/index.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { type Host, type Pair, pair } from '../../src/testing/index.ts';
import { IdType } from '../../src/wire/numbers.ts';
import { eapEnds, methodsOf } from './auth-eap-ends.ts';
import { expectRefused, nobodys, reasonAt } from './auth-ends.ts';
import { bearer, certificateFor, east, stranger, west } from './auth-pki.ts';
import { only } from './expect-up.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const identities: readonly (readonly [name: string, identity: Identity])[] = [
  ['an FQDN of 60 000 octets', { type: IdType.FQDN, data: new Uint8Array(60_000).fill(0x61) }],
  ['an address of 60 000 octets', { type: IdType.IPV4_ADDR, data: new Uint8Array(60_000) }],
  ['a key ID of 60 000 octets', { type: IdType.KEY_ID, data: new Uint8Array(60_000) }],
  [
    'a distinguished name of 60 000 octets',
    { type: IdType.DER_ASN1_DN, data: new Uint8Array(60_000).fill(0x30) },
  ],
  ['no octets', { type: IdType.FQDN, data: new Uint8Array(0) }],
  ['an address of three octets', { type: IdType.IPV4_ADDR, data: new Uint8Array(3) }],
  ['an address of no octets', { type: IdType.IPV6_ADDR, data: new Uint8Array(0) }],
  [
    'a distinguished name cut short',
    { type: IdType.DER_ASN1_DN, data: parseDn('C=CH, CN=east').slice(0, -3) },
  ],
  ['a distinguished name of no octets', { type: IdType.DER_ASN1_DN, data: new Uint8Array(0) }],
  ['a general name', { type: IdType.DER_ASN1_GN, data: Uint8Array.of(0x82, 200, 1) }],
  ['an unknown type', { type: 199, data: text('east.test') }],
  ['type 0', { type: 0, data: text('east.test') }],
  ['a line of its own', { type: IdType.FQDN, data: text('east\n2026-01-01 INFO  established') }],
  ['a terminal’s escapes', { type: IdType.FQDN, data: text('\u001b[2J\u001b]0;owned\u0007') }],
  ['a shell’s', { type: IdType.RFC822_ADDR, data: text('$(reboot)@`id`;rm -rf /|"\'\\') }],
  ['NUL in the middle', { type: IdType.FQDN, data: text('east.test\0.evil') }],
  ['octets that are no UTF-8', { type: IdType.FQDN, data: Uint8Array.of(0xff, 0xfe, 0x80, 0xc0) }],
  ['direction marks', { type: IdType.FQDN, data: text('\u202etset.tsae') }],
];

/** Every line a log has of it is one line of printable ASCII. */
function expectPrintable(hosts: readonly Host[]): void {
  for (const { events } of hosts) {
    const lines: string[] = [];
    const log = makeLog({ level: 'trace', format: 'text', write: (line) => lines.push(line) });
    for (const event of events) logEvent(log, event);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]*\n$/);
  }
}

const both = (identity: Identity, initiator: Parameters<typeof bearer>[1] = {}, responder = {}): Pair => {
  const made = pair({
    initiator: bearer(east, { ...initiator, entry: { fragmentation: 'yes' } }),
    responder: bearer(west, { peerIdentity: '%any', ...responder, entry: { fragmentation: 'yes' } }),
  });
  const [entry] = made.policies.initiator.pad;
  if (entry === undefined) throw new Error('no entry');
  made.initiator.setPolicy({
    ...made.policies.initiator,
    pad: [{ ...entry, local: { ...entry.local, identity } }],
  });
  return made.up();
};

describe.each(identities)('IDi: %s', (_name, identity) => {
  it('with a certificate for another', () => {
    const made = both(identity);
    made.network.advance(60_000);
    expect(made.responder.established).toEqual([]);
    expect(made.responder.failures.length).toBeLessThan(2);
    expectPrintable([made.initiator, made.responder]);
    expect(made.network.run()).toBe(true);
    expect([made.initiator.leftovers, made.responder.leftovers]).toEqual([[], []]);
  });

  it('with NULL: it is nobody', () => {
    const made = both(identity, { auth: { local: [nobodys] } }, { auth: { remote: [nobodys] } });
    for (const { remoteId } of made.responder.established) expect(remoteId).toBe('%null');
    expectPrintable([made.initiator, made.responder]);
  });
});

describe('names elsewhere', () => {
  it('in a certificate nobody trusts', () => {
    const evil = certificateFor('east', 14, { issuer: stranger, subject: 'CN=\u001b[2Jeast\\0ax' });
    const made = pair({ initiator: bearer(evil), responder: bearer(west) }).up();
    expectRefused(made, 'responder', /is not trusted/);
    expectPrintable([made.initiator, made.responder]);
  });

  it.each(['\u001b[2J\nalice', 'a'.repeat(5000), '\u202eecila', ''])('in EAP, as a user: %j', (name) => {
    const made = pair(
      eapEnds({
        initiator: { auth: { username: name }, answer: methodsOf({ [name]: 'x' }) },
        responder: { peerIdentity: '%any' },
      }),
    ).up();
    expect(made.responder.established).toEqual([]);
    expect(reasonAt(made.responder).text).toMatch(/^[\x20-\x7e]+$/);
    expectPrintable([made.initiator, made.responder]);
  });

  it('in EAP, of a user that is right: only what the method authenticated', () => {
    const name = 'al\u00efce';
    const made = pair(
      eapEnds({
        initiator: { identity: '@whoever', auth: { username: name }, answer: methodsOf({ [name]: 'x' }) },
        responder: { peerIdentity: '%any', answer: methodsOf({ [name]: 'x' }) },
      }),
    ).up();
    expect(only(made.responder.established).remoteId).toBe('@al\\c3\\afce');
    expectPrintable([made.initiator, made.responder]);
  });
});

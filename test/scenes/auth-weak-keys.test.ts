/**
 * Certificates whose keys are degenerate: a trusted authority signed them, yet anyone could sign by them (2026-14957, 2015-3240).
 *
 *   initiator                                       responder
 *   IKE_AUTH 1 { IDi CERT(degenerate key) AUTH .. }  ->
 *                                                   <-  { N(AUTHENTICATION_FAILED) }
 */
import { describe, it } from 'vitest';
import { der, derBits, derNatural, derNull, derOid, type PrivateKey } from '../../src/crypto/index.ts';
import { pair } from '../../src/testing/index.ts';
import { altNames, certificateDer, dns, keyUsage } from '../pki/issue.ts';
import { expectRefused, raw } from './auth-ends.ts';
import { bearer, east, root, west, years } from './auth-pki.ts';

const SEQUENCE = 0x30;
const modulus = (octets: number): Uint8Array => new Uint8Array(octets).fill(0xc1);

const rsa = (n: Uint8Array, e: Uint8Array): Uint8Array =>
  der(
    SEQUENCE,
    der(SEQUENCE, derOid('1.2.840.113549.1.1.1'), derNull),
    derBits(der(SEQUENCE, derNatural(n), derNatural(e))),
  );
const p256 = (point: Uint8Array): Uint8Array =>
  der(SEQUENCE, der(SEQUENCE, derOid('1.2.840.10045.2.1'), derOid('1.2.840.10045.3.1.7')), derBits(point));
const ed25519 = (point: Uint8Array): Uint8Array =>
  der(SEQUENCE, der(SEQUENCE, derOid('1.3.101.112')), derBits(point));

const keys: readonly (readonly [name: string, spki: Uint8Array])[] = [
  ['RSA, exponent 0', rsa(modulus(256), Uint8Array.of(0))],
  ['RSA, exponent 1', rsa(modulus(256), Uint8Array.of(1))],
  ['RSA, exponent 2', rsa(modulus(256), Uint8Array.of(2))],
  ['RSA, an exponent as long as the modulus', rsa(modulus(256), modulus(256))],
  ['RSA of 512 bits', rsa(modulus(64), Uint8Array.of(1, 0, 1))],
  ['RSA of 1024 bits', rsa(modulus(128), Uint8Array.of(1, 0, 1))],
  ['RSA of 32768 bits', rsa(modulus(4096), Uint8Array.of(1, 0, 1))],
  ['RSA, modulus 0', rsa(Uint8Array.of(0), Uint8Array.of(1, 0, 1))],
  [
    'RSA, an even modulus',
    rsa(
      modulus(256).map((octet, at) => (at === 255 ? 0xc0 : octet)),
      Uint8Array.of(1, 0, 1),
    ),
  ],
  ['P-256, the point at infinity', p256(Uint8Array.of(0))],
  ['P-256, a point not on the curve', p256(Uint8Array.from([4, ...new Uint8Array(64).fill(1)]))],
  ['P-256, no point', p256(new Uint8Array(0))],
  ['Ed25519, the neutral point', ed25519(Uint8Array.from([1, ...new Uint8Array(31)]))],
  ['Ed25519, of low order', ed25519(new Uint8Array(32))],
  ['Ed25519, of 31 octets', ed25519(new Uint8Array(31))],
  ['a key of no kind', der(SEQUENCE, der(SEQUENCE, derOid('1.2.3')), derBits(new Uint8Array(9)))],
];

describe.each(keys)('%s', (_name, spki) => {
  it('in a certificate', () => {
    const made = certificateDer({
      subject: 'O=Test, CN=east.test',
      key: { ...east.key, spki } as PrivateKey,
      issuer: root,
      ...years,
      extensions: [keyUsage(0), altNames(dns('east.test'))],
    });
    const both = pair({
      initiator: bearer(east, { credential: { certificates: [made] } }),
      responder: bearer(west),
    }).up();
    expectRefused(both, 'responder', /has a key that is not taken|malformed|is not trusted|does not hold/);
  });

  it('as a bare key of the peer', () => {
    const { auth, ...rest } = raw('p384', []);
    const both = pair({
      initiator: raw('west', ['p384']),
      responder: {
        ...rest,
        ...(auth && { auth: { ...auth, keys: { raw: [spki], identityInCertificate: false } } }),
      },
    }).up();
    expectRefused(both, 'responder', /AUTH of @west\.test does not hold with the key known of it/);
  });
});

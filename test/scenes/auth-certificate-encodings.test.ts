/**
 * CERT payloads of other encodings than X.509: bundles are opened, the rest is refused in words. RFC 7296 §3.6.
 *
 *   initiator                                                    responder
 *   IKE_AUTH 1 { IDi CERT(1: PKCS#7 bundle) AUTH .. }              ->
 *                                                                <-  { IDr CERT AUTH .. }
 *   IKE_AUTH 1 { IDi CERT(12: hash and URL) AUTH .. }              ->   nothing is fetched
 *                                                                <-  { N(AUTHENTICATION_FAILED) }
 */
import { describe, expect, it } from 'vitest';
import { der, derNatural, derOid } from '../../src/crypto/index.ts';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { CertEncoding, ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectRefused } from './auth-ends.ts';
import { type BearerOptions, bearer, certificateFor, east, middle, stranger, west } from './auth-pki.ts';
import { expectUp } from './expect-up.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const deep = certificateFor('deep', 13, { issuer: middle });

/** SignedData that signs nothing, with these certificates. */
const bundle = (...certificates: readonly Uint8Array[]): Uint8Array =>
  der(
    SEQUENCE,
    derOid('1.2.840.113549.1.7.2'),
    der(
      0xa0,
      der(
        SEQUENCE,
        derNatural(Uint8Array.of(1)),
        der(SET),
        der(SEQUENCE, derOid('1.2.840.113549.1.7.1')),
        ...(certificates.length > 0 ? [der(0xa0, ...certificates)] : []),
        der(SET),
      ),
    ),
  );

/** The initiator's certificates travel as these. */
function encoded(
  certs: readonly (readonly [encoding: number, data: Uint8Array])[],
  ours: Pair | undefined = undefined,
  theirs: BearerOptions = {},
): Pair {
  const both = ours ?? pair({ initiator: bearer(deep), responder: bearer(west, theirs) });
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 },
      tampered(both.network.keys, ({ payloads }) =>
        payloads.flatMap((each): readonly Payload[] =>
          each.kind === 'cert'
            ? certs.map(([encoding, data]) => ({ kind: 'cert', encoding, data }) as const)
            : [each],
        ),
      ),
    ),
  );
  return both.up();
}

describe('a PKCS#7 bundle', () => {
  const [end, sub] = [deep.certificate.der, middle.certificate.der];

  it.each([
    ['the end certificate and its issuer', [end, sub]],
    ['the other way round: a bundle is a set', [sub, end]],
    ['with others beside', [stranger.certificate.der, sub, end]],
  ])('of %s', (_what, certificates) => {
    expectUp(encoded([[CertEncoding.PKCS7_WRAPPED_X509_CERTIFICATE, bundle(...certificates)]]));
  });

  it('after the end certificate', () => {
    expectUp(
      encoded([
        [CertEncoding.X509_CERTIFICATE_SIGNATURE, end],
        [CertEncoding.PKCS7_WRAPPED_X509_CERTIFICATE, bundle(stranger.certificate.der, sub)],
      ]),
    );
  });

  it.each([
    ['empty', bundle()],
    ['no octets', new Uint8Array(0)],
    ['no DER', Uint8Array.of(0x30, 0x80, 0, 0)],
    ['cut short', bundle(end, sub).slice(0, -1)],
    ['with an octet after its end', Uint8Array.from([...bundle(end, sub), 0])],
    ['of one that is no certificate', bundle(der(SEQUENCE))],
    ['of seventeen', bundle(...Array.from({ length: 17 }, () => end))],
    ['a certificate and no bundle', end],
  ])('%s: refused, and said', (_what, octets) => {
    const both = encoded([[CertEncoding.PKCS7_WRAPPED_X509_CERTIFICATE, octets]]);
    expectRefused(both, 'responder', /@deep\.test sent a bundle of certificates: .*, which is not taken/);
  });

  it('broken, beside a certificate that does', () => {
    const both = encoded(
      [
        [CertEncoding.X509_CERTIFICATE_SIGNATURE, end],
        [CertEncoding.PKCS7_WRAPPED_X509_CERTIFICATE, Uint8Array.of(1)],
      ],
      undefined,
      { pki: { certificates: [sub] } },
    );
    expectUp(both);
  });
});

describe('other encodings', () => {
  const url = Uint8Array.from([...new Uint8Array(20), ...new TextEncoder().encode('http://10.9.9.9/c')]);
  const rest = Object.entries(CertEncoding).filter(([, encoding]) => ![1, 4, 14].includes(encoding));

  it.each([...rest, ['0', 0] as const, ['99', 99] as const, ['255', 255] as const])(
    '%s: refused, and said',
    (name, encoding) => {
      const questions: string[] = [];
      const both = pair({
        initiator: bearer(deep),
        responder: bearer(west, {
          answer: ({ kind }) => {
            if (kind !== 'sign') questions.push(kind);
            return undefined;
          },
        }),
      });
      encoded([[encoding, url]], both);
      expectRefused(
        both,
        'responder',
        new RegExp(`@deep\\.test sent a certificate as ${name}, which is not taken`),
      );
      expect(questions).toEqual([]);
    },
  );

  it('hash and URL, of a peer whose certificate is at hand', () => {
    const certificates = [deep.certificate.der, middle.certificate.der];
    expectUp(
      encoded([[CertEncoding.HASH_AND_URL_OF_X509_CERTIFICATE, url]], undefined, { pki: { certificates } }),
    );
  });

  it('an unknown one beside X.509 is passed over', () => {
    const both = encoded(
      [
        [CertEncoding.X509_CERTIFICATE_SIGNATURE, deep.certificate.der],
        [200, url],
      ],
      undefined,
      { pki: { certificates: [middle.certificate.der] } },
    );
    expectUp(both);
  });

  it('hash and URL of another: a certificate of somebody else at hand does not count', () => {
    const both = encoded([[CertEncoding.HASH_AND_URL_OF_X509_CERTIFICATE, url]], undefined, {
      pki: { certificates: [east.certificate.der] },
    });
    expectRefused(both, 'responder', /which is not taken/);
  });
});

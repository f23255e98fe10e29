/**
 * Which certificates are taken, and which are not: each refusal says why here, and AUTHENTICATION_FAILED there. RFC 4945 §5.
 *
 *   initiator                                     responder
 *   IKE_AUTH 1 { IDi CERT* CERTREQ AUTH .. }       ->
 *                                                 <-  { IDr CERT AUTH SA TSi TSr }
 *   or
 *                                                 <-  { N(AUTHENTICATION_FAILED) }
 */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier } from '../../src/crypto/index.ts';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { CertEncoding, ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { altNames, certificateDer, dns, email, ip, keyFrom, keyUsage, purposes } from '../pki/issue.ts';
import { expectRefused } from './auth-ends.ts';
import {
  authority,
  type BearerOptions,
  bearer,
  certificateFor,
  east,
  middle,
  root,
  stranger,
  west,
  years,
} from './auth-pki.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp } from './expect-up.ts';

const deep = certificateFor('deep', 13, { issuer: middle });

/** The initiator shows what is told, the responder is west. */
const shown = (issued: Parameters<typeof bearer>[0], ours: BearerOptions = {}, theirs: BearerOptions = {}) =>
  pair({ initiator: bearer(issued, ours), responder: bearer(west, theirs) }).up();

/** The CERT payloads of the initiator arrive as others. */
function sends(both: Pair, certificates: readonly Payload[]): Pair {
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 },
      tampered(both.network.keys, ({ payloads }) =>
        payloads.flatMap((each) =>
          each.kind === 'auth' ? [...certificates, each] : each.kind === 'cert' ? [] : [each],
        ),
      ),
    ),
  );
  return both.up();
}

const cert = (data: Uint8Array): Payload => ({
  kind: 'cert',
  encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE,
  data,
});

describe.each(cryptos)('with %s', (_name, { initiator, responder }) => {
  it('certificates of one root, both ways', () => {
    const both = pair({ initiator: bearer(east, initiator), responder: bearer(west, responder) }).up();
    expectUp(both);
  });

  it('one of another root is refused', () => {
    const astray = certificateFor('east', 14, { issuer: stranger });
    const both = pair({ initiator: bearer(astray, initiator), responder: bearer(west, responder) }).up();
    expectRefused(both, 'responder', /the certificate of @east\.test is not trusted/);
  });
});

describe('the path', () => {
  it('through an intermediate that is sent', () => {
    const certificates = [deep.certificate.der, middle.certificate.der];
    expectUp(shown(deep, { credential: { certificates } }));
  });

  it('through an intermediate at hand', () => {
    expectUp(shown(deep, {}, { pki: { certificates: [middle.certificate.der] } }));
  });

  it('without the intermediate', () => {
    expectRefused(shown(deep), 'responder', /is not trusted: /);
  });

  it('of several roots', () => {
    const anchors = [stranger, root, authority('Third', 3)].map(({ certificate }) => certificate.der);
    expectUp(shown(east, {}, { pki: { anchors } }));
    expectUp(shown(certificateFor('astray', 15, { issuer: stranger }), {}, { pki: { anchors } }));
  });

  it('the root sent along is not believed for it', () => {
    const astray = certificateFor('east', 14, { issuer: stranger });
    const certificates = [astray.certificate.der, stranger.certificate.der];
    expectRefused(shown(astray, { credential: { certificates } }), 'responder', /is not trusted/);
  });

  it('an end certificate that signs for another', () => {
    const forged = certificateFor('bank', 16, { issuer: west });
    const certificates = [forged.certificate.der, west.certificate.der];
    expectRefused(shown(forged, { credential: { certificates } }), 'responder', /is not trusted/);
  });

  it('no root at all: nobody is trusted', () => {
    expectRefused(shown(east, {}, { pki: { anchors: [] } }), 'responder', /is not trusted/);
  });

  it('of the responder is judged by the initiator alike', () => {
    const astray = certificateFor('west', 14, { issuer: stranger });
    const both = pair({ initiator: bearer(east), responder: bearer(astray) }).up();
    expectRefused(both, 'initiator', /the certificate of @west\.test is not trusted/);
  });
});

describe('validity, by the time of the host', () => {
  it('expired', () => {
    const old = certificateFor('east', 11, { to: '231114000000Z' });
    expectRefused(shown(old), 'responder', /is not trusted: .*expired/);
  });

  it('not yet', () => {
    const young = certificateFor('east', 11, { from: '231201000000Z' });
    expectRefused(shown(young), 'responder', /is not trusted: .*not (yet )?valid/);
  });

  it('an authority that has expired', () => {
    const old = authority('Old', 2, { issuer: root, serial: 2, to: '231114000000Z' });
    const issued = certificateFor('deep', 13, { issuer: old });
    const certificates = [issued.certificate.der, old.certificate.der];
    expectRefused(shown(issued, { credential: { certificates } }), 'responder', /is not trusted/);
  });

  it('good today and expired tomorrow: what is up stays, what is new is refused', () => {
    // 1 700 000 000 is 2023-11-14 22:13:20.
    const short = certificateFor('east', 11, { to: '231114230000Z' });
    const both = shown(short, { entry: { unique: false, initialContact: false } });
    expectUp(both);
    both.network.advance(3_600_000);
    both.initiator.down('pair');
    both.network.settle();
    both.initiator.up('pair');
    both.network.settle();
    const refusals = both.responder.told('ikeFailed');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.reason.text).toMatch(/expired/);
  });
});

describe('the identity', () => {
  it('is another than the certificate’s', () => {
    expectRefused(
      shown(east, { identity: '@other.test' }),
      'responder',
      /^AUTHENTICATION_FAILED: the certificate is not for @other\.test/,
    );
  });

  it('of the responder is another than its certificate’s', () => {
    const both = pair({ initiator: bearer(east), responder: bearer(west, { identity: '@other.test' }) }).up();
    expectRefused(both, 'initiator', /the certificate is not for @other\.test/);
  });

  it.each([
    ['an address', '10.0.0.1'],
    ['e-mail', 'east@test'],
    ['a second name', '@east2.test'],
    ['a key ID, which no certificate holds', '@[east]'],
  ])('%s', (_what, identity) => {
    const many = certificateFor('east', 11, {
      extensions: [],
    });
    const names = altNames(dns('east.test'), dns('east2.test'), email('east@test'), ip(10, 0, 0, 1));
    const der = certificateDer({
      subject: 'O=Test, CN=east.test',
      key: many.key,
      issuer: root,
      ...years,
      extensions: [keyUsage(0), names],
    });
    const both = shown(many, { identity, credential: { certificates: [der] } });
    if (identity.startsWith('@[')) expectRefused(both, 'responder', /the certificate is not for @#/);
    else expectUp(both);
  });

  it('another address than the certificate’s', () => {
    expectRefused(
      shown(east, { identity: '10.0.0.1' }),
      'responder',
      /the certificate is not for 10\.0\.0\.1/,
    );
  });

  it('require-id-on-certificate=no: any name, by a certificate that is trusted', () => {
    const loose = { auth: { keys: { raw: [], identityInCertificate: false } } };
    expectUp(shown(east, { identity: '@other.test' }, loose));
    const astray = certificateFor('east', 14, { issuer: stranger });
    expectRefused(shown(astray, { identity: '@other.test' }, loose), 'responder', /is not trusted/);
  });

  it('of nobody by a certificate is not taken for somebody', () => {
    expectRefused(shown(east, { identity: '%null' }), 'responder', /the certificate is not for %null/);
  });
});

describe('the key', () => {
  it('is another than the certificate’s', () => {
    const both = shown(east, {
      credential: { certificates: [east.certificate.der], spki: deep.key.spki, key: keyName(deep) },
      privateKeys: [deep.key],
    });
    expectRefused(
      both,
      'responder',
      /AUTH of @east\.test does not hold: signed with another key than its certificate's/,
    );
  });

  it('is that of an authority, not of an end', () => {
    const both = shown(root, {
      identity: '@east.test',
      credential: { certificates: [east.certificate.der] },
    });
    expectRefused(both, 'responder', /signed with another key than its certificate's/);
  });

  it('may not sign by its usage', () => {
    const der = certificateDer({
      subject: 'O=Test, CN=east.test',
      key: east.key,
      issuer: root,
      ...years,
      extensions: [keyUsage(2), altNames(dns('east.test'))],
    });
    expectRefused(shown(east, { credential: { certificates: [der] } }), 'responder', /is not trusted/);
  });

  it('is for something else by its extended usage', () => {
    const coder = certificateFor('east', 11, { extensions: [purposes('1.3.6.1.5.5.7.3.3')] });
    expectRefused(shown(coder), 'responder', /is not trusted/);
  });
});

describe('what is sent', () => {
  it('is no certificate', () => {
    const both = sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
      cert(Uint8Array.of(1, 2, 3)),
    ]);
    expectRefused(both, 'responder', /the certificate of @east\.test is malformed/);
  });

  it.each([0, 1, 40, 200])('is cut after %i octets', (length) => {
    const both = sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
      cert(east.certificate.der.slice(0, length)),
    ]);
    expectRefused(both, 'responder', /malformed/);
  });

  it('has octets after its end', () => {
    const both = sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
      cert(Uint8Array.from([...east.certificate.der, 0])),
    ]);
    expectRefused(both, 'responder', /malformed/);
  });

  it('has another algorithm outside than inside', () => {
    const der = certificateDer({
      subject: 'O=Test, CN=east.test',
      key: east.key,
      issuer: root,
      ...years,
      extensions: [keyUsage(0), altNames(dns('east.test'))],
      outer: algorithmIdentifier({ kind: 'ed448' }),
    });
    expectRefused(shown(east, { credential: { certificates: [der] } }), 'responder', /malformed|not trusted/);
  });

  it('begins with another certificate: that one counts', () => {
    const both = sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
      cert(deep.certificate.der),
      cert(east.certificate.der),
    ]);
    expectRefused(both, 'responder', /is not trusted|another key/);
  });

  it('holds rubbish beside: passed over', () => {
    expectUp(
      sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
        cert(east.certificate.der),
        cert(Uint8Array.of(0x30, 0)),
        cert(new Uint8Array(0)),
      ]),
    );
  });

  it.each([17, 100])('are %i certificates: the first 16 are looked at', (count) => {
    const others = Array.from({ length: count - 1 }, () => cert(stranger.certificate.der));
    expectUp(
      sends(pair({ initiator: bearer(east), responder: bearer(west) }), [
        cert(east.certificate.der),
        ...others,
      ]),
    );
    const both = sends(pair({ initiator: bearer(deep), responder: bearer(west) }), [
      cert(deep.certificate.der),
      ...others,
      cert(middle.certificate.der),
    ]);
    expectRefused(both, 'responder', /is not trusted/);
  });

  it('are two authorities that vouch for each other, and no root: it ends', () => {
    const a = authority('A', 21, {
      issuer: { certificate: authority('B', 22).certificate, key: keyFrom(22) },
    });
    const b = authority('B', 22, {
      issuer: { certificate: authority('A', 21).certificate, key: keyFrom(21) },
    });
    const end = certificateFor('east', 11, { issuer: a });
    const certificates = [end, a, b].map(({ certificate }) => certificate.der);
    expectRefused(shown(end, { credential: { certificates } }), 'responder', /is not trusted/);
  });

  it('is nothing, and nothing is known of the peer', () => {
    const both = sends(pair({ initiator: bearer(east), responder: bearer(west) }), []);
    expectRefused(both, 'responder', /@east\.test sent no certificate, and none is known of it/);
  });

  it('is nothing, and the certificate is at hand', () => {
    const both = sends(
      pair({
        initiator: bearer(east),
        responder: bearer(west, { pki: { certificates: [east.certificate.der] } }),
      }),
      [],
    );
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });
});

function keyName({ key }: { readonly key: { readonly spki: Uint8Array } }): string {
  return bearer({ ...deep, key: { ...deep.key, spki: key.spki } }).auth?.credential?.key ?? '';
}

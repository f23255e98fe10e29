/** What is no strict DER is no certificate; whatever the octets, a refusal is a PkiError. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { der, derNatural } from '../../src/crypto/index.ts';
import { checkDer } from '../../src/pki/der-check.ts';
import { PkiError, parseBundle, parseCertificate, parseCrl, parseOcspResponse } from '../../src/pki/index.ts';
import { certificateDer, crlDer, ocspDer, revoked } from './issue.ts';
import { pemBlocks } from './pem.ts';
import { leafKey, three } from './three.ts';
import { directory, hasVectors } from './vectors/case.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('strict DER', () => {
  it.each([
    ['nothing', ''],
    ['a length cut short', '30 82'],
    ['contents cut short', '30 03 05 00'],
    ['octets after it', '30 00 00'],
    ['an indefinite length', '30 80 00 00'],
    ['a length not minimal', '30 81 02 05 00'],
    ['a length with a leading zero', '30 82 00 02 05 00'],
    ['a length of five octets', '30 85 00 00 00 00 02 05 00'],
    ['an element reaching beyond its container', '30 03 04 02 00'],
    ['a tag number above 30', '1f 81 01 00'],
    ['a constructed OCTET STRING', '24 03 04 01 00'],
    ['a primitive SEQUENCE', '10 00'],
    ['end of contents', '30 02 00 00'],
    ['BOOLEAN 01', '01 01 01'],
    ['BOOLEAN of two octets', '01 02 ff ff'],
    ['INTEGER without contents', '02 00'],
    ['INTEGER with a leading zero', '02 02 00 7f'],
    ['INTEGER with a leading ff', '02 02 ff 80'],
    ['NULL with contents', '05 01 00'],
    ['BIT STRING without contents', '03 00'],
    ['BIT STRING with 8 unused bits', '03 02 08 00'],
    ['BIT STRING with unused bits set', '03 02 01 01'],
    ['OBJECT IDENTIFIER without contents', '06 00'],
    ['OBJECT IDENTIFIER cut short', '06 02 2a 86'],
    ['OBJECT IDENTIFIER with padding', '06 03 2a 80 01'],
  ])('refuses %s', (_what, octets) => {
    expect(() => checkDer(hex(octets), 1000, 'octets')).toThrow(PkiError);
  });

  it('takes what is right, and no deeper than it says', () => {
    checkDer(hex('30 0a 01 01 ff 02 01 80 03 01 00 05 00'.replace('0a', '0b')), 1000, 'octets');
    const nested = (depth: number): Uint8Array => (depth === 0 ? der(5) : der(0x30, nested(depth - 1)));
    checkDer(nested(32), 1000, 'octets');
    expect(() => checkDer(nested(33), 1000, 'octets')).toThrow('nested deeper');
    expect(() => checkDer(nested(5), 5, 'octets')).toThrow('at most');
  });
});

describe('certificates that are none', () => {
  const refuse = (octets: Uint8Array) => expect(() => parseCertificate(octets));
  const good = certificateDer({ subject: 'CN=x', key: leafKey });

  it('by their size, and by octets after them', () => {
    refuse(der(0x30, new Uint8Array(70_000))).toThrow('at most');
    refuse(Uint8Array.of(...good, 0)).toThrow('1 octets after');
    refuse(good.subarray(0, -1)).toThrow(PkiError);
  });

  it('by their version, and what it may have', () => {
    const octet = derNatural(Uint8Array.of(1));
    refuse(
      certificateDer({ subject: 'CN=x', key: leafKey, version: 2, extensions: [der(0x30, octet)] }),
    ).toThrow('version 2');
  });

  it('by times that are none', () => {
    for (const from of [
      '251301000000Z',
      '250230000000Z',
      '250101240000Z',
      '2501010000Z',
      '250101000000+0100',
      '250101006000Z',
    ]) {
      refuse(certificateDer({ subject: 'CN=x', key: leafKey, from })).toThrow('notBefore is no time');
    }
    expect(
      parseCertificate(certificateDer({ subject: 'CN=x', key: leafKey, from: '240229235959Z' })).notBefore,
    ).toBe(Date.UTC(2024, 1, 29, 23, 59, 59) / 1000);
  });
});

describe('whatever the octets', () => {
  const chain = three();
  const { certificate } = chain.leaf;
  const samples: [string, Uint8Array, (octets: Uint8Array) => unknown][] = [
    ['certificate', chain.sub.certificate.der, parseCertificate],
    ['CRL', crlDer({ issuer: chain.sub, revoked: [revoked(3)] }), parseCrl],
    ['OCSP response', ocspDer({ certificate, issuer: chain.sub, status: 'good' }), parseOcspResponse],
    ['bundle', der(0x30, hex('06092a864886f70d010702'), der(0xa0, der(0x30))), parseBundle],
  ];

  it.each(samples)('a refusal of a %s is a PkiError', (_kind, sample, parse) => {
    let refused = 0;
    for (let at = 0; at < sample.length; at++) {
      for (const value of [0x00, 0x7f, 0x80, 0xff, (sample[at] ?? 0) ^ 1, (sample[at] ?? 0) + 1]) {
        const octets = Uint8Array.from(sample);
        octets[at] = value;
        refused += refusals(octets, parse);
      }
      refused += refusals(sample.slice(0, at), parse);
    }
    expect(refused).toBeGreaterThan(sample.length);
  });

  it.skipIf(!hasVectors)('so it is for all files of BoringSSL’s parser tests', () => {
    const root = `${directory}/boringssl-pki`;
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.pem'),
    );
    const blocks = files.flatMap((name) => pemBlocks(readFileSync(`${root}/${name}`, 'utf8')));
    const refused = blocks.filter(({ octets }) => refusals(octets, parseCertificate) === 1);
    expect(blocks.length).toBeGreaterThan(400);
    expect(refused.length).toBeLessThan(blocks.length);
  });
});

function refusals(octets: Uint8Array, parse: (octets: Uint8Array) => unknown): number {
  try {
    parse(octets);
    return 0;
  } catch (error) {
    expect(error).toBeInstanceOf(PkiError);
    return 1;
  }
}

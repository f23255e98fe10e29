/** What is read from a certificate, with OpenSSL (through Node) as the second opinion on every one of PKITS. */
import { createHash, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/pki/index.ts';
import {
  altNames,
  crlPoint,
  directory as directoryName,
  dns,
  email,
  ip,
  issue,
  keyFrom,
  ocspAt,
  subjectKeyId,
  uri,
} from './issue.ts';
import { directory, hasVectors } from './vectors/case.ts';

/** Their signatures were broken in the count of unused bits. */
const brokenBits = ['BadSignedCACert.crt', 'InvalidDSASignatureTest6EE.crt'];

describe('a certificate', () => {
  it.skipIf(!hasVectors)('is read as OpenSSL reads it', () => {
    const files = readdirSync(`${directory}/pkits/certs`);
    expect(files.length).toBeGreaterThan(400);
    for (const file of files) {
      const der = readFileSync(`${directory}/pkits/certs/${file}`);
      if (brokenBits.includes(file)) {
        expect(() => parseCertificate(der)).toThrow('signatureValue is no BIT STRING of whole octets');
        continue;
      }
      const ours = parseCertificate(der);
      const theirs = new X509Certificate(der);
      expect(ours.notBefore).toBe(Date.parse(theirs.validFrom) / 1000);
      expect(ours.notAfter).toBe(Date.parse(theirs.validTo) / 1000);
      expect(signed(ours.serial)).toBe(fromText(theirs.serialNumber));
      // OpenSSL does not write DSA keys that inherit their parameters.
      if (!file.includes('DSA')) {
        const spki = theirs.publicKey.export({ format: 'der', type: 'spki' });
        expect(Buffer.from(ours.spki).equals(spki)).toBe(true);
        expect(Buffer.from(ours.keyHash).equals(createHash('sha1').update(spki).digest())).toBe(true);
      }
    }
  });

  it('has its names, and where its status is', () => {
    const { certificate } = issue({
      subject: 'CN=x',
      key: keyFrom(3),
      extensions: [
        altNames(
          dns('a.test'),
          dns('*.b.test'),
          email('u@a.test'),
          ip(10, 0, 0, 1),
          uri('http://a/'),
          directoryName('CN=d'),
        ),
        crlPoint('http://crl.test/a.crl'),
        ocspAt('http://ocsp.test/'),
        subjectKeyId(1, 2, 3),
      ],
    });
    const { dns: hosts, email: mail, ip: addresses, uri: uris, dn } = certificate.altNames;
    expect([hosts, mail, uris]).toEqual([['a.test', '*.b.test'], ['u@a.test'], ['http://a/']]);
    expect(addresses).toEqual([Uint8Array.of(10, 0, 0, 1)]);
    expect(dn).toHaveLength(1);
    expect([certificate.crlUris, certificate.ocspUris]).toEqual([
      ['http://crl.test/a.crl'],
      ['http://ocsp.test/'],
    ]);
    expect(certificate.subjectKeyId).toEqual(Uint8Array.of(1, 2, 3));
  });
});

const signed = (octets: Uint8Array) =>
  BigInt.asIntN(octets.length * 8, BigInt(`0x${Buffer.from(octets).toString('hex')}`));

const fromText = (digits: string) =>
  digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);

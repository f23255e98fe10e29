/** Revocation by OCSP. RFC 6960, RFC 4806. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { der } from '../../src/crypto/index.ts';
import {
  KeyPurpose,
  nonceValue,
  ocspCertreq,
  ocspRequest,
  PkiError,
  parseCertificate,
  parseOcspResponse,
} from '../../src/pki/index.ts';
import { extension, issue, keyFrom, keyUsage, type OcspOrder, ocspDer, purposes } from './issue.ts';
import { noOpenssl } from './keys/tools.ts';
import { outcome, three, verdictOn } from './three.ts';

const chain = three();
const responder = (changes: Partial<Parameters<typeof issue>[0]> = {}) =>
  issue({
    subject: 'CN=Responder',
    key: keyFrom(6),
    issuer: chain.sub,
    serial: 6,
    extensions: [purposes(KeyPurpose.OCSP_SIGNING), keyUsage(0)],
    ...changes,
  });

type Row = [what: string, result: string, order: Partial<OcspOrder>];
const rows: Row[] = [
  ['good', 'ok', {}],
  ['good, by SHA-256', 'ok', { hash: 'sha256' }],
  ['good, the responder named by its key', 'ok', { byKey: true }],
  ['revoked', 'REVOKED', { status: 'revoked' }],
  ['revoked, long ago', 'REVOKED', { status: 'revoked', to: '250614000001Z' }],
  ['unknown', 'REVOCATION_UNKNOWN', { status: 'unknown' }],
  ['stale', 'REVOCATION_UNKNOWN', { to: '250614235959Z' }],
  ['of the future', 'REVOCATION_UNKNOWN', { from: '250616000000Z' }],
  ['about another certificate', 'REVOCATION_UNKNOWN', { serial: 4 }],
  ['about another issuer’s', 'REVOCATION_UNKNOWN', { issuer: chain.root, responder: chain.sub }],
  ['about another issuer’s name', 'REVOCATION_UNKNOWN', { idName: chain.root }],
  ['about another issuer’s key', 'REVOCATION_UNKNOWN', { idKey: chain.root }],
  ['from another by its name', 'REVOCATION_UNKNOWN', { namedAs: chain.root }],
  ['from another by its key', 'REVOCATION_UNKNOWN', { namedAs: chain.root, byKey: true }],
  ['by a delegate of the future', 'REVOCATION_UNKNOWN', { responder: responder({ from: '250616000000Z' }) }],
  ['signed by another key', 'REVOCATION_UNKNOWN', { signer: keyFrom(77) }],
  ['by a delegate', 'ok', { responder: responder() }],
  ['by a delegate named by its key', 'ok', { responder: responder(), byKey: true }],
  ['by a delegate without the purpose', 'REVOCATION_UNKNOWN', { responder: responder({ extensions: [] }) }],
  [
    'by a delegate for any purpose',
    'REVOCATION_UNKNOWN',
    { responder: responder({ extensions: [purposes(KeyPurpose.ANY)] }) },
  ],
  ['by an expired delegate', 'REVOCATION_UNKNOWN', { responder: responder({ to: '250614000000Z' }) }],
  [
    'by a delegate that may not sign',
    'REVOCATION_UNKNOWN',
    { responder: responder({ extensions: [purposes(KeyPurpose.OCSP_SIGNING), keyUsage(2)] }) },
  ],
  [
    'by a delegate of another authority',
    'REVOCATION_UNKNOWN',
    { responder: responder({ issuer: chain.root }) },
  ],
  [
    'by a delegate signed by another key',
    'REVOCATION_UNKNOWN',
    { responder: responder({ issuer: { ...chain.sub, key: keyFrom(77) } }) },
  ],
  [
    'by a delegate with an unknown critical extension',
    'REVOCATION_UNKNOWN',
    {
      responder: responder({
        extensions: [purposes(KeyPurpose.OCSP_SIGNING), extension('1.2.3', true, Uint8Array.of(5, 0))],
      }),
    },
  ],
];

describe('OCSP responses', () => {
  it.each(rows)('%s: %s', (_what, result, order) => {
    const octets = ocspDer({
      certificate: chain.leaf.certificate,
      issuer: chain.sub,
      status: 'good',
      ...order,
    });
    const ocsp = [parseOcspResponse(octets)];
    expect(outcome(verdictOn(chain, { revocation: 'strict-leaf' }, { ocsp }))).toBe(result);
  });

  it('hold until their nextUpdate', () => {
    const octets = ocspDer({ certificate: chain.leaf.certificate, issuer: chain.sub, status: 'good' });
    const verdict = verdictOn(chain, {}, { ocsp: [parseOcspResponse(octets)] });
    expect(verdict.ok && verdict.until).toBe(Date.UTC(2025, 5, 20) / 1000);
  });

  it('errors of a responder are told apart', () => {
    const tryLater = der(0x30, der(0x0a, Uint8Array.of(3)));
    expect(() => parseOcspResponse(der(0x30, der(0x0a, Uint8Array.of(6))))).toThrow('unauthorized');
    expect(() => parseOcspResponse(tryLater)).toThrow(PkiError);
  });

  it('one with an unknown critical extension is not read', () => {
    const extensions = [extension('1.2.3', true, Uint8Array.of(5, 0))];
    const octets = ocspDer({
      certificate: chain.leaf.certificate,
      issuer: chain.sub,
      status: 'good',
      extensions,
    });
    expect(() => parseOcspResponse(octets)).toThrow('critical');
  });

  it('carry the nonce back', () => {
    const nonce = Uint8Array.from({ length: 16 }, (_, index) => index);
    const extensions = [extension('1.3.6.1.5.5.7.48.1.2', false, nonceValue(nonce))];
    const octets = ocspDer({
      certificate: chain.leaf.certificate,
      issuer: chain.sub,
      status: 'good',
      extensions,
    });
    expect(parseOcspResponse(octets).nonce).toEqual(nonceValue(nonce));
  });
});

describe('OCSP requests', () => {
  it('a CERTREQ names responders by the hash of their keys', () => {
    expect(ocspCertreq([])).toHaveLength(0);
    const { certificate } = responder();
    expect(ocspCertreq([certificate, chain.root.certificate]).subarray(20)).toEqual(
      chain.root.certificate.keyHash,
    );
  });

  it.skipIf(noOpenssl)('openssl reads ours, answers it, and we read the answer', () => {
    const directory = mkdtempSync(join(tmpdir(), 'ikev2-ocsp-'));
    const run = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' }).toString();
    try {
      run(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
        '-subj',
        '/CN=CA',
      );
      const nonce = new Uint8Array(16).fill(9);
      run('x509', '-in', 'ca.pem', '-outform', 'DER', '-out', 'ca.der');
      const { certificate } = issue({ subject: 'CN=leaf', key: keyFrom(3), serial: 0x42 });
      const issuer = parseCertificate(readFileSync(join(directory, 'ca.der')));
      const leaf = { ...certificate, issuer: issuer.subject, issuerKey: issuer.subjectKey };
      writeFileSync(join(directory, 'request.der'), ocspRequest(leaf, issuer, nonce));
      const shown = run('ocsp', '-reqin', 'request.der', '-req_text');
      expect(shown).toMatch(/Serial Number: 42/);
      expect(shown).toMatch(/OCSP Nonce/);
      writeFileSync(join(directory, 'index'), 'R\t350101000000Z\t250101000000Z\t42\tunknown\t/CN=leaf\n');
      const answer = [
        '-index',
        'index',
        '-CA',
        'ca.pem',
        '-rsigner',
        'ca.pem',
        '-rkey',
        'ca.key',
        '-reqin',
        'request.der',
      ];
      run('ocsp', ...answer, '-respout', 'response.der', '-ndays', '7');
      const response = parseOcspResponse(readFileSync(join(directory, 'response.der')));
      expect(response.nonce).toEqual(nonceValue(nonce));
      expect(response.responses.map(({ status }) => status)).toEqual(['revoked']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

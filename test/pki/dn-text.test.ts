/** Distinguished names as pluto and openssl write them. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { der } from '../../src/crypto/index.ts';
import { formatDn, PkiError, parseDn } from '../../src/pki/index.ts';
import { noOpenssl } from './keys/tools.ts';

const octets = (text: string) => new TextEncoder().encode(text);
const commonName = (tag: number, value: Uint8Array) =>
  der(0x30, der(0x31, der(0x30, Uint8Array.of(6, 3, 0x55, 4, 3), der(tag, value))));

describe('a DN is read from text', () => {
  const same: [text: string, formatted: string][] = [
    ['C=CA, ST=Ontario, O=Libreswan, CN=east.testing.libreswan.org, E=user-east@testing.libreswan.org', ''],
    ['C=CA,O=x,CN=y', 'C=CA, O=x, CN=y'],
    ['/C=CA/O=x/CN=y', 'C=CA, O=x, CN=y'],
    ['  c = CA ,  cn = y  ', 'C=CA, CN=y'],
    ['O=Example,, Inc., CN=y', 'O=Example\\, Inc., CN=y'],
    ['/O=a//b/CN=y', 'O=a\\/b, CN=y'],
    ['O=Example\\, Inc., CN=y', 'O=Example\\, Inc., CN=y'],
    ['O="Example, Inc.", CN=y', 'O=Example\\, Inc., CN=y'],
    ['CN=a\\20', 'CN=a\\ '],
    ['CN=\\ a', 'CN=\\ a'],
    ['CN=J\\C3\\BCrgen', 'CN=J\\C3\\BCrgen'],
    ['CN=Jürgen', 'CN=J\\C3\\BCrgen'],
    ['emailAddress=a@b, Email=c@d', 'E=a@b, E=c@d'],
    ['serialNumber=1, S=n, UID=u, DC=test', 'SN=1, S=n, UID=u, DC=test'],
    ['CN=a+OU=b', 'CN=a+OU=b'],
    ['1.2.3.4=#0c0161', '1.2.3.4=#0C0161'],
    ['OID.2.5.4.3=x', 'CN=x'],
    ['CN=', 'CN='],
    ['CN=*', 'CN=*'],
  ];
  it.each(same)('%s', (text, formatted) => {
    const name = parseDn(text);
    expect(formatDn(name)).toBe(formatted || text);
    expect(formatDn(parseDn(formatDn(name)))).toBe(formatDn(name));
  });

  it.each([
    ['', 'empty'],
    [' , ', 'empty'],
    ['CN', "'=' is missing"],
    ['XY=a', "'XY' is no attribute"],
    ['=a', "'' is no attribute"],
    ['CN="a', 'ends within'],
    ['CN=#04', 'no DER'],
    ['CN=#zz', 'no DER'],
    ['CN=\\FF', 'not UTF-8'],
    [`CN=${'x'.repeat(5000)}`, 'longer than'],
  ])('but not from %j', (text, why) => {
    expect(() => parseDn(text)).toThrow(PkiError);
    expect(() => parseDn(text)).toThrow(why);
  });

  it.skipIf(noOpenssl)('octet for octet as openssl encodes it', () => {
    const subject =
      '/C=CA/ST=Ontario/O=Libreswan/CN=east.testing.libreswan.org/emailAddress=user@testing.libreswan.org';
    const request = execFileSync(
      'openssl',
      [
        ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', subject],
        ...['-nameopt', 'RFC2253', '-outform', 'DER'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    // openssl writes UTF8String where a PrintableString would do, but for the country, the first.
    const ours = Buffer.from(parseDn(subject));
    for (let at = ours.indexOf(0x13) + 1; ours.indexOf(0x13, at) > 0; at++)
      ours[ours.indexOf(0x13, at)] = 0x0c;
    expect(request.includes(ours)).toBe(true);
  });
});

describe('a DN is written so that it misleads nobody', () => {
  it.each([
    ['a line', 0x0c, octets('a\nREVOKED'), 'CN=a\\0AREVOKED'],
    ['a colour', 0x0c, octets('\x1b[31mred'), 'CN=\\1B[31mred'],
    ['a NUL', 0x0c, octets('a\0b'), 'CN=a\\00b'],
    ['another RDN', 0x0c, octets('a, CN=b'), 'CN=a\\, CN=b'],
    ['another attribute', 0x0c, octets('a+CN=b'), 'CN=a\\+CN=b'],
    ['direction', 0x0c, octets('a\u202eb'), 'CN=a\\E2\\80\\AEb'],
    ['no UTF-8', 0x0c, Uint8Array.of(0xff), 'CN=#0C01FF'],
    ['wide characters', 0x1e, Uint8Array.of(0, 0x61, 0, 0x0a), 'CN=a\\0A'],
    ['half of a wide character', 0x1e, Uint8Array.of(0), 'CN=#1E0100'],
    ['octets of Teletex', 0x14, Uint8Array.of(0xe4), 'CN=#1401E4'],
    ['a number', 0x02, Uint8Array.of(1), 'CN=#020101'],
  ])('%s', (_what, tag, value, formatted) => {
    expect(formatDn(commonName(tag, value))).toBe(formatted);
  });

  it('and what is no Name as octets', () => {
    expect(formatDn(octets('x\n'))).toBe('0x780A');
    expect(formatDn(der(0x30))).toBe('');
  });
});

/** Whether a certificate speaks for an identity, as pluto decides it. */
import { describe, expect, it } from 'vitest';
import { der } from '../../src/crypto/index.ts';
import { dnMatches, hasWildcard, identityMatches, parseDn, subjectIdentity } from '../../src/pki/index.ts';
import { IdType } from '../../src/wire/numbers.ts';
import { altNames, dns, email, ip, issue, keyFrom, uri } from './issue.ts';

const octets = (text: string) => new TextEncoder().encode(text);
const v6 = [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1];
const { certificate } = issue({
  subject: 'C=CA, O=Test, CN=cn.test, E=subject@mail.test',
  key: keyFrom(3),
  extensions: [
    altNames(
      dns('east.test'),
      dns('*.wild.test'),
      email('User@Mail.test'),
      ip(10, 0, 0, 1),
      ip(...v6),
      uri('uri.test'),
    ),
  ],
});

const speaks: [type: keyof typeof IdType, data: Uint8Array | string, expected: boolean][] = [
  ['FQDN', 'east.test', true],
  ['FQDN', 'EAST.test.', true],
  ['FQDN', 'west.test', false],
  ['FQDN', 'a.east.test', false],
  ['FQDN', 'one.wild.test', true],
  ['FQDN', 'wild.test', false],
  ['FQDN', '.wild.test', false],
  ['FQDN', 'two.one.wild.test', false],
  ['FQDN', '*.wild.test', false],
  ['FQDN', 'cn.test', false],
  ['FQDN', 'uri.test', false],
  ['FQDN', 'user@mail.test', false],
  ['FQDN', '', false],
  ['FQDN', 'east.test\0', false],
  ['RFC822_ADDR', 'user@mail.TEST', true],
  ['RFC822_ADDR', 'other@mail.test', false],
  ['RFC822_ADDR', 'subject@mail.test', false],
  ['RFC822_ADDR', 'east.test', false],
  ['IPV4_ADDR', Uint8Array.of(10, 0, 0, 1), true],
  ['IPV4_ADDR', Uint8Array.of(10, 0, 0, 2), false],
  ['IPV4_ADDR', Uint8Array.from(v6), false],
  ['IPV6_ADDR', Uint8Array.from(v6), true],
  ['IPV6_ADDR', Uint8Array.of(10, 0, 0, 1), false],
  ['KEY_ID', 'east.test', false],
  ['NULL', '', false],
  ['DER_ASN1_DN', certificate.subject, true],
  ['DER_ASN1_DN', parseDn('C=CA, O=Test, CN=cn.test, E=subject@mail.test'), true],
  ['DER_ASN1_DN', parseDn('C=CA, O=Test, CN=CN.TEST, E=subject@mail.test'), true],
  ['DER_ASN1_DN', parseDn('O=Test, C=CA, CN=cn.test, E=subject@mail.test'), false],
  ['DER_ASN1_DN', parseDn('C=CA, O=Test, CN=cn.test'), false],
  ['DER_ASN1_DN', parseDn('C=CA, O=Test, CN=*, E=subject@mail.test'), false],
  ['DER_ASN1_DN', '', false],
  ['DER_ASN1_DN', der(0x30), false],
  ['DER_ASN1_DN', certificate.subject.subarray(0, -1), false],
];

describe('a certificate speaks for', () => {
  it.each(speaks)('%s %s: %s', (type, data, expected) => {
    const identity = { type: IdType[type], data: typeof data === 'string' ? octets(data) : data };
    expect(identityMatches(certificate, identity)).toBe(expected);
  });

  it('its own subject, which is %fromcert; nothing without one', () => {
    expect(identityMatches(certificate, subjectIdentity(certificate))).toBe(true);
    const nameless = { ...certificate, subject: der(0x30), subjectKey: '' };
    expect(identityMatches(nameless, { type: IdType.DER_ASN1_DN, data: parseDn('CN=x') })).toBe(false);
  });
});

describe('a configured DN', () => {
  const matches: [pattern: string, actual: string, expected: boolean][] = [
    ['C=CA, O=Test, CN=east', 'C=CA, O=Test, CN=east', true],
    ['C=CA, O=Test, CN=east', 'CN=east, O=Test, C=CA', true],
    ['C=CA, O=Test, CN=east', 'C=CA, O=Test, CN=west', false],
    ['C=CA, O=Test, CN=*', 'C=CA, O=Test, CN=west', true],
    ['C=CA, O=*, CN=*', 'C=CA, O=Test, CN=west', true],
    ['C=CA, O=Test, CN=*', 'C=CA, O=Other, CN=west', false],
    ['C=CA, O=Test, CN=*', 'C=CA, O=Test, OU=west', false],
    ['C=CA, O=Test, CN=*', 'C=CA, O=Test', false],
    ['C=CA, O=Test', 'C=CA, O=Test, CN=west', false],
    ['C=CA, OU=a, OU=*', 'C=CA, OU=b, OU=a', true],
    ['C=CA, OU=a, OU=a', 'C=CA, OU=a, OU=b', false],
    ['C=CA, CN=*.test', 'C=CA, CN=a.test', false],
    ['CN=*+OU=x', 'OU=x+CN=y', true],
    ['CN=*', 'CN=*', true],
    ['CN=a', 'CN=*', false],
  ];
  it.each(matches)('%s, given %s: %s', (pattern, actual, expected) => {
    expect(dnMatches(parseDn(pattern), parseDn(actual))).toBe(expected);
  });

  it('is the same in another kind of string, and never what is no Name', () => {
    const utf8 = der(0x30, der(0x31, der(0x30, Uint8Array.of(6, 3, 0x55, 4, 3), der(0x0c, octets('east')))));
    const teletex = der(
      0x30,
      der(0x31, der(0x30, Uint8Array.of(6, 3, 0x55, 4, 3), der(0x14, octets('east')))),
    );
    for (const other of [utf8, teletex]) expect(dnMatches(parseDn('CN=east'), other)).toBe(true);
    expect(dnMatches(parseDn('CN=*'), octets('no name'))).toBe(false);
    expect([hasWildcard(parseDn('C=CA, CN=*')), hasWildcard(parseDn('CN=a*'))]).toEqual([true, false]);
  });
});

import { describe, expect, test } from 'vitest';
import type { SignatureAlgorithm } from '../../src/crypto/index.ts';
import type { AuthPolicy } from '../../src/policy/policy.ts';
import { certificate, credential } from '../scenes/certificates.ts';
import { conn, errors, good, read, remarks, strongKey } from './read.ts';

/** `ours` is RSA, `theirs` ECDSA; one authority. */
const credentials = {
  certificates: new Map([
    ['ours', certificate('east')],
    ['ec', certificate('west')],
    ['ed', certificate('ed25519')],
  ]),
  keys: ['east', 'west', 'ed25519'].map((name) => credential(name).spki),
  authorities: [certificate('ca')],
  crls: [],
};
const secrets = `: PSK "${strongKey}"\nuser : EAP "password"\n`;

const auth = (...lines: string[]) => {
  const [entry] = good(conn(...lines), { credentials }, secrets).policy.pad;
  return { ours: entry?.local.auth.map(wayText), peer: entry?.remote.auth.map(wayText) };
};
const wayText = (way: AuthPolicy): string =>
  way.kind === 'signature'
    ? way.algorithms.map(algorithmText).join(' ')
    : way.kind === 'eap'
      ? `eap-${way.methods}`
      : way.kind;
const algorithmText = (algorithm: SignatureAlgorithm): string =>
  [algorithm.kind, 'hash' in algorithm ? algorithm.hash.slice(3) : ''].join('').replace('rsa-', '');
const complaints = (...lines: string[]) => errors(read(conn(...lines), { credentials }, secrets));

const rsa = 'pss512 pss384 pss256 pkcs1512 pkcs1384 pkcs1256';
const ecdsa = 'ecdsa512 ecdsa384 ecdsa256';

describe('authby=', () => {
  test.each([
    ['', `${rsa} ${ecdsa} ed25519 ed448`],
    ['rsasig', rsa],
    ['rsa', rsa],
    ['rsa-sha1', 'pkcs11'],
    ['rsa-sha2', 'pss512 pss384 pss256'],
    ['rsa-sha2_256', 'pss256'],
    ['rsa-sha2_384', 'pss384'],
    ['rsa-sha2_512', 'pss512'],
    ['RSASIG', rsa],
    ['ecdsa,rsa-sha2', `${ecdsa} pss512 pss384 pss256`],
    ['"rsa-sha2_512 rsa-sha1"', 'pss512 pkcs11'],
  ])('%s', (by, expected) => {
    expect(auth(`authby=${by}`, 'leftcert=ours')).toEqual({ ours: [expected], peer: [expected] });
  });

  test.each([
    ['ecdsa', ecdsa],
    ['ecdsa-sha2', ecdsa],
    ['ecdsa-sha2_256', 'ecdsa256'],
    ['ecdsa-sha2_384', 'ecdsa384'],
    ['ecdsa-sha2_512', 'ecdsa512'],
  ])('%s', (by, expected) => {
    expect(auth(`authby=${by}`, 'leftcert=ec')).toEqual({ ours: [expected], peer: [expected] });
  });

  test('eddsa', () => {
    expect(auth('authby=eddsa', 'leftcert=ed').ours).toEqual(['ed25519 ed448']);
  });

  test.each([
    ['secret', ['psk']],
    ['psk', ['psk']],
    ['null', ['null']],
    ['secret|rsasig', [rsa, 'psk']],
    ['rsasig,secret', [rsa, 'psk']],
    ['null,rsa-sha2_256', ['pss256', 'null']],
    ['secret,null', ['psk', 'null']],
  ])('%s', (by, expected) => {
    expect(auth(`authby=${by}`, 'leftcert=ours')).toEqual({ ours: expected, peer: expected });
  });

  test('a shunt needs none', () => {
    const config = good(conn('type=passthrough', 'authby=never', 'leftsubnet=192.0.2.1/32', 'auto=ondemand'));
    expect(config.policy).toMatchObject({ pad: [], shunts: [{ action: 'bypass' }] });
  });

  test('null takes everybody, and says so', () => {
    const said = remarks(good(conn('authby=rsasig,null', 'leftcert=ours'), { credentials }));
    expect(said).toEqual([
      '/c:5:9: warning: authby= with null takes a peer that proves nothing, whatever else stands beside it',
    ]);
    expect(remarks(good(conn('authby=null')))).toEqual([]);
  });

  test.each([
    ['bogus', '"bogus" is no way to authenticate (expected rsasig, rsa-sha2'],
    ['constructor', '"constructor" is no way to authenticate'],
    ['secret,bogus', '"bogus" is no way to authenticate'],
    ['never', 'authby=never is for type=passthrough, drop and reject'],
    ['ecdsa-sha1', 'authby=ecdsa-sha1: there is no such signature'],
    ['","', 'authby= names no way to authenticate'],
  ])('%s is refused', (by, message) => {
    const said = complaints(`authby=${by}`, 'leftcert=ours');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^\/c:5:(9|10): error: /);
    expect(said[0]).toContain(message);
  });
});

describe('leftauth= and rightauth=', () => {
  const both = (left: string, right: string, ...lines: string[]) =>
    auth('authby=', `leftauth=${left}`, `rightauth=${right}`, 'leftcert=ours', ...lines);

  test.each([
    ['secret', 'secret', ['psk'], ['psk']],
    ['psk', 'rsasig', ['psk'], [rsa]],
    ['null', 'rsasig', ['null'], [rsa]],
    ['rsa', 'null', [rsa], ['null']],
    ['rsa-sha2_384', 'ecdsa', ['pss384'], [ecdsa]],
    ['rsa-sha1', 'ecdsa-sha2_256', ['pkcs11'], ['ecdsa256']],
    ['rsa-sha2', 'eddsa', ['pss512 pss384 pss256'], ['ed25519 ed448']],
    ['rsa-sha2_512', 'secret', ['pss512'], ['psk']],
    ['rsa-sha2_256', 'ecdsa-sha2_512', ['pss256'], ['ecdsa512']],
    ['null', 'null', ['null'], ['null']],
  ])('%s and %s', (left, right, ours, peer) => {
    expect(both(left, right)).toEqual({ ours, peer });
  });

  test.each(['tls', 'mschapv2', 'md5'])('an EAP method goes first: %s', (method) => {
    expect(both('rsasig', 'rsasig', `rightautheap=${method}`)).toEqual({
      ours: [rsa],
      peer: [`eap-${method}`, rsa],
    });
    expect(both('eaponly', 'rsasig', `leftautheap=${method}`, 'leftusername=user')).toEqual({
      ours: [`eap-${method}`],
      peer: [rsa],
    });
    expect(both('secret', 'secret', 'leftautheap=none').ours).toEqual(['psk']);
  });

  test('authby= beside it must say the same', () => {
    expect(auth('authby=rsasig', 'leftauth=rsa', 'rightauth=rsasig', 'leftcert=ours').ours).toEqual([rsa]);
    expect(complaints('authby=secret', 'leftauth=rsasig', 'rightauth=rsasig', 'leftcert=ours')).toEqual([
      '/c:5:9: error: authby= and leftauth= or rightauth= exclude each other (expected authby=, or leftauth= and rightauth=)',
    ]);
  });

  test.each([
    [['leftauth=secret'], '/c:6:11: error: leftauth= without rightauth= (expected both)'],
    [['rightauth=secret'], '/c:6:12: error: rightauth= without leftauth= (expected both)'],
    [
      ['leftauth=secret', 'rightauth=null'],
      '/c:7:12: error: a shared key on one end and NULL on the other (expected secret on both, or a signature)',
    ],
    [
      ['leftauth=null', 'rightauth=psk'],
      '/c:7:12: error: a shared key on one end and NULL on the other (expected secret on both, or a signature)',
    ],
    [
      ['leftauth=never', 'rightauth=secret'],
      '/c:6:11: error: leftauth=never: no one could connect (expected leftauth=secret)',
    ],
    [
      ['leftauth=eaponly', 'rightauth=secret'],
      '/c:6:11: error: leftauth=eaponly without leftautheap= (expected tls, mschapv2 or md5)',
    ],
    [
      ['leftauth=eaponly', 'leftautheap=md5', 'rightauth=eaponly', 'rightautheap=md5'],
      'leftautheap=md5 makes no key, so it cannot be the only proof of both ends (RFC 5998)',
    ],
    [['leftauth=rsasigg', 'rightauth=secret'], 'leftauth=: "rsasigg" is not one of its values'],
    [
      ['leftautheap=peap'],
      'leftautheap=: "peap" is not one of its values (expected none, tls, tls13, mschapv2 or md5)',
    ],
  ])('%j is refused', (lines, message) => {
    const said = complaints('authby=', ...lines);
    expect(said[0]).toContain(message);
  });
});

describe('EAP', () => {
  const eap = (...lines: string[]) => [
    'authby=',
    'leftauth=eaponly',
    'leftautheap=mschapv2',
    'rightauth=rsasig',
    ...lines,
  ];

  test('our name, and its password', () => {
    const config = good(conn(...eap('leftusername=user')), { credentials }, secrets);
    expect(config.policy.pad[0]?.local.username).toBe('user');
    expect(remarks(config)).toEqual([]);
    expect(remarks(good(conn(...eap('leftid=@user')), { credentials }, secrets))).toEqual([]);
    expect(remarks(good(conn(...eap('leftid=@other')), { credentials }, secrets))).toEqual([
      '/c:1:6: warning: conn "a": no EAP password for "other" (expected an entry in ipsec.secrets, such as  user : EAP "password")',
    ]);
  });

  test('a server without a single password', () => {
    const lines = [
      'authby=',
      'leftauth=rsasig',
      'leftcert=ours',
      'rightauth=eaponly',
      'rightautheap=mschapv2',
    ];
    expect(remarks(good(conn(...lines), { credentials }, secrets))).toEqual([]);
    expect(remarks(good(conn(...lines), { credentials }, ''))).toEqual([
      expect.stringContaining('no EAP password for any peer'),
    ]);
  });

  test('EAP-TLS shows a certificate, of the server too', () => {
    const tls = ['authby=', 'leftauth=eaponly', 'leftautheap=tls', 'rightauth=rsasig'];
    expect(good(conn(...tls, 'leftcert=ours'), { credentials }).policy.pad).toMatchObject([
      { local: { credential: { key: credential('east').key } } },
    ]);
    expect(complaints(...tls)).toEqual([
      '/c:1:6: error: conn "a": there is no leftcert=, leftckaid= or raw key to sign with (expected leftcert=NAME: EAP-TLS shows a certificate)',
    ]);
    expect(complaints('authby=', 'leftauth=secret', 'rightauth=eaponly', 'rightautheap=tls')).toHaveLength(1);
  });
});

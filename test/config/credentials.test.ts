import { describe, expect, test } from 'vitest';
import type { StoredCredentials } from '../../src/config/index.ts';
import { parseCertificate } from '../../src/pki/index.ts';
import { publicKeyText } from '../../src/pki/keys/index.ts';
import { nameKey } from '../../src/pki/name.ts';
import { certificate, credential } from '../scenes/certificates.ts';
import { conn, errors, good, read, remarks } from './read.ts';

/** east, deep and ed25519 are ours, west and rsa3072 are peers'; deep is below middle, which is below the one that is trusted. */
const credentials: StoredCredentials = {
  certificates: new Map(
    ['east', 'west', 'deep', 'rsa3072', 'expired', 'ed25519'].map((name) => [name, certificate(name)]),
  ),
  keys: ['east', 'deep', 'expired', 'ed25519', 'p384'].map((name) => credential(name).spki),
  authorities: [certificate('ca'), certificate('middle')],
  crls: [],
};
const ckaid = (name: string): string => credential(name).key;
const raw = (name: string): string => `0s${publicKeyText(credential(name).spki).text}`;

const config = (...lines: string[]) => good(conn('authby=', ...lines), { credentials });
const entry = (...lines: string[]) => {
  const [pad] = config(...lines).policy.pad;
  if (pad === undefined) throw new Error('no entry');
  return pad;
};
const complaints = (...lines: string[]) => errors(read(conn('authby=', ...lines), { credentials }));
const warnings = (...lines: string[]) => remarks(config(...lines));
const said = (...lines: string[]) =>
  remarks(read(conn('authby=', ...lines), { credentials })).map((each) => each.replace(/^\S+ /, ''));

describe('what we sign with', () => {
  test('a certificate by its nickname', () => {
    expect(entry('leftcert=east').local.credential).toEqual({
      spki: credential('east').spki,
      key: ckaid('east'),
      certificates: [certificate('east')],
      send: 'always',
    });
    expect(warnings('leftcert=east')).toEqual([]);
  });

  test('a certificate by its key', () => {
    for (const text of [
      ckaid('deep'),
      `0x${ckaid('deep').toUpperCase()}`,
      ckaid('deep').replace(/..\B/g, '$&:'),
    ])
      expect(entry(`leftckaid=${text}`).local.credential?.certificates, text).toEqual([certificate('deep')]);
  });

  test('a key without a certificate, by its CKAID or written out', () => {
    for (const line of [`leftckaid=${ckaid('p384')}`, `leftecdsakey=${raw('p384')}`])
      expect(entry(line).local.credential, line).toMatchObject({ key: ckaid('p384'), certificates: [] });
    // As the configuration of both ends has it, a raw key shows no certificate.
    expect(entry(`leftrsasigkey=${raw('east')}`).local.credential?.certificates).toEqual([]);
  });

  test.each([
    ['never', 'never'],
    ['no', 'never'],
    ['sendifasked', 'ifasked'],
    ['ifasked', 'ifasked'],
    ['always', 'always'],
    ['yes', 'always'],
    ['alwayssend', 'always'],
  ])('leftsendcert=%s', (word, send) => {
    expect(entry('leftcert=east', `leftsendcert=${word}`).local.credential?.send).toBe(send);
  });

  test.each([
    ['none', []],
    ['issuer', ['middle']],
    ['all', ['middle']],
  ])('sendca=%s', (word, above) => {
    const shown = entry('leftcert=deep', `sendca=${word}`).local.credential?.certificates;
    expect(shown).toEqual(['deep', ...above].map(certificate));
  });

  test('both ends may stand in one file; ours is the one that counts', () => {
    const lines = [`leftrsasigkey=${raw('east')}`, `rightrsasigkey=${raw('rsa3072')}`];
    const pad = entry(...lines);
    expect(pad.local.credential?.key).toBe(ckaid('east'));
    expect(pad.remote.keys?.raw).toEqual([credential('rsa3072').spki]);
  });

  test.each([
    [
      ['leftcert=nobody'],
      '/c:6:11: error: leftcert=: there is no certificate "nobody" (expected a file, or one of "east"',
    ],
    [['leftcert=west'], '/c:6:11: error: conn "a": there is no private key for C=CH, O=ikev2, CN=west.test'],
    [['leftckaid=00ff'], '/c:6:12: error: leftckaid=: there is no private key "00ff"'],
    [
      [`leftrsasigkey=${raw('rsa3072')}`],
      '/c:6:16: error: conn "a": there is no private key for the key of leftrsasigkey=',
    ],
    [[], '/c:1:6: error: conn "a": there is no leftcert=, leftckaid= or raw key to sign with'],
    [['leftrsasigkey=%cert'], '/c:1:6: error: conn "a": there is no leftcert='],
    [['leftrsasigkey=0s!'], '/c:6:16: error: leftrsasigkey=: expected 0sBASE64 or 0xHEX'],
    [['leftrsasigkey=0sAQ=='], 'error: leftrsasigkey=: '],
    [['leftecdsakey=0sAAAA'], '/c:6:15: error: leftecdsakey=: this is no ECDSA key'],
    [['lefteddsakey=0sAAAA'], '/c:6:15: error: lefteddsakey=: this is no EDDSA key'],
    [['leftpubkey=AAAA'], '/c:6:13: error: leftpubkey=: this is no public key'],
    [['leftrsasigkey=%dnsondemand'], 'leftrsasigkey=%dnsondemand: keys are not looked up in DNS'],
    [['leftrsasigkey=%bogus'], '/c:6:16: error: leftrsasigkey=: no such key'],
    [
      ['leftcert=east', `leftrsasigkey=${raw('rsa3072')}`],
      '/c:7:16: error: leftrsasigkey= is another key than that of leftcert="east"',
    ],
    [
      ['leftcert=east', `leftckaid=${ckaid('deep')}`],
      '/c:7:12: error: leftckaid= is another key than that of leftcert="east"',
    ],
  ])('%j is refused', (lines, message) => {
    const all = complaints(...lines);
    expect(all, all.join('\n')).toHaveLength(1);
    expect(all[0]).toContain(message);
  });

  test('the same key twice is one key', () => {
    const pad = entry('leftcert=east', `leftckaid=${ckaid('east')}`, `leftrsasigkey=${raw('east')}`);
    expect(pad.local.credential?.key).toBe(ckaid('east'));
  });

  test('a key whose signatures are not allowed', () => {
    const of = (by: string, cert: string) =>
      errors(read(conn(`authby=${by}`, `leftcert=${cert}`), { credentials }));
    expect(of('ecdsa', 'east')).toEqual([
      '/c:6:11: error: conn "a": C=CH, O=ikev2, CN=east.test is RSA-2048, and no signature of such a key is allowed (expected another authby= or key)',
    ]);
    expect(of('rsasig', 'deep')[0]).toContain('is ECDSA P-256, and');
    expect(of('rsasig,ecdsa', 'ed25519')[0]).toContain('is Ed25519, and');
    expect(of('eddsa', 'ed25519')).toEqual([]);
  });

  test('without a key another way is left', () => {
    const given = good(conn('authby=secret|rsasig'), { credentials });
    expect(given.policy.pad[0]?.local.auth).toEqual([{ kind: 'psk' }]);
    expect(given.policy.pad[0]?.remote.auth.map(({ kind }) => kind)).toEqual(['signature', 'psk']);
    expect(remarks(given)).toEqual([
      '/c:5:9: warning: conn "a": there is no leftcert=, leftckaid= or raw key to sign with, so we prove ourselves by a shared key',
    ]);
  });

  test('a malformed certificate', () => {
    const bad = { ...credentials, certificates: new Map([['bad', Uint8Array.of(0x30, 0)]]) };
    expect(errors(read(conn('authby=', 'leftcert=bad'), { credentials: bad }))).toEqual([
      '/c:6:11: error: leftcert=: the certificate "bad" is malformed',
    ]);
  });

  test('one that ends is warned about', () => {
    const at = (time: string, cert: string) =>
      remarks(good(conn('authby=', `leftcert=${cert}`), { credentials, unixTime: Date.parse(time) / 1000 }));
    expect(at('2026-01-01', 'expired')).toEqual([
      '/c:6:11: warning: our certificate C=CH, O=ikev2, CN=expired.test expired on 2021-01-01 (expected a new one)',
    ]);
    expect(at('2020-12-12', 'expired')).toEqual([
      '/c:6:11: warning: our certificate C=CH, O=ikev2, CN=expired.test expires on 2021-01-01 (expected a new one within 20 days)',
    ]);
    expect(at('2020-11-30', 'expired')).toEqual([]);
    expect(at('2019-12-31', 'expired')[0]).toContain('is not valid before 2020-01-01');
    expect(at('2026-01-01', 'east')).toEqual([]);
  });
});

describe('what a peer may sign with', () => {
  const keys = (...lines: string[]) => entry('leftcert=east', ...lines).remote.keys;

  test('any certificate of a trusted authority', () => {
    expect(keys()).toEqual({ raw: [], identityInCertificate: true });
    expect(keys('rightca=%any', 'rightrsasigkey=%cert')).toEqual({ raw: [], identityInCertificate: true });
    expect(keys('require-id-on-certificate=no')).toEqual({ raw: [], identityInCertificate: false });
    expect(config('leftcert=east').policy.pki).toMatchObject({
      anchors: [certificate('ca')],
      certificates: expect.arrayContaining([certificate('middle'), certificate('west')]),
    });
  });

  test('one certificate, by its nickname or its key', () => {
    for (const line of ['rightcert=west', `rightckaid=${ckaid('west')}`])
      expect(keys(line), line).toEqual({
        raw: [],
        certificate: certificate('west'),
        identityInCertificate: true,
      });
  });

  test('raw keys', () => {
    const lines = [`rightrsasigkey=${raw('rsa3072')}`, `rightecdsakey=${raw('west')}`];
    expect(keys(...lines)?.raw).toEqual([credential('rsa3072').spki, credential('west').spki]);
    expect(keys(`righteddsakey=${raw('ed25519')}`)?.raw).toEqual([credential('ed25519').spki]);
    const spki = Buffer.from(credential('west').spki).toString('base64');
    expect(keys(`rightpubkey=${spki}`)?.raw).toEqual([credential('west').spki]);
  });

  test('those of an authority', () => {
    // openssl writes UTF8Strings, the text becomes PrintableStrings: what counts is the name.
    const subject = nameKey(parseCertificate(certificate('ca')).subject);
    const authority = (...lines: string[]) => nameKey(keys(...lines)?.authority ?? new Uint8Array());
    for (const text of ['"C=CH, O=ikev2, CN=Test CA"', '"/C=CH/O=ikev2/CN=Test CA"', '%same'])
      expect(authority(`rightca=${text}`), text).toBe(subject);
    expect(authority('leftca="C=CH, O=ikev2, CN=Test CA"', 'rightca=%same')).toBe(subject);
    expect(warnings('leftcert=east', 'rightca="C=CH, O=ikev2, CN=Middle CA"')).toEqual([]);
    expect(warnings('leftcert=east', 'rightca="CN=Unknown"')).toEqual([
      '/c:7:11: warning: no authority of this name is at hand: the peer would have to send its certificate',
    ]);
  });

  test('nobody is trusted', () => {
    const none = { ...credentials, authorities: [] };
    const all = remarks(good(conn('authby=', 'leftcert=east'), { credentials: none }));
    expect(all).toEqual([
      '/c:1:6: warning: conn "a": no authority is trusted, so no certificate of the peer will be (expected the certificate of an authority in cacerts/ of the store (ikev2 import FILE))',
    ]);
    const known = conn('authby=', 'leftcert=east', `rightecdsakey=${raw('west')}`);
    expect(remarks(good(known, { credentials: none }))).toEqual([]);
    // A certificate that is named needs nobody else.
    const named = conn('authby=', 'leftcert=east', 'rightcert=west');
    expect(remarks(good(named, { credentials: none }))).toEqual([]);
    expect(remarks(good(conn(), { credentials: none }))).toEqual([]);
  });

  test.each([
    [['rightcert=nobody'], '/c:7:12: error: rightcert=: there is no certificate "nobody"'],
    [
      ['rightckaid=00ff'],
      '/c:7:13: error: rightckaid=: there is no certificate of the peer with the key "00ff"',
    ],
    [['rightca=bogus'], '/c:7:10: error: rightca=: '],
    [['rightca="XY=a"'], "/c:7:11: error: rightca=: 'XY' is no attribute of a name"],
    [['rightrsasigkey=0sAwEAAQ=='], '/c:7:17: error: rightrsasigkey=: this is no RSA key'],
    [
      ['rightcert=west', `rightrsasigkey=${raw('rsa3072')}`],
      '/c:8:17: error: rightrsasigkey= is another key than that of rightcert=',
    ],
  ])('%j is refused', (lines, message) => {
    const all = complaints('leftcert=east', ...lines);
    expect(all, all.join('\n')).toHaveLength(1);
    expect(all[0]).toContain(message);
  });

  test('%same without a certificate of ours', () => {
    const line = conn('authby=', 'leftauth=secret', 'rightauth=rsasig', 'rightca=%same');
    expect(errors(read(line, { credentials }))).toEqual([
      '/c:8:10: error: rightca=%same: we have neither leftcert= nor leftca= (expected the name of an authority)',
    ]);
  });

  test('the key of its certificate once more', () => {
    expect(warnings('leftcert=east', 'rightcert=west', `rightecdsakey=${raw('west')}`)).toEqual([
      '/c:8:16: warning: rightecdsakey= is ignored: rightcert= has the same key',
    ]);
  });

  describe('in EAP-TLS', () => {
    const ways = {
      'both by EAP alone': ['leftauth=eaponly', 'leftautheap=tls', 'rightauth=eaponly', 'rightautheap=tls'],
      'the peer by EAP': ['leftauth=ecdsa', 'rightauth=eaponly', 'rightautheap=tls'],
      'the peer by EAP beside a signature': ['leftauth=ecdsa', 'rightauth=ecdsa', 'rightautheap=tls13'],
      'the peer by a shared key, we by EAP': ['leftauth=eaponly', 'leftautheap=tls', 'rightauth=secret'],
    };
    const withEast = (lines: string[], ...more: string[]) =>
      conn('authby=', ...lines, 'leftcert=deep', 'rightid=@west.test', ...more);

    test.each(Object.entries(ways))('%s: what is known of the peer counts', (_, lines) => {
      const known = (...more: string[]) =>
        good(withEast(lines, ...more), { credentials }).policy.pad[0]?.remote.keys;
      expect(known()).toEqual({ raw: [], identityInCertificate: true });
      expect(known('rightcert=west')?.certificate).toEqual(certificate('west'));
      expect(known(`rightckaid=${ckaid('west')}`)?.certificate).toEqual(certificate('west'));
      expect(known('rightca="C=CH, O=ikev2, CN=Test CA"')?.authority).toBeDefined();
      expect(errors(read(withEast(lines, 'rightca=bogus'), { credentials }))[0]).toContain('rightca=');
      expect(errors(read(withEast(lines, 'rightcert=nobody'), { credentials }))[0]).toContain('rightcert=');
    });

    test.each(Object.entries(ways))('%s: a raw key is a mistake without a signature', (_, lines) => {
      const all = errors(read(withEast(lines, `rightecdsakey=${raw('west')}`), { credentials }));
      if (lines.includes('rightauth=ecdsa')) expect(all).toEqual([]);
      else
        expect(all).toEqual([
          `/c:${lines.length + 8}:16: error: rightecdsakey= is a key to sign with, and that end proves itself without a signature (expected rightcert=NAME: EAP-TLS shows a certificate)`,
        ]);
    });

    test('a raw key beside EAP with a password is a mistake', () => {
      const lines = ['leftauth=ecdsa', 'leftcert=deep', 'rightauth=eaponly', 'rightautheap=mschapv2'];
      const text = conn('authby=', ...lines, `rightecdsakey=${raw('west')}`);
      expect(errors(read(text, { credentials }))).toEqual([
        '/c:10:16: error: rightecdsakey= is a key to sign with, and that end proves itself without a signature (expected no rightecdsakey=)',
      ]);
    });

    test('it needs an authority, also beside the one certificate', () => {
      const none = { ...credentials, authorities: [] };
      const text = withEast(ways['the peer by EAP'], 'rightcert=west');
      expect(remarks(read(text, { credentials: none })).join()).toContain('no authority is trusted');
    });
  });

  test('a key whose signatures are not allowed', () => {
    const line = conn('authby=rsasig', 'leftcert=east', `rightecdsakey=${raw('west')}`);
    expect(errors(read(line, { credentials }))).toEqual([
      '/c:7:16: error: rightecdsakey= is ECDSA P-256, and no signature of such a key is allowed (expected another authby= or key)',
    ]);
  });
});

describe('what the ends are called', () => {
  const names = (...lines: string[]) => {
    const { local, remote } = entry(...lines);
    return [local.identity, remote.identity];
  };
  const dn = (name: string) => ({ type: 9, data: parseCertificate(certificate(name)).subject });
  const address = (...octets: number[]) => ({ type: 1, data: Uint8Array.from(octets) });

  test('an address, even beside a certificate, as in pluto 4.10', () => {
    const ends = [address(192, 0, 2, 1), address(198, 51, 100, 2)];
    expect(names('leftcert=east', 'rightcert=west')).toEqual(ends);
    expect(names('leftcert=east', 'leftid=%none', 'leftrsasigkey=%cert')).toEqual(ends);
  });

  test('%fromcert', () => {
    expect(names('leftcert=east', 'leftid=%fromcert', 'rightcert=west', 'rightid=%FromCert')).toEqual([
      dn('east'),
      dn('west'),
    ]);
    expect(names(`leftckaid=${ckaid('deep')}`, 'leftid=%fromcert')[0]).toEqual(dn('deep'));
    // Whatever the certificate that it shows says; then it has to be in there.
    const open = entry('leftcert=east', 'rightid=%fromcert', 'require-id-on-certificate=no').remote;
    expect(open).toMatchObject({ identity: undefined, keys: { identityInCertificate: true } });
  });

  test('%null, and whoever it is', () => {
    const null_ = { type: 13, data: new Uint8Array() };
    expect(names('leftauth=null', 'rightauth=null', 'leftid=%null', 'rightid=%null')).toEqual([null_, null_]);
    expect(names('leftcert=east', 'rightid=%any')[1]).toBeUndefined();
  });

  test.each([
    'C=CH, O=ikev2, CN=east.test',
    '/C=CH/O=ikev2/CN=east.test',
    'C=CH,O=ikev2,CN=east.test',
    'c=CH, o=ikev2, cn=east.test',
  ])('a distinguished name: %s', (text) => {
    const [ours] = names('leftcert=east', `leftid="${text}"`);
    expect(ours?.type).toBe(9);
    expect(names('leftcert=east', `rightid="${text}"`)[1]).toEqual(ours);
  });

  test('one of the peer may have values *', () => {
    expect(names('leftcert=east', 'rightid="C=CH, O=*, CN=*"')[1]?.type).toBe(9);
    expect(complaints('leftcert=east', 'leftid="C=CH, CN=*"')).toEqual([
      '/c:7:10: error: our own leftid= cannot have a value * (expected one name)',
    ]);
  });

  test.each([
    [['leftcert=east', 'rightid="XY=a"'], 'rightid=: "XY=a": \'XY\' is no attribute of a name'],
    [['leftcert=east', 'leftid="CN"'], 'leftid=cn is the address the name resolves to'],
    [['leftid=%fromcert', `leftckaid=${ckaid('p384')}`], 'leftid=%fromcert without leftcert='],
    [
      ['leftauth=secret', 'rightauth=secret', 'leftid=%fromcert'],
      'leftid=%fromcert, and that end proves itself without',
    ],
    [
      ['leftauth=null', 'rightauth=null', 'rightid=%fromcert'],
      'rightid=%fromcert, and that end proves itself without',
    ],
    [['leftcert=east', 'leftid=%myid'], '%myid is obsolete'],
  ])('%j', (lines, message) => {
    expect(said(...lines).join('\n')).toContain(message);
  });
});

describe('revocation', () => {
  const revocation = (...lines: string[]) =>
    good(`config setup\n${lines.map((line) => `\t${line}\n`).join('')}${conn('authby=', 'leftcert=east')}`, {
      credentials,
    }).policy.pki?.revocation;

  test.each([
    [[], { crlStrict: false, crlTimeout: 0, ocsp: 'off', ocspTimeout: 2000, ocspMethod: 'get' }],
    [['crl-strict=yes'], { crlStrict: true }],
    [['strictcrlpolicy=yes'], { crlStrict: true }],
    [['crlcheckinterval=1h'], { crlTimeout: 5000 }],
    [['crlcheckinterval=15m', 'crl-timeout=2s'], { crlTimeout: 2000 }],
    [['crlcheckinterval=15m', 'curl-timeout=3'], { crlTimeout: 3000 }],
    [['ocsp-enable=yes'], { ocsp: 'on' }],
    [['ocsp-enable=yes', 'ocsp-strict=yes'], { ocsp: 'strict' }],
    [['ocsp-strict=yes'], { ocsp: 'off' }],
    [
      ['ocsp-enable=yes', 'ocsp-uri=http://192.0.2.9:2560', 'ocsp-method=post', 'ocsp-timeout=7'],
      { ocspUri: 'http://192.0.2.9:2560', ocspMethod: 'post', ocspTimeout: 7000 },
    ],
  ])('%j', (lines, expected) => {
    expect(revocation(...lines)).toMatchObject(expected);
  });

  test('what there is not', () => {
    const of = (line: string) => remarks(read(`config setup\n\t${line}\n`)).join('\n');
    expect(of('ocsp-trustname=x')).toContain('/c:2:2: error: ocsp-trustname= is not supported yet');
    expect(of('ocsp-cache-size=9')).toContain('/c:2:2: warning: ocsp-cache-size= is not supported yet');
    expect(of('ocsp-method=head')).toContain('/c:2:14: error: ocsp-method=: "head" is not one of its values');
    expect(of('crl-timeout=soon')).toContain('/c:2:14: error: crl-timeout=: "soon" is not a time');
  });
});

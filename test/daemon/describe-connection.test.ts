import { describe, expect, it } from 'vitest';
import { configOrThrow, parseConfig, sourcesOf } from '../../src/config/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { connectionLines, connectionObject } from '../../src/daemon/describe-connection.ts';
import { publicKeyText } from '../../src/pki/keys/index.ts';
import { certificate, credential } from '../scenes/certificates.ts';

const credentials = {
  certificates: new Map(['east', 'west', 'deep'].map((name) => [name, certificate(name)])),
  keys: ['east', 'deep', 'p384'].map((name) => credential(name).spki),
  authorities: [certificate('ca'), certificate('middle')],
  crls: [],
};
const secrets = ': PSK "a shared key nobody may see in a report"\nuser : EAP "a password nobody may see"\n';

function described(...lines: string[]) {
  const all = ['left=192.0.2.1', 'right=198.51.100.2', 'auto=add', ...lines];
  const text = {
    config: sourcesOf({ '/c': `conn a\n${all.map((line) => `\t${line}\n`).join('')}` }),
    configFile: '/c',
    secrets: sourcesOf({ '/s': secrets }),
    secretsFiles: ['/s'],
  };
  const facts = { addresses: ['192.0.2.1'], credentials };
  const { connections } = configOrThrow(parseConfig(text, facts, defaultCrypto));
  const [connection] = connections;
  if (connection === undefined) throw new Error('no connection');
  const [lined, object] = [connectionLines(connection), connectionObject(connection)];
  expect(`${lined}${JSON.stringify(object)}`).not.toContain('nobody may see');
  return { auth: lined.find((line) => line.startsWith('  auth'))?.slice(10), lines: lined, object };
}

const key = (name: string) => credential(name).key;
const rawKey = (name: string) => `0s${publicKeyText(credential(name).spki).text}`;

describe('ikev2 check says how each end proves itself', () => {
  it.each([
    [['authby=secret'], 'us by a shared key, peer by a shared key'],
    [['authby=null'], 'us by nothing (NULL), peer by nothing (NULL)'],
    [
      ['leftcert=east'],
      `us by signature (C=CH, O=ikev2, CN=east.test, RSA-2048, until 2120-01-01, ckaid ${key('east')}), peer by signature (a certificate of any trusted CA)`,
    ],
    [
      ['leftcert=deep', 'sendca=all', 'rightca="C=CH, O=ikev2, CN=Test CA"', 'require-id-on-certificate=no'],
      `us by signature (C=CH, O=ikev2, CN=deep.test, ECDSA P-256, until 2120-01-01, ckaid ${key('deep')}, with 1 above it), peer by signature (a certificate of CA C=CH, O=ikev2, CN=Test CA, identity not looked for in it)`,
    ],
    [
      [`leftckaid=${key('p384')}`, `rightecdsakey=${rawKey('west')}`],
      `us by signature (raw key, ECDSA P-384, ckaid ${key('p384')}), peer by signature (raw key, ECDSA P-256, ckaid ${key('west')})`,
    ],
    [
      ['leftauth=null', 'rightauth=ecdsa', 'rightcert=west'],
      'us by nothing (NULL), peer by signature (C=CH, O=ikev2, CN=west.test, ECDSA P-256, until 2120-01-01)',
    ],
    [
      ['leftauth=eaponly', 'leftautheap=mschapv2', 'leftusername=user', 'rightauth=rsasig'],
      'us by EAP-MSCHAPv2 as "user", peer by signature (a certificate of any trusted CA)',
    ],
    [
      ['leftauth=secret', 'rightauth=secret', 'rightautheap=md5'],
      'us by a shared key, peer by EAP-MD5 or a shared key',
    ],
  ])('%j', (lines, expected) => {
    expect(described(...lines).auth).toBe(expected);
  });

  it('names as a configuration has them', () => {
    const { lines } = described('leftcert=east', 'leftid=%fromcert', 'rightid="C=CH, CN=*"');
    expect(lines[1]).toContain('identity C=CH, O=ikev2, CN=east.test');
    expect(lines[2]).toContain('identity C=CH, CN=*');
  });

  it('as an object', () => {
    expect(
      described('authby=rsasig,secret', 'leftcert=east', 'rightcert=west', 'leftsendcert=ifasked').object,
    ).toMatchObject({
      local: {
        auth: ['signature', 'psk'],
        algorithms: expect.arrayContaining(['rsa-pss sha512', 'rsa-pkcs1 sha256']),
        credential: {
          key: 'RSA-2048',
          ckaid: key('east'),
          certificates: [
            { subject: 'C=CH, O=ikev2, CN=east.test', notBefore: '2020-01-01', notAfter: '2120-01-01' },
          ],
          send: 'ifasked',
        },
      },
      remote: {
        auth: ['signature', 'psk'],
        keys: {
          raw: [],
          certificate: { subject: 'C=CH, O=ikev2, CN=west.test' },
          authority: null,
          identityInCertificate: true,
        },
      },
    });
    const eap = described('leftauth=eaponly', 'leftautheap=tls', 'leftcert=east', 'rightauth=rsasig').object;
    expect(eap).toMatchObject({ local: { auth: ['eap-tls'] }, remote: { auth: ['signature'] } });
  });
});

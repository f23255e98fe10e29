/** Keys as configurations write them, against libreswan's showhostkey; keys made of drawn octets, against openssl. */
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ckaid, nodeCrypto, nodePrivateKey } from '../../../src/crypto/index.ts';
import { nodeKeyFileCrypto } from '../../../src/crypto/node/key-file.ts';
import {
  formatPem,
  makeEcKey,
  makeEdwardsKey,
  parsePublicKeyText,
  publicKeyText,
  readKeyFile,
} from '../../../src/pki/keys/index.ts';
import { Bench, noIpsec, noOpenssl } from './tools.ts';

const bench = new Bench();
afterAll(() => bench.remove());
const spki = (name: string): Uint8Array =>
  createPublicKey(Buffer.from(bench.read(name))).export({ format: 'der', type: 'spki' });

describe.skipIf(noIpsec)(`as libreswan's showhostkey (${noIpsec ?? 'it is there'})`, () => {
  const kinds = [
    ['rsa', 'RSA 2048', ['rsa:2048']],
    [
      'rsa',
      'RSA 3072, e = 3',
      ['rsa', '-pkeyopt', 'rsa_keygen_bits:3072', '-pkeyopt', 'rsa_keygen_pubexp:3'],
    ],
    ['ecdsa', 'P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ecdsa', 'P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['ecdsa', 'P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ] as const;
  beforeAll(() => bench.run('certutil', '-N', '-d', 'sql:.', '--empty-password'));

  it.each(kinds)('%s: %s', (form, name, type) => {
    bench.openssl(
      'req',
      '-x509',
      '-newkey',
      ...type,
      '-nodes',
      '-keyout',
      'k.key',
      '-out',
      'k.crt',
      '-subj',
      `/CN=${name}`,
    );
    bench.openssl(
      'pkcs12',
      '-export',
      '-in',
      'k.crt',
      '-inkey',
      'k.key',
      '-name',
      name,
      '-passout',
      'pass:x',
      '-out',
      'k.p12',
    );
    bench.run('pk12util', '-i', 'k.p12', '-d', 'sql:.', '-W', 'x', '-K', '');
    const ours = spki('k.key');
    const id = Buffer.from(ckaid(ours, nodeCrypto)).toString('hex');
    const show = (...args: string[]) =>
      bench
        .run('/usr/libexec/ipsec/showhostkey', '--nssdir', bench.directory, '--ckaid', id, ...args)
        .toString();
    const [, keyword, text = ''] = /\tleft(\w+)=(0s\S+)\n/.exec(show('--left')) ?? [];
    expect(keyword).toBe(form === 'rsa' ? 'rsasigkey' : 'ecdsakey');
    expect(`0s${publicKeyText(ours).text}`).toBe(text);
    expect(publicKeyText(ours).form).toBe(form);
    expect(Buffer.from(parsePublicKeyText(form, text))).toEqual(ours);
    const [, pubkey = ''] = /leftpubkey=(\S+)/.exec(show('--left', '--pubkey')) ?? [];
    expect(Buffer.from(parsePublicKeyText('pubkey', pubkey))).toEqual(ours);
    expect(show('--pem').trim()).toBe(formatPem('PUBLIC KEY', ours).trim());
  });
});

/** Of what a recorded run of `ipsec showhostkey` (4.10) printed, for machines without libreswan. */
describe('a recorded showhostkey', () => {
  it('P-256', () => {
    const text = '0sUmHxb1vwRSpVrWsLELC3xge0/TF6/aNTfvXGhTFwTj+Yf3TfXf1XeJrkxdJon86+bsDVi/6oZEdinTqsY8SAQg==';
    const key =
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUmHxb1vwRSpVrWsLELC3xge0/TF6/aNTfvXGhTFwTj+Yf3TfXf1XeJrkxdJon86+bsDVi/6oZEdinTqsY8SAQg==';
    const found = parsePublicKeyText('ecdsa', text);
    expect(Buffer.from(found).toString('base64')).toBe(key);
    expect(Buffer.from(ckaid(found, nodeCrypto)).toString('hex')).toBe(
      '6a65b0a2f6f21cb4cbdd66b0520dd42babae07a8',
    );
    const hex = `0x${Buffer.from(text.slice(2), 'base64').toString('hex')}`;
    expect(parsePublicKeyText('ecdsa', hex)).toEqual(found);
  });
});

describe('public key text', () => {
  const rsa = Buffer.concat([Buffer.from([1, 3, 0x80]), Buffer.alloc(254, 7), Buffer.from([1])]);
  it('an exponent of three octets of length', () => {
    const long = Buffer.concat([Buffer.from([0, 0, 1]), rsa.subarray(1)]);
    expect(parsePublicKeyText('rsa', `0s${long.toString('base64')}`)).toEqual(
      parsePublicKeyText('rsa', `0s${rsa.toString('base64')}`),
    );
  });

  it.each([
    ['rsa', ''],
    ['rsa', '0s'],
    ['rsa', '0s!!!!'],
    ['rsa', rsa.toString('base64')],
    ['rsa', `0s${rsa.subarray(0, 2).toString('base64')}`],
    ['rsa', `0s${Buffer.alloc(200, 0).toString('base64')}`],
    ['rsa', `0s${'A'.repeat(100_000)}`],
    ['ecdsa', `0s${Buffer.alloc(64, 1).subarray(1).toString('base64')}`],
    ['ecdsa', '0x04'],
    ['eddsa', `0s${Buffer.alloc(31).toString('base64')}`],
    ['eddsa', `0s${Buffer.alloc(32).toString('base64')}`],
    ['pubkey', `0s${rsa.toString('base64')}`],
  ] as const)('%s %s is refused', (form, text) => {
    expect(() => parsePublicKeyText(form, text)).toThrow(SyntaxError);
  });
});

describe('keys made of drawn octets', () => {
  const counting = () => {
    let next = 1;
    return (length: number) => Uint8Array.from({ length }, () => next++ & 0xff);
  };
  const make = {
    'P-256': () => makeEcKey('P-256', counting(), nodeKeyFileCrypto),
    'P-384': () => makeEcKey('P-384', counting(), nodeKeyFileCrypto),
    'P-521': () => makeEcKey('P-521', counting(), nodeKeyFileCrypto),
    ed25519: () => makeEdwardsKey('ed25519', counting(), nodeKeyFileCrypto),
    ed448: () => makeEdwardsKey('ed448', counting(), nodeKeyFileCrypto),
  };
  it.each(Object.entries(make))('%s', (name, made) => {
    const { pkcs8, spki: ours } = made();
    expect(made().pkcs8.octets).toEqual(pkcs8.octets);
    expect(nodePrivateKey(pkcs8.octets).spki).toEqual(ours);
    const pem = formatPem('PRIVATE KEY', pkcs8.octets);
    expect(readKeyFile(Buffer.from(pem)).privateKeys[0]?.pkcs8.octets).toEqual(pkcs8.octets);
    const { form, text } = publicKeyText(ours);
    expect(parsePublicKeyText(form, `0s${text}`)).toEqual(ours);
    if (noOpenssl) return;
    bench.write(`${name}.pem`, pem);
    expect(bench.openssl('pkey', '-in', `${name}.pem`, '-pubout', '-outform', 'DER')).toEqual(
      Buffer.from(ours),
    );
    if (name.startsWith('P-')) bench.openssl('pkey', '-in', `${name}.pem`, '-noout', '-check');
  });

  it('a scalar as large as the order is drawn again, and not for ever', () => {
    let drawn = 0;
    const draws = (length: number) => new Uint8Array(length).fill(drawn++ === 0 ? 0xff : 5);
    expect(makeEcKey('P-256', draws, nodeKeyFileCrypto).spki.length).toBe(91);
    expect(drawn).toBe(2);
    expect(() => makeEcKey('P-256', (length) => new Uint8Array(length), nodeKeyFileCrypto)).toThrow(
      RangeError,
    );
  });
});

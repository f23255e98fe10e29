import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultCrypto, nodePrivateKey } from '../../src/crypto/index.ts';
import { certified, pair } from '../../src/testing/index.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../../vectors/certificates/${name}.pem`, import.meta.url), 'latin1');
const end = (name: string) => ({
  identity: `@${name}.test`,
  ...certified({
    pem: [pem(name), pem(`${name}.key`)],
    authorities: [pem('ca')],
    rsa: { privateKey: nodePrivateKey, crypto: defaultCrypto },
  }),
});

describe('ends with certificates', () => {
  it('come up in a few lines', () => {
    const { initiator, responder } = pair({ initiator: end('east'), responder: end('west') }).up();
    expect([initiator, responder].map(({ ikeSas: [sa] }) => sa?.proofs)).toEqual([
      { local: 'signature', remote: 'signature' },
      { local: 'signature', remote: 'signature' },
    ]);
  });

  it('need a certificate and its key', () => {
    const authorities = [pem('ca')];
    expect(() => certified({ pem: [pem('east')], authorities })).toThrow(
      new RangeError('there is no PRIVATE KEY'),
    );
    expect(() => certified({ pem: [pem('east.key')], authorities })).toThrow(
      new RangeError('there is no CERTIFICATE'),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { defaultCrypto, nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import type { Crypto } from '../../src/crypto/provider.ts';
import { type EspSuite, espSuite } from '../../src/crypto/suite.ts';
import { destroy, open, type Protection, protection, seal } from '../../src/esp/packet.ts';
import { Encr, Integ } from '../../src/wire/numbers.ts';
import { allSuites, keysOf, octetsFrom, suiteName } from './suites.ts';

const ready = (crypto: Crypto, suite: EspSuite): Protection => {
  const { key, integKey } = keysOf(suite);
  return protection(crypto, suite, key, integKey);
};

const sealed = (by: Protection, sequence: number, payload: Uint8Array) =>
  seal(by, {
    spi: 0xc0ffee01,
    sequence,
    iv: octetsFrom(9, by.suite.cipher.ivLength),
    nextHeader: 4,
    payload,
  });

const suites = [...allSuites(defaultCrypto, false), ...allSuites(defaultCrypto, true)];

describe('every suite', () => {
  it('is there', () => expect(suites.length).toBeGreaterThan(100));

  it.each(suites.map((suite) => [suiteName(suite), suite] as const))('%s', (_, suite) => {
    const by = ready(defaultCrypto, suite);
    const sequence = suite.esn ? 3 * 2 ** 32 + 5 : 5;
    for (const length of [0, 1, 2, 3, 20, 61, 62, 63, 1400]) {
      const payload = octetsFrom(3, length);
      const esp = sealed(by, sequence, payload);
      const { ivLength, icvLength, blockLength } = suite.cipher;
      const body = esp.length - 8 - ivLength - (suite.integ?.icvLength ?? icvLength);
      expect(body % Math.max(4, blockLength)).toBe(0);
      expect(open(by, esp, sequence)).toEqual({ nextHeader: 4, payload });
    }
  });

  it('is opened by the other provider', () => {
    const shared = [...allSuites(nobleCrypto, false), ...allSuites(nobleCrypto, true)];
    expect(shared.length).toBeGreaterThan(30);
    for (const suite of shared) {
      const other = espSuite(nodeCrypto, {
        encr: suite.cipher.id,
        keyBits: suite.keyBits,
        integ: suite.integ?.id ?? 0,
        esn: suite.esn,
      });
      if (other === undefined) throw new Error(`node lacks ${suiteName(suite)}`);
      const payload = octetsFrom(3, 61);
      const esp = sealed(ready(nobleCrypto, suite), 7, payload);
      expect(sealed(ready(nodeCrypto, other), 7, payload)).toEqual(esp);
      expect(open(ready(nodeCrypto, other), esp, 7)).toEqual({ nextHeader: 4, payload });
    }
  });
});

describe('what is not from the peer', () => {
  it.each(suites.map((suite) => [suiteName(suite), suite] as const))(
    '%s: no bit flipped and no octet missing is opened',
    (_, suite) => {
      const by = ready(defaultCrypto, suite);
      const esp = sealed(by, 5, octetsFrom(3, 21));
      for (let at = 0; at < esp.length; at++) {
        const flipped = esp.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        expect(open(by, flipped, 5)).toBe('icv');
      }
      for (let length = 0; length < esp.length; length++) {
        expect(open(by, esp.subarray(0, length), 5)).toBeTypeOf('string');
      }
      expect(open(by, Uint8Array.from([...esp, 0, 0, 0, 0]), 5)).toBeTypeOf('string');
    },
  );

  it('the high word of the sequence number is covered though not sent', () => {
    for (const suite of suites.filter(({ esn }) => esn)) {
      const by = ready(defaultCrypto, suite);
      const esp = sealed(by, 2 ** 32 + 5, octetsFrom(3, 21));
      expect(open(by, esp, 5)).toBe('icv');
      expect(open(by, esp, 2 ** 33 + 5)).toBe('icv');
      expect(open(by, esp, 2 ** 32 + 5)).toBeTypeOf('object');
    }
  });

  it('nothing is decrypted before the ICV is right', () => {
    let decrypted = 0;
    const cbc = defaultCrypto.ciphers.get(Encr.AES_CBC);
    const integ = defaultCrypto.integs.get(Integ.HMAC_SHA2_256_128);
    if (cbc === undefined || integ === undefined) throw new Error('no AES-CBC with SHA2-256');
    const watched: EspSuite = {
      cipher: {
        ...cbc,
        key: (octets) => {
          const key = cbc.key(octets);
          return {
            ...key,
            open: (...given) => {
              decrypted += 1;
              return key.open(...given);
            },
          };
        },
      },
      keyBits: 128,
      integ,
      esn: false,
    };
    const by = ready(defaultCrypto, watched);
    const esp = sealed(by, 5, octetsFrom(3, 21));
    const last = esp.length - 1;
    expect(open(by, esp.with(last, (esp[last] ?? 0) ^ 1), 5)).toBe('icv');
    expect(decrypted).toBe(0);
    expect(open(by, esp, 5)).toBeTypeOf('object');
    expect(decrypted).toBe(1);
  });
});

describe('the trailer', () => {
  const suite = espSuite(defaultCrypto, { encr: Encr.NULL, integ: Integ.HMAC_SHA2_256_128 });
  if (suite === undefined) throw new Error('no NULL with SHA2-256');
  const by = ready(defaultCrypto, suite);

  /** A packet whose plaintext, trailer included, is as given. */
  const withPlaintext = (...plaintext: number[]): Uint8Array => {
    const covered = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 5, ...plaintext);
    const icv = suite.integ?.compute(by.integKey, covered) ?? new Uint8Array();
    return Uint8Array.of(...covered, ...icv);
  };

  it('is 1, 2, 3 ... with its length and the next header', () => {
    const esp = sealed(by, 5, Uint8Array.of(7, 7, 7));
    expect([...esp.subarray(8, 16)]).toEqual([7, 7, 7, 1, 2, 3, 3, 4]);
  });

  it('may pad more than is needed, with anything', () => {
    expect(open(by, withPlaintext(7, 9, 9, 9, 9, 9, 5, 41), 5)).toEqual({
      nextHeader: 41,
      payload: Uint8Array.of(7),
    });
    expect(open(by, withPlaintext(9, 9, 9, 9, 9, 9, 6, 59), 5)).toEqual({
      nextHeader: 59,
      payload: new Uint8Array(),
    });
  });

  it('that pads more than there is, is none', () => {
    expect(open(by, withPlaintext(9, 9, 9, 9, 9, 9, 7, 4), 5)).toBe('padding');
  });

  it('ends on four octets', () => {
    expect(open(by, withPlaintext(9, 9, 9, 3, 4), 5)).toBe('length');
  });
});

describe('keys', () => {
  const suite = espSuite(defaultCrypto, { encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA1_96 });
  if (suite === undefined) throw new Error('no AES-CBC with SHA1');

  it('are copied, and of their suite', () => {
    const { key, integKey } = keysOf(suite);
    const by = protection(defaultCrypto, suite, key, integKey);
    const esp = sealed(by, 5, octetsFrom(3, 21));
    key.fill(0);
    integKey.fill(0);
    expect(open(by, esp, 5)).toBeTypeOf('object');
    expect(() => protection(defaultCrypto, suite, key.subarray(1), integKey)).toThrow(RangeError);
    expect(() => protection(defaultCrypto, suite, key, integKey.subarray(1))).toThrow(RangeError);
    expect(() => protection(defaultCrypto, suite, key)).toThrow(RangeError);
  });

  it('are gone when destroyed', () => {
    const by = ready(defaultCrypto, suite);
    destroy(by);
    expect(by.integKey).toEqual(new Uint8Array(20));
    expect(() => sealed(by, 5, octetsFrom(3, 21))).toThrow();
  });
});

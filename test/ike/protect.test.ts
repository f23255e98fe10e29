/** SK payloads of Wireshark's captures and of RFC 7634 through our own parser and `Protection`, on both providers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Crypto, IkeSuite, Integ } from '../../src/crypto/index.ts';
import {
  Encr,
  fromHex,
  Integ as IntegId,
  Prf,
  parsePayloads,
  toHex,
  WireError,
} from '../../src/wire/index.ts';
import { ikeMessages } from '../wire/pcap.ts';
import { dissect, fieldsOf } from '../wire/tshark.ts';
import { describeWithVectors, goldenCaptures, readVector, vectorPath } from '../wire/vectors.ts';
import {
  ikeSuiteOf,
  peerOf,
  protectionOf,
  providers,
  type RecordedKeys,
  roleOf,
  type Sealed,
  sealedOf,
} from './suites.ts';

interface Keyed {
  readonly suite: IkeSuite;
  readonly keys: RecordedKeys;
}

const decryptionTable = vectorPath('02-wireshark-ikev2/ikev2_decryption_table');
const noTshark = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status !== 0;

describeWithVectors('02-wireshark-ikev2', () => {
  for (const { capture, messages } of goldenCaptures()) {
    const file = vectorPath(`02-wireshark-ikev2/${capture}`);
    const captured = ikeMessages(file).map(sealedOf);
    const sealed = captured.filter((each) => each !== undefined);

    describe.each(providers)(`${capture} on $name`, (crypto) => {
      const keyed = keyedBy(crypto, sealed[0]);
      const lacks = keyed === undefined ? ` (${crypto.name} does not claim the cipher)` : '';

      it.skipIf(lacks)(`opens to what Wireshark's keys give${lacks}`, () => {
        const expected = messages.filter(({ innerPayloads }) => innerPayloads !== undefined);
        expect(sealed).toHaveLength(expected.length);
        sealed.forEach((each, i) => {
          const inner = open(crypto, keyed, each);
          expect({ first: each.payload.first, inner: inner && toHex(inner) }).toEqual({
            first: expected[i]?.firstInnerPayload,
            inner: expected[i]?.innerPayloads,
          });
        });
      });

      it.skipIf(lacks)(`seals to the captured octets up to the padding${lacks}`, () => {
        for (const each of sealed) sealsAlike(crypto, keyed, each);
      });

      it.skipIf(lacks)(`refuses every flipped bit${lacks}`, () => {
        for (const each of sealed) refusesFlips(crypto, keyed, each);
      });
    });

    const lackingTshark = noTshark ? ' (tshark is not installed)' : '';
    it.skipIf(noTshark)(`${capture}: field by field as tshark with the keys${lackingTshark}`, () => {
      const [crypto] = providers;
      const keyed = crypto && keyedBy(crypto, sealed[0]);
      const ours = ikeMessages(file).map((octets, i) => {
        const each = captured[i];
        if (each === undefined || crypto === undefined) return undefined;
        const inner = open(crypto, keyed, each);
        if (inner === undefined) throw new Error(`message ${i} of ${octets.length} octets does not open`);
        return dissect(each.header, [...each.outer, ...parsePayloads(each.payload.first, inner)]);
      });
      const trees = runTshark(file);
      expect(ours.filter((fields) => fields !== undefined)).toHaveLength(sealed.length);
      expect(trees).toHaveLength(ours.length);
      ours.forEach((fields, i) => {
        if (fields !== undefined) expect(fields).toEqual(trees[i]);
      });
    });
  }
});

describeWithVectors('03-rfc-and-algorithm', () => {
  const { cases } = readVector('03-rfc-and-algorithm/rfc/rfc7634-chacha20poly1305-ike-esp.json') as {
    cases: Record<string, string>[];
  };
  const { keymat = '', ikeMessage = '', notify = '' } = cases[1] ?? {};

  it.each(providers)('RFC 7634 appendix B, the whole message, on $name', (crypto) => {
    const suite = ikeSuiteOf(crypto, { encr: Encr.CHACHA20_POLY1305, prf: Prf.HMAC_SHA2_256 });
    const message = sealedOf(fromHex(ikeMessage));
    if (suite === undefined || message === undefined) throw new Error('no suite, or no SK payload');
    // Its flags say that the responder sends.
    const keyed: Keyed = { suite, keys: { SK_ei: '00'.repeat(36), SK_er: keymat } };
    const inner = open(crypto, keyed, message);
    expect(inner && toHex(inner)).toBe(notify);
    sealsAlike(crypto, keyed, message);
    refusesFlips(crypto, keyed, message);
  });
});

function open(crypto: Crypto, keyed: Keyed | undefined, { octets, header, payload }: Sealed) {
  if (keyed === undefined) throw new Error(`${crypto.name} lacks an algorithm`);
  return protectionOf(crypto, keyed.suite, keyed.keys, peerOf(roleOf(header))).open(octets, payload);
}

/** An AEAD needs no padding: equal octets. Else the sender's padding is its own: equal up to the block that holds it. */
function sealsAlike(crypto: Crypto, keyed: Keyed | undefined, message: Sealed): void {
  const { octets, header, payload } = message;
  const inner = open(crypto, keyed, message);
  if (keyed === undefined || inner === undefined) throw new Error('does not open');
  const { cipher, integ } = keyed.suite;
  const iv = payload.data.subarray(0, cipher.ivLength);
  const sealed = protectionOf(crypto, keyed.suite, keyed.keys, roleOf(header), iv).seal(
    header,
    payload.first,
    inner,
  );
  if (integ === undefined) return expect(toHex(sealed)).toBe(toHex(octets));
  const start = octets.length - payload.data.length + cipher.ivLength;
  const whole = start + inner.length - (inner.length % cipher.blockLength);
  expect(toHex(sealed.subarray(0, whole))).toBe(toHex(octets.subarray(0, whole)));
}

/** Flipped, it is no message with an SK payload any more, or it does not open. */
function refusesFlips(crypto: Crypto, keyed: Keyed | undefined, { octets, header }: Sealed): void {
  if (keyed === undefined) throw new Error(`${crypto.name} lacks an algorithm`);
  const protection = protectionOf(crypto, keyed.suite, keyed.keys, peerOf(roleOf(header)));
  let refused = 0;
  for (let bit = 0; bit < octets.length * 8; bit++) {
    const flipped = octets.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const sealed = parsed(flipped);
    if (sealed === undefined || protection.open(flipped, sealed.payload) === undefined) refused++;
  }
  expect(refused).toBe(octets.length * 8);
}

function parsed(octets: Uint8Array): Sealed | undefined {
  try {
    return sealedOf(octets);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

const algorithms = new Map([
  ['3DES [RFC2451]', { encr: Encr.TRIPLE_DES }],
  ['AES-CCM-128 with 12 octet ICV [RFC5282]', { encr: Encr.AES_CCM_12, keyBits: 128 }],
  // The table's only row of that name is a CCM SA whose salt it does not cut off as CTR's (see ORIGIN.txt).
  ['AES-CTR-128 [RFC5930]', { encr: Encr.AES_CCM_12, keyBits: 128 }],
  ['AES-CBC-256 [RFC3602]', { encr: Encr.AES_CBC, keyBits: 256 }],
  ['AES-GCM-256 with 16 octet ICV [RFC5282]', { encr: Encr.AES_GCM_16, keyBits: 256 }],
]);

/** The row of Wireshark's table for the SA of `message`; undefined when the provider lacks an algorithm. */
function keyedBy(crypto: Crypto, message: Sealed | undefined): Keyed | undefined {
  const spi = (message?.header.initiatorSpi ?? 0n).toString(16).padStart(16, '0');
  const line = readFileSync(decryptionTable, 'utf8')
    .split('\n')
    .find((row) => row.startsWith(spi));
  const [, , ei = '', er = '', encr = '', ai = '', ar = '', integ = ''] = (line ?? '')
    .replaceAll('"', '')
    .split(',');
  const chosen = algorithms.get(encr);
  if (chosen === undefined) throw new Error(`${spi}: no row, or an unknown algorithm ${encr}`);
  const sha256 = integ.startsWith('HMAC_SHA2_256_128') && { integ: IntegId.HMAC_SHA2_256_128 };
  const long = integ.startsWith('HMAC_SHA1_160');
  const suite = ikeSuiteOf(long ? withSha1Whole(crypto) : crypto, {
    ...chosen,
    prf: Prf.HMAC_SHA1,
    ...sha256,
    ...(long && { integ: IntegId.HMAC_SHA1_160 }),
  });
  const salt = encr.startsWith('AES-CTR') ? 2 : 0;
  const cut = (key: string): string => key.slice(0, 32) + key.slice(32 + salt);
  const whole = salt === 0 ? { SK_ei: ei, SK_er: er } : { SK_ei: cut(ei), SK_er: cut(er) };
  return suite && { suite, keys: { ...whole, SK_ai: ai, SK_ar: ar } };
}

/** HMAC_SHA1_160 (RFC 4595) is Fibre Channel's and never ours: made here of the PRF, for the one capture that has it. */
function withSha1Whole(crypto: Crypto): Crypto {
  const prf = crypto.prfs.get(Prf.HMAC_SHA1);
  if (prf === undefined) return crypto;
  const integ: Integ = {
    id: IntegId.HMAC_SHA1_160,
    name: 'HMAC_SHA1_160',
    keyLength: 20,
    icvLength: 20,
    compute: prf.compute,
  };
  return { ...crypto, integs: new Map([...crypto.integs, [integ.id, integ]]) };
}

function runTshark(capture: string): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'ikev2-ike-'));
  try {
    copyFileSync(decryptionTable, join(folder, 'ikev2_decryption_table'));
    const args = ['-n', '-r', capture, '-T', 'json', '-J', 'isakmp'];
    const env = { ...process.env, WIRESHARK_CONFIG_DIR: folder };
    return fieldsOf(execFileSync('tshark', args, { env, stdio: ['ignore', 'pipe', 'ignore'] }).toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** RFC 7634 Appendix B, the whole message: our own parser finds the SK payload, either provider opens it. */
import { expect, test } from 'vitest';
import { nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import { find, parseMessage, parsePayloads } from '../../src/wire/index.ts';
import { Encr } from '../../src/wire/numbers.ts';
import { hasSharedVectors, hex, rfcCases } from './sources/files.ts';

test.skipIf(!hasSharedVectors).each([nodeCrypto, nobleCrypto])('$name', ({ ciphers }) => {
  const row = rfcCases('rfc7634-chacha20poly1305-ike-esp.json')[1] ?? {};
  const octets = hex(row, 'ikeMessage');
  const sk = find(parseMessage(octets).payloads, 'encrypted');
  const cipher = ciphers.get(Encr.CHACHA20_POLY1305);
  if (sk === undefined || cipher === undefined) throw new Error('no SK payload, or no cipher');
  const key = cipher.key(hex(row, 'keymat'));
  const [iv, ciphertext] = [sk.data.subarray(0, cipher.ivLength), sk.data.subarray(cipher.ivLength)];
  const aad = octets.subarray(0, octets.length - sk.data.length);
  const plaintext = key.open(iv, ciphertext, aad) ?? new Uint8Array(0);
  expect(plaintext).toEqual(hex(row, 'plaintext'));
  expect(key.seal(iv, plaintext, aad)).toEqual(Uint8Array.from(ciphertext));

  const padLength = plaintext[plaintext.length - 1] ?? 0;
  const inner = parsePayloads(sk.first, plaintext.subarray(0, plaintext.length - 1 - padLength));
  expect(inner).toMatchObject([{ kind: 'notify', protocol: 0, type: 0x4001 }]);
});

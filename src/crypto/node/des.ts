/** One block of single DES, which MS-CHAP-V2 is made of. OpenSSL 3 has it no more; triple DES with one key three times is the same. */
import { createCipheriv } from 'node:crypto';
import { plain } from './octets.ts';

/** `key` is 7 octets, or 8 with parity bits (which DES ignores); `block` is 8 octets; else RangeError. FIPS 46-3. */
export function desBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const single = key.length === 7 ? withParityBits(key) : key;
  if (single.length !== 8 || block.length !== 8)
    throw new RangeError(`DES: key of ${key.length} octets, block of ${block.length}`);
  const triple = new Uint8Array(24);
  for (const at of [0, 8, 16]) triple.set(single, at);
  const cipher = createCipheriv('des-ede3', triple, null).setAutoPadding(false);
  const sealed = plain(cipher.update(block));
  cipher.final();
  triple.fill(0);
  return sealed;
}

/** 56 bits spread over 8 octets, the least bit of each left 0. */
function withParityBits(key: Uint8Array): Uint8Array {
  const bits = key.reduce((all, octet) => (all << 8n) | BigInt(octet), 0n);
  return Uint8Array.from({ length: 8 }, (_, at) => Number((bits >> BigInt(49 - 7 * at)) & 0x7fn) << 1);
}

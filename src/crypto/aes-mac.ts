/**
 * AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493), 128 bits, over the AES of any provider: both are the last block of a CBC
 * encryption with a zero IV whose final block is masked with a derived key.
 */

/** AES without padding, on whole blocks. */
export interface AesBlocks {
  /** Each block for itself. */
  ecb(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** Chained, from a zero IV. */
  cbc(key: Uint8Array, blocks: Uint8Array): Uint8Array;
}

/** A MAC of 16 octets under a key of 16 octets. */
export type AesMac = (key: Uint8Array, data: readonly Uint8Array[]) => Uint8Array;

const block = 16;
const zeroBlock = new Uint8Array(block);
/** The blocks 01.., 02.. and 03.., which become K1, K2 and K3. */
const numbered = Uint8Array.from({ length: 3 * block }, (_, i) => 1 + Math.floor(i / block));

export const aesXcbc = (aes: AesBlocks): AesMac => {
  return (key, data) => {
    const derived = aes.ecb(key, numbered);
    const [key1, whole] = [derived.subarray(0, block), derived.subarray(block, 2 * block)];
    const mac = lastBlock(aes, key1, data, whole, derived.subarray(2 * block));
    derived.fill(0);
    return mac;
  };
};

export const aesCmac = (aes: AesBlocks): AesMac => {
  return (key, data) => {
    const whole = doubled(aes.ecb(key, zeroBlock));
    const padded = doubled(whole);
    const mac = lastBlock(aes, key, data, whole, padded);
    whole.fill(0);
    padded.fill(0);
    return mac;
  };
};

/** The message's last block is masked with `whole`, or padded with 10* and masked with `padded`. */
function lastBlock(
  aes: AesBlocks,
  key: Uint8Array,
  data: readonly Uint8Array[],
  whole: Uint8Array,
  padded: Uint8Array,
): Uint8Array {
  const length = data.reduce((sum, part) => sum + part.length, 0);
  const message = new Uint8Array(Math.max(1, Math.ceil(length / block)) * block);
  let at = 0;
  for (const part of data) {
    message.set(part, at);
    at += part.length;
  }
  if (length < message.length) message[length] = 0x80;
  const mask = length < message.length ? padded : whole;
  const last = message.subarray(message.length - block);
  for (const [i, octet] of mask.entries()) last[i] = (last[i] ?? 0) ^ octet;
  return aes.cbc(key, message).slice(message.length - block);
}

/** Multiplication by x in GF(2^128), without a branch on the value. RFC 4493 §2.3. */
function doubled(value: Uint8Array): Uint8Array {
  const result = new Uint8Array(block);
  for (let i = 0; i < block; i++) {
    result[i] = ((value[i] ?? 0) << 1) | ((value[i + 1] ?? 0) >> 7);
  }
  result[block - 1] = (result[block - 1] ?? 0) ^ (0x87 * ((value[0] ?? 0) >> 7));
  return result;
}

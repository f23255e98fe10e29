/**
 * AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493), 128 bits, over the AES-CBC of any provider: both are the last block of a
 * CBC encryption with a zero IV whose final block is masked with a derived key.
 */
import type { PlainMode } from './ciphers.ts';

/** A MAC of 16 octets under a key of 16 octets. */
export type AesMac = (key: Uint8Array, data: readonly Uint8Array[]) => Uint8Array;

const block = 16;
const zeroBlock = new Uint8Array(block);

export const aesXcbc = (cbc: PlainMode): AesMac => {
  return (key, data) => {
    const derived = [1, 2, 3].map((n) => cbc.encrypt(key, zeroBlock, new Uint8Array(block).fill(n)));
    const [key1 = key, whole = key, padded = key] = derived;
    const mac = lastBlock(cbc, key1, data, whole, padded);
    for (const octets of derived) octets.fill(0);
    return mac;
  };
};

export const aesCmac = (cbc: PlainMode): AesMac => {
  return (key, data) => {
    const whole = doubled(cbc.encrypt(key, zeroBlock, zeroBlock));
    const padded = doubled(whole);
    const mac = lastBlock(cbc, key, data, whole, padded);
    whole.fill(0);
    padded.fill(0);
    return mac;
  };
};

/** The message's last block is masked with `whole`, or padded with 10* and masked with `padded`. */
function lastBlock(
  cbc: PlainMode,
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
  return cbc.encrypt(key, zeroBlock, message).slice(message.length - block);
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

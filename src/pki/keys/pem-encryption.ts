/** `Proc-Type: 4,ENCRYPTED`: what OpenSSL wrote before PKCS#8. RFC 1421 §4.6.1.1. */
import { isOneElement, wrongPassphrase } from './encryption.ts';
import { malformed, unsupported } from './key-file-error.ts';
import type { Opening } from './opening.ts';
import type { PemBlock } from './pem.ts';
import { pemKey } from './pkcs12-kdf.ts';

/** The block's octets, decrypted if need be. Throws KeyFileError. */
export function openedPem({ octets, encryption }: PemBlock, { passphrase, crypto }: Opening): Uint8Array {
  if (!encryption) return octets;
  const { cipher, iv } = encryption;
  const [, family, bits] = /^(?:(AES|CAMELLIA)-(128|192|256)|DES-EDE3)-CBC$/.exec(cipher) ?? [];
  if (family === undefined && cipher !== 'DES-EDE3-CBC')
    throw unsupported(`encryption ${cipher} is not read here`);
  if (iv.length !== (family === undefined ? 8 : 16)) throw malformed('DEK-Info: the IV');
  const name = family === undefined ? '3des' : family === 'AES' ? 'aes' : 'camellia';
  for (const password of passphrase.octets) {
    const key = pemKey(password, iv.subarray(0, 8), family === undefined ? 24 : Number(bits) / 8);
    const plaintext = crypto.openCbc(name, key, iv, octets);
    if (plaintext && isOneElement(plaintext)) return plaintext;
  }
  throw wrongPassphrase(passphrase);
}

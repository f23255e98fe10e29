/** The key derivations of PBES2 and PBMAC1: PBKDF2 (RFC 8018 §A.2) and scrypt (RFC 7914 §7). */
import type { PasswordHash } from '../../crypto/key-file.ts';
import { Tag } from '../der.ts';
import type { Fields } from './ber.ts';
import { KeyFileError, malformed, unsupported } from './key-file-error.ts';
import { iterationsOf, type Opening } from './opening.ts';
import { hashes, weight } from './pkcs12-kdf.ts';

export const hmacNames: Readonly<Record<string, PasswordHash>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Octets of memory scrypt may take. */
const mostMemory = 64 * 1024 * 1024;

/** `algorithm` are the fields of the AlgorithmIdentifier. Throws KeyFileError. */
export function passwordBasedKey(
  algorithm: Fields,
  length: number,
  opening: Opening,
): (password: Uint8Array) => Uint8Array {
  const name = algorithm.oid('algorithm');
  const parameters = algorithm.sequence('parameters');
  if (name === '1.3.6.1.4.1.11591.4.11') return scryptKey(parameters, length, opening);
  if (name !== '1.2.840.113549.1.5.12') throw unsupported(`key derivation ${name} is not read here`);
  const salt = parameters.octetString('salt');
  const iterations = iterationsOf(parameters);
  keyLength(parameters, length);
  const hash = parameters.done ? 'sha1' : hmacOf(parameters.sequence('PRF'));
  return (password) => {
    opening.effort.spend(iterations * Math.ceil(length / hashes[hash].outputLen) * weight(hash));
    return opening.crypto.pbkdf2(hash, password, salt, iterations, length);
  };
}

export function hmacOf(algorithm: Fields): PasswordHash {
  const name = algorithm.oid('algorithm');
  const hash = hmacNames[name];
  if (!hash) throw unsupported(`HMAC ${name} is not read here`);
  return hash;
}

function scryptKey(parameters: Fields, length: number, { crypto, effort }: Opening) {
  const salt = parameters.octetString('salt');
  const cost = parameters.number('cost');
  const blockSize = parameters.number('block size');
  const parallelization = parameters.number('parallelization');
  keyLength(parameters, length);
  if (128 * cost * blockSize > mostMemory)
    throw new KeyFileError('TOO_BIG', 'opening it takes more memory than is allowed');
  return (password: Uint8Array): Uint8Array => {
    effort.spend(cost * blockSize * parallelization);
    const key = crypto.scrypt(password, salt, { cost, blockSize, parallelization }, length);
    if (!key) throw malformed('scrypt parameters');
    return key;
  };
}

function keyLength(parameters: Fields, length: number): void {
  if (parameters.tag === Tag.INTEGER && parameters.number('key length') !== length)
    throw malformed('key length: not what the cipher takes');
}

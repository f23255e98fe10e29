/** What opening a key file takes of a crypto library: fast key derivation, old ciphers, and a look at a private key. */

export type PasswordHash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

export interface KeyFileCrypto {
  /** RFC 8018 §5.2. */
  pbkdf2(
    hash: PasswordHash,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Uint8Array;
  /** RFC 7914. Takes 128 * cost * blockSize octets of memory. Undefined when the numbers are no parameters of it. */
  scrypt(
    password: Uint8Array,
    salt: Uint8Array,
    parameters: { readonly cost: number; readonly blockSize: number; readonly parallelization: number },
    length: number,
  ): Uint8Array | undefined;
  /** CBC with its padding taken off; undefined when the padding or a length is wrong. A 3DES key has 24 octets. */
  openCbc(
    cipher: 'aes' | 'camellia' | '3des',
    key: Uint8Array,
    iv: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  /** The SubjectPublicKeyInfo (DER) of a private key in PKCS#8 (DER); undefined when it is none that signs. */
  spkiOf(pkcs8: Uint8Array): Uint8Array | undefined;
}

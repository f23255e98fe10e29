/** Encryption under a passphrase: PBES2 and PBES1 (RFC 8018), PKCS#12's own (RFC 7292 §C). */
import type { KeyFileCrypto } from '../../crypto/key-file.ts';
import { Tag } from '../der.ts';
import { element, type Fields } from './ber.ts';
import { KeyFileError, malformed, unsupported } from './key-file-error.ts';
import { iterationsOf, type Opening } from './opening.ts';
import type { Passphrase } from './passphrase.ts';
import { passwordBasedKey } from './pbkdf2.ts';
import { type Derivation, type KeyFileHash, Purpose, pbkdf1, pkcs12Key } from './pkcs12-kdf.ts';
import { rc2CbcDecrypt } from './rc2.ts';
import { rc4 } from './rc4.ts';

type Decrypt = (password: Uint8Array, ciphertext: Uint8Array) => Uint8Array | undefined;

/**
 * What was encrypted, one ASN.1 element; `algorithm` are the fields of the AlgorithmIdentifier. Throws KeyFileError:
 * PASSPHRASE_WRONG, or PASSPHRASE_MISSING when there was none.
 */
export function decrypted(algorithm: Fields, ciphertext: Uint8Array, opening: Opening): Uint8Array {
  const { decrypt, passwords } = scheme(algorithm, opening);
  for (const password of passwords) {
    const plaintext = decrypt(password, ciphertext);
    if (plaintext && isOneElement(plaintext)) return plaintext;
    plaintext?.fill(0);
  }
  throw wrongPassphrase(opening.passphrase);
}

export function wrongPassphrase({ given }: Passphrase): KeyFileError {
  return given
    ? new KeyFileError('PASSPHRASE_WRONG', 'the passphrase is wrong, or the file is damaged')
    : new KeyFileError('PASSPHRASE_MISSING', 'it is encrypted: its passphrase is needed');
}

/** A wrong key leaves good padding once in 256 times, but then no element of just this length. */
export function isOneElement(plaintext: Uint8Array): boolean {
  try {
    return element('plaintext', plaintext, Tag.SEQUENCE).raw.length > 2;
  } catch {
    return false;
  }
}

function scheme(algorithm: Fields, opening: Opening): { decrypt: Decrypt; passwords: readonly Uint8Array[] } {
  const name = algorithm.oid('algorithm');
  const { octets, wide } = opening.passphrase;
  if (name === '1.2.840.113549.1.5.13')
    return { decrypt: pbes2(algorithm.sequence('PBES2 parameters'), opening), passwords: octets };
  const [own, old] = [pkcs12Schemes[name], pbes1Schemes[name]];
  if (!own && !old) throw unsupported(`encryption ${name} is not read here`);
  const parameters = algorithm.sequence('parameters');
  const salt = parameters.octetString('salt');
  const iterations = iterationsOf(parameters);
  if (own) {
    const derivation = { hash: 'sha1', salt, iterations, effort: opening.effort } as const;
    return { decrypt: pkcs12Scheme(own, derivation, opening.crypto), passwords: wide };
  }
  const { hash, cipher } = old ?? { hash: 'sha1', cipher: 'des' };
  const derivation = { hash, salt, iterations, effort: opening.effort } as const;
  return { decrypt: pbes1(cipher, derivation, opening.crypto), passwords: octets };
}

interface CipherOf {
  readonly cipher: 'rc4' | 'rc2' | '3des';
  readonly keyLength: number;
}

const pkcs12Schemes: Readonly<Record<string, CipherOf>> = {
  '1.2.840.113549.1.12.1.1': { cipher: 'rc4', keyLength: 16 },
  '1.2.840.113549.1.12.1.2': { cipher: 'rc4', keyLength: 5 },
  '1.2.840.113549.1.12.1.3': { cipher: '3des', keyLength: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: '3des', keyLength: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', keyLength: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', keyLength: 5 },
};

function pkcs12Scheme({ cipher, keyLength }: CipherOf, from: Derivation, crypto: KeyFileCrypto): Decrypt {
  return (password, ciphertext) => {
    const key = pkcs12Key(from, password, Purpose.KEY, keyLength);
    if (cipher === 'rc4') return rc4(key, ciphertext);
    const iv = pkcs12Key(from, password, Purpose.IV, 8);
    if (cipher === 'rc2') return openRc2(key, keyLength * 8, iv, ciphertext);
    return crypto.openCbc('3des', tripled(key), iv, ciphertext);
  };
}

const pbes1Schemes: Readonly<Record<string, { hash: KeyFileHash; cipher: 'des' | 'rc2' }>> = {
  '1.2.840.113549.1.5.3': { hash: 'md5', cipher: 'des' },
  '1.2.840.113549.1.5.6': { hash: 'md5', cipher: 'rc2' },
  '1.2.840.113549.1.5.10': { hash: 'sha1', cipher: 'des' },
  '1.2.840.113549.1.5.11': { hash: 'sha1', cipher: 'rc2' },
};

function pbes1(cipher: 'des' | 'rc2', from: Derivation, crypto: KeyFileCrypto): Decrypt {
  return (password, ciphertext) => {
    const derived = pbkdf1(from, password);
    const [key, iv] = [derived.subarray(0, 8), derived.subarray(8, 16)];
    if (cipher === 'rc2') return openRc2(key, 64, iv, ciphertext);
    return crypto.openCbc('3des', tripled(key), iv, ciphertext);
  };
}

interface Pbes2Cipher {
  readonly cipher: 'aes' | 'camellia' | '3des';
  readonly keyLength: number;
}

const pbes2Ciphers: Readonly<Record<string, Pbes2Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { cipher: 'aes', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { cipher: 'aes', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { cipher: 'aes', keyLength: 32 },
  '1.2.392.200011.61.1.1.1.2': { cipher: 'camellia', keyLength: 16 },
  '1.2.392.200011.61.1.1.1.3': { cipher: 'camellia', keyLength: 24 },
  '1.2.392.200011.61.1.1.1.4': { cipher: 'camellia', keyLength: 32 },
  '1.2.840.113549.3.7': { cipher: '3des', keyLength: 24 },
  '1.3.14.3.2.7': { cipher: '3des', keyLength: 8 },
};

function pbes2(parameters: Fields, opening: Opening): Decrypt {
  const derivation = parameters.sequence('key derivation');
  const encryption = parameters.sequence('encryption');
  const name = encryption.oid('cipher');
  if (name === '1.2.840.113549.3.2') return pbes2Rc2(derivation, encryption, opening);
  const chosen = pbes2Ciphers[name];
  if (!chosen) throw unsupported(`encryption ${name} is not read here`);
  const { cipher, keyLength } = chosen;
  const iv = encryption.octetString('IV');
  const derive = passwordBasedKey(derivation, keyLength, opening);
  return (password, ciphertext) => {
    const key = derive(password);
    return opening.crypto.openCbc(cipher, cipher === '3des' ? tripled(key) : key, iv, ciphertext);
  };
}

/** RFC 8018 §B.2.3. */
const rc2Versions: ReadonlyMap<number, number> = new Map([
  [160, 40],
  [120, 64],
  [58, 128],
]);

function pbes2Rc2(derivation: Fields, encryption: Fields, opening: Opening): Decrypt {
  const parameters = encryption.sequence('RC2 parameters');
  const version = parameters.tag === Tag.INTEGER ? parameters.number('version') : undefined;
  const bits = version === undefined ? 32 : (rc2Versions.get(version) ?? version);
  if (bits < 32 || bits > 1024) throw malformed('RC2 parameters: version');
  const iv = parameters.octetString('IV');
  if (iv.length !== 8) throw malformed('RC2 parameters: IV');
  const derive = passwordBasedKey(derivation, Math.ceil(bits / 8), opening);
  return (password, ciphertext) => openRc2(derive(password), bits, iv, ciphertext);
}

/** Undefined when the length or the padding is wrong. */
function openRc2(
  key: Uint8Array,
  bits: number,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  if (ciphertext.length === 0 || ciphertext.length % 8 !== 0) return undefined;
  const padded = rc2CbcDecrypt(key, bits, iv, ciphertext);
  const pad = padded.at(-1) ?? 0;
  const good = pad >= 1 && pad <= 8 && padded.subarray(-pad).every((octet) => octet === pad);
  return good ? padded.subarray(0, -pad) : undefined;
}

/** DES, and 3DES with two keys, as 3DES with three. */
function tripled(key: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 24 }, (_, i) => key[i % key.length] ?? 0);
}

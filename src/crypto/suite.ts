/** From negotiated transforms to algorithms and key lengths. RFC 7296 §2.13-2.17, RFC 5282 §7. */
import type { Cipher, Crypto, Integ, KeyExchange, Prf } from './provider.ts';

/** What protects an IKE SA. */
export interface IkeSuite {
  readonly cipher: Cipher;
  readonly keyBits: number;
  readonly prf: Prf;
  /** Absent with an AEAD. */
  readonly integ?: Integ;
  readonly keyExchange: KeyExchange;
}

/** What protects a Child SA with ESP. */
export interface EspSuite {
  readonly cipher: Cipher;
  readonly keyBits: number;
  readonly integ?: Integ;
  readonly esn: boolean;
  /** With PFS. */
  readonly keyExchange?: KeyExchange;
}

/** One transform ID of each type, as a responder chose them. */
export interface ChosenTransforms {
  readonly encr: number;
  /** Bits; absent when the cipher's key is of one size. */
  readonly keyBits?: number;
  readonly prf?: number;
  readonly integ?: number;
  readonly ke?: number;
  readonly esn?: boolean;
}

/** Octets of key material for the cipher, salt included. */
export const cipherKeyLength = (suite: { cipher: Cipher; keyBits: number }): number =>
  suite.keyBits / 8 + suite.cipher.saltLength;

/** Octets of key material for the integrity algorithm. */
export const integKeyLength = (suite: { integ?: Integ }): number => suite.integ?.keyLength ?? 0;

/** Undefined when the provider lacks one of the algorithms, or a required transform is missing. */
export function ikeSuite(crypto: Crypto, chosen: ChosenTransforms): IkeSuite | undefined {
  const encryption = encryptionOf(crypto, chosen);
  const prf = crypto.prfs.get(chosen.prf ?? 0);
  const keyExchange = crypto.keyExchanges.get(chosen.ke ?? 0);
  if (encryption === undefined || prf === undefined || keyExchange === undefined) return undefined;
  if (!encryption.cipher.ike) return undefined;
  const { cipher, keyBits, integ } = encryption;
  return integ ? { cipher, keyBits, prf, integ, keyExchange } : { cipher, keyBits, prf, keyExchange };
}

/** Undefined when the provider lacks one of the algorithms. */
export function espSuite(crypto: Crypto, chosen: ChosenTransforms): EspSuite | undefined {
  const encryption = encryptionOf(crypto, chosen);
  if (encryption === undefined) return undefined;
  const keyExchange = crypto.keyExchanges.get(chosen.ke ?? 0);
  if (keyExchange === undefined && (chosen.ke ?? 0) !== 0) return undefined;
  const { cipher, keyBits, integ } = encryption;
  const esn = chosen.esn ?? false;
  return { cipher, keyBits, esn, ...(integ && { integ }), ...(keyExchange && { keyExchange }) };
}

function encryptionOf(crypto: Crypto, chosen: ChosenTransforms) {
  const cipher = crypto.ciphers.get(chosen.encr);
  if (cipher === undefined) return undefined;
  const keyBits = chosen.keyBits ?? cipher.keyBits[0] ?? 0;
  if (!cipher.keyBits.includes(keyBits)) return undefined;
  const integ = crypto.integs.get(chosen.integ ?? 0);
  if (integ === undefined && (chosen.integ ?? 0) !== 0) return undefined;
  if (cipher.icvLength === 0 && integ === undefined) return undefined;
  return { cipher, keyBits, integ: cipher.icvLength === 0 ? integ : undefined };
}

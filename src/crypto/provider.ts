/** What a crypto provider is: plain lists of algorithms keyed by IKEv2 transform ID. */

/**
 * A source of random octets: returns exactly `length` fresh octets. The only randomness any algorithm uses. The octets belong to
 * the caller, who zeroes those that were a private value: who records what was drawn keeps a copy.
 */
export type Random = (length: number) => Uint8Array;

/** A cipher ready to work under one key. */
export interface CipherKey {
  /** Ciphertext; of an AEAD followed by its ICV. `plaintext` is a multiple of the cipher's `blockLength`, else RangeError. */
  seal(iv: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Plaintext, or undefined when the ICV of an AEAD or a length is wrong. Never throws on what came from outside. */
  open(iv: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
  /** Zeroes what it holds of the key; sealing or opening with it throws from then on. */
  destroy(): void;
}

/** ENCR, transform type 1. */
export interface Cipher {
  readonly id: number;
  readonly name: string;
  /** Key sizes in bits, as the Key Length attribute counts them (salt not included). */
  readonly keyBits: readonly number[];
  /** Whether a proposal carries the Key Length attribute (AES yes; 3DES, ChaCha20-Poly1305, NULL no). */
  readonly keyLengthAttribute: boolean;
  /** Octets of salt taken from the key material after the key. */
  readonly saltLength: number;
  /** Octets of the explicit IV in the packet. */
  readonly ivLength: number;
  /** `random`: unpredictable (CBC). `counter`: never repeated under a key (CTR, AEAD). `none`: no IV. */
  readonly iv: 'random' | 'counter' | 'none';
  /** Octets of the ICV an AEAD appends; 0 means the cipher needs an INTEG. */
  readonly icvLength: number;
  /** The padded plaintext is a multiple of this many octets. */
  readonly blockLength: number;
  /** False for what IKE must not use (NULL, GMAC): ESP only. */
  readonly ike: boolean;
  /** `key` is the key followed by its salt: `keyBits / 8 + saltLength` octets, else RangeError. It is copied. */
  key(key: Uint8Array): CipherKey;
}

/** PRF, transform type 2. */
export interface Prf {
  readonly id: number;
  readonly name: string;
  /** Preferred key length in octets (RFC 7296 §2.13). */
  readonly keyLength: number;
  readonly outputLength: number;
  /** AES-XCBC and AES-CMAC: SKEYSEED is keyed with 64 bits of each nonce only (RFC 7296 §2.14). */
  readonly fixedKey: boolean;
  compute(key: Uint8Array, ...data: Uint8Array[]): Uint8Array;
  /** prf+(prf(salt, secret), seed) in one call, where the provider has HKDF (RFC 5869), which is the very same. */
  extractAndExpand?(salt: Uint8Array, secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array;
}

/** INTEG, transform type 3. */
export interface Integ {
  readonly id: number;
  readonly name: string;
  /** Key length in octets. */
  readonly keyLength: number;
  readonly icvLength: number;
  compute(key: Uint8Array, ...data: Uint8Array[]): Uint8Array;
}

/** One side's ephemeral key of a key exchange. */
export interface KeyPair {
  /** The Key Exchange Data we send, of the group's full length. */
  readonly publicValue: Uint8Array;
  /**
   * g^ir, of the group's full length. Throws KeyExchangeError on a value RFC 6989 refuses. May be asked again, for another
   * response to the same IKE_SA_INIT request (RFC 7296 §2.4), until `destroy`.
   */
  derive(peer: Uint8Array): Uint8Array;
  /** Forgets the private value. */
  destroy(): void;
}

/** KE, transform type 4. The responder's half is apart so that a KEM fits in (RFC 9370). */
export interface KeyExchange {
  readonly id: number;
  readonly name: string;
  /** Octets of Key Exchange Data the initiator and the responder send. */
  readonly initiatorLength: number;
  readonly responderLength: number;
  generate(random: Random): KeyPair;
  /** Answers an initiator's value. Throws KeyExchangeError. */
  respond(random: Random, peer: Uint8Array): { readonly value: Uint8Array; readonly secret: Uint8Array };
}

/** The peer's value is of the wrong length, not in the group, of small order, or gives a zero secret. RFC 6989. */
export class KeyExchangeError extends Error {
  readonly code = 'KEY_EXCHANGE';
  constructor(
    readonly method: number,
    readonly reason: 'length' | 'range' | 'point' | 'zero',
  ) {
    super(`key exchange ${method}: peer's value refused (${reason})`);
  }
}

export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** How a signature is made. RFC 7427, RFC 8420. */
export type SignatureAlgorithm =
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashName }
  /** MGF1 with the same hash; `saltLength` in octets. */
  | { readonly kind: 'rsa-pss'; readonly hash: HashName; readonly saltLength: number }
  /** The signature is an Ecdsa-Sig-Value in strict DER. RFC 3279 §2.2.3. */
  | { readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ed448' };

export interface PublicKey {
  readonly kind: 'rsa' | 'ec' | 'ed25519' | 'ed448';
  /** Of the modulus, or of the field. */
  readonly bits: number;
  /** Of an EC key: `P-256`, `P-384`, `P-521`, `brainpoolP256r1`, ... */
  readonly curve?: string;
  /** Whether the signature holds. Never throws; an algorithm of another kind of key does not hold. */
  verify(algorithm: SignatureAlgorithm, message: Uint8Array, signature: Uint8Array): boolean;
}

/** The half that no engine is given: whoever answers its `sign` questions holds these. */
export interface PrivateKey {
  readonly kind: PublicKey['kind'];
  readonly bits: number;
  readonly curve?: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Throws RangeError for an algorithm of another kind of key. */
  sign(random: Random, algorithm: SignatureAlgorithm, message: Uint8Array): Uint8Array;
}

/** A provider, or several spread over one another. An algorithm not in its list is not claimed. */
export interface Crypto {
  readonly name: string;
  readonly ciphers: ReadonlyMap<number, Cipher>;
  readonly prfs: ReadonlyMap<number, Prf>;
  readonly integs: ReadonlyMap<number, Integ>;
  readonly keyExchanges: ReadonlyMap<number, KeyExchange>;
  /** Reads a SubjectPublicKeyInfo (DER, strict); undefined when the key is none it takes: unknown, malformed or out of bounds. */
  publicKey(spki: Uint8Array): PublicKey | undefined;
  hash(name: HashName, ...data: Uint8Array[]): Uint8Array;
  /** Same length and same octets, in constant time. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

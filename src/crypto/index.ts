/** The algorithms of IKEv2 and ESP, as values. */
export { defaultCrypto, spread } from './default.ts';
export {
  DerError,
  DerReader,
  DerTag,
  der,
  derBits,
  derNatural,
  derNull,
  derOid,
  explicitTag,
  readDer,
} from './der.ts';
export { ecdsaFromRaw, ecdsaToRaw } from './ecdsa-value.ts';
export { type NamedCurve, namedCurves } from './named-curves.ts';
export { nobleCrypto } from './noble/index.ts';
export { noblePrivateKey } from './noble/signature.ts';
export { nodeCrypto } from './node/index.ts';
export { systemRandom } from './node/random.ts';
export { nodePrivateKey } from './node/signature.ts';
export { prfPlus } from './prf-plus.ts';
export {
  type Cipher,
  type CipherKey,
  type Crypto,
  type HashName,
  type Integ,
  type KeyExchange,
  KeyExchangeError,
  type KeyPair,
  type Prf,
  type PrivateKey,
  type PublicKey,
  type Random,
  type SignatureAlgorithm,
} from './provider.ts';
export { Secret } from './secret.ts';
export { algorithmIdentifier, hashLengths, parseAlgorithmIdentifier } from './signature-algorithm.ts';
export { ckaid, parseSpki, rsaSpki, type SignatureKey } from './signature-key.ts';
export {
  type ChosenTransforms,
  cipherKeyLength,
  type EspSuite,
  espSuite,
  type IkeSuite,
  ikeSuite,
  integKeyLength,
} from './suite.ts';

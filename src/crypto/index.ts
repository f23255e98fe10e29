/** The algorithms of IKEv2 and ESP, as values. */
export { defaultCrypto, spread } from './default.ts';
export { nobleCrypto } from './noble/index.ts';
export { nodeCrypto } from './node/index.ts';
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
  type Random,
} from './provider.ts';
export { Secret } from './secret.ts';
export {
  type ChosenTransforms,
  cipherKeyLength,
  type EspSuite,
  espSuite,
  type IkeSuite,
  ikeSuite,
  integKeyLength,
} from './suite.ts';

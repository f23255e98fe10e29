/** The provider used unless another is given. */
import { nobleCrypto } from './noble/index.ts';
import { nodeCrypto } from './node/index.ts';
import type { Crypto } from './provider.ts';

/** `over`'s algorithms, and `base`'s where `over` has none. */
export function spread(base: Crypto, over: Crypto, name = `${over.name} over ${base.name}`): Crypto {
  return {
    name,
    ciphers: new Map([...base.ciphers, ...over.ciphers]),
    prfs: new Map([...base.prfs, ...over.prfs]),
    integs: new Map([...base.integs, ...over.integs]),
    keyExchanges: new Map([...base.keyExchanges, ...over.keyExchanges]),
    hash: over.hash,
    equal: over.equal,
  };
}

export const defaultCrypto: Crypto = spread(nobleCrypto, nodeCrypto);

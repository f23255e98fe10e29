/** The portable provider: no part of it needs Node. It claims what its packages have. */
import { byId } from '../by-id.ts';
import type { Crypto } from '../provider.ts';
import { ciphers } from './cipher.ts';
import { equal, hash } from './hash.ts';
import { integs } from './integ.ts';
import { keyExchanges } from './key-exchange.ts';
import { prfs } from './prf.ts';
import { publicKey } from './signature.ts';

export const nobleCrypto: Crypto = {
  name: 'noble',
  ciphers: byId(ciphers),
  prfs: byId(prfs),
  integs: byId(integs),
  keyExchanges: byId(keyExchanges),
  publicKey,
  hash,
  equal,
};

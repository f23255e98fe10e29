/** Every provider, and one of each: what both ends of a scene compute with. */
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import type { PairOptions } from '../../src/testing/index.ts';

type Ends = Pick<PairOptions, 'initiator' | 'responder'>;

/** For `describe.each(cryptos)('... with %s', (_name, ends) => ...)`. */
export const cryptos: readonly (readonly [name: string, ends: Ends])[] = [
  ['noble', { initiator: { crypto: nobleCrypto }, responder: { crypto: nobleCrypto } }],
  ['node', { initiator: { crypto: nodeCrypto }, responder: { crypto: nodeCrypto } }],
  ['noble and node', { initiator: { crypto: nobleCrypto }, responder: { crypto: nodeCrypto } }],
  ['node and noble', { initiator: { crypto: nodeCrypto }, responder: { crypto: nobleCrypto } }],
];

/** Providers by the names of the command line. */
import { defaultCrypto, nobleCrypto, nodeCrypto } from '../crypto/index.ts';

export const providers = { default: defaultCrypto, node: nodeCrypto, noble: nobleCrypto } as const;

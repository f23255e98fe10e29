/** PRF over node:crypto. */
import { prfsOf } from '../macs.ts';
import type { Prf } from '../provider.ts';
import { aesBlocks } from './cipher.ts';
import { hkdf, hmac } from './hash.ts';

export const prfs: readonly Prf[] = prfsOf(hmac, aesBlocks, hkdf);

/** PRF over the noble packages. */
import { prfsOf } from '../macs.ts';
import type { Prf } from '../provider.ts';
import { aesBlocks } from './cipher.ts';
import { hmac } from './hash.ts';

export const prfs: readonly Prf[] = prfsOf(hmac, aesBlocks);

/** INTEG over node:crypto. */
import { integsOf } from '../macs.ts';
import type { Integ } from '../provider.ts';
import { aesBlocks } from './cipher.ts';
import { hmac } from './hash.ts';

export const integs: readonly Integ[] = integsOf(hmac, aesBlocks);

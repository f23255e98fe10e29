/** Libreswan's impairments of IKEv2, by the names of `whack --impair` with `_` for `-`. */
import { impairedFlow } from './impaired-flow.ts';
import { impairedPayloads } from './impaired-payloads.ts';
import type { Vocabulary } from './vocabulary.ts';

export const impairments = { ...impairedFlow, ...impairedPayloads } as const satisfies Vocabulary;

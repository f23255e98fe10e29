/** All cases, in the order they run. */
import type { Case } from '../case.ts';
import { first } from './first.ts';

export const cases: readonly Case[] = [...first];

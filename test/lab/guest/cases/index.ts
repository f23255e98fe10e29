/** All cases, in the order they run. */
import type { Case } from '../case.ts';
import { children } from './children.ts';
import { endings, restarts } from './endings.ts';
import { fields } from './fields.ts';
import { labels } from './labels.ts';
import { nat } from './nat.ts';
import { onDemandCases } from './on-demand.ts';
import { rekeys } from './rekeys.ts';

export const cases: readonly Case[] = [
  ...fields,
  ...children,
  ...rekeys,
  ...nat,
  ...onDemandCases,
  ...endings,
  ...restarts,
  ...labels,
];

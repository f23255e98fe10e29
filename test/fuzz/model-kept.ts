/** Programs that once failed: what the model found, shrunk. They run before any other. */
import type { Program } from './steps.ts';

export const kept: readonly Program[] = [];

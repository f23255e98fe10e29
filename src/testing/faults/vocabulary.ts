/** The faults other test peers can make, each as a script of ours. docs/faults.md shows the table. */

import type { FaultRule } from './script.ts';
import { conftest } from './vocabulary-conftest.ts';
import { impairments } from './vocabulary-impairments.ts';

export interface VocabularyEntry {
  /** What the peer of that name does. */
  readonly does: string;
  /** The end that misbehaves; the initiator unless said. */
  readonly peer?: 'initiator' | 'responder';
  readonly rules: readonly FaultRule[];
}

export type Vocabulary = Readonly<Record<string, VocabularyEntry>>;

/** The pre-shared key in the scripts that make AUTH anew. */
export const vocabularyPsk = 'somesharedkey';

/** By origin and name. */
export const vocabulary = { conftest, impairments } as const;

/** The rows of docs/faults.md: name, what it does, and the rules. */
export function vocabularyTable(entries: Vocabulary): string[] {
  const rows = Object.entries(entries).map(([name, { does, peer, rules }]) => {
    const text = rules
      .map(({ name: _, ...rule }) => `\`${JSON.stringify(rule).replaceAll('|', '\\|')}\``)
      .join('<br>');
    return `| \`${name}\` | ${does}${peer === 'responder' ? ' (responder)' : ''} | ${text} |`;
  });
  return ['| name | what it does | rules |', '|---|---|---|', ...rows];
}

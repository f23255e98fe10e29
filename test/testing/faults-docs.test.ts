/** docs/faults.md says what there is: its tables are made from the code, its examples are read by it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readFaultFile } from '../../src/testing/fault-file.ts';
import { actionNames, misbehave, pair, vocabulary, vocabularyTable } from '../../src/testing/index.ts';

const file = new URL('../../docs/faults.md', import.meta.url);
const text = readFileSync(file, 'utf8');

/** The same text with both vocabularies as they are now. */
function renewed(): string {
  let all = text;
  for (const name of ['conftest', 'impairments'] as const) {
    const table = vocabularyTable(vocabulary[name]).join('\n');
    const place = new RegExp(`<!-- ${name} -->\\n.*?<!-- end -->`, 's');
    all = all.replace(place, () => `<!-- ${name} -->\n${table}\n<!-- end -->`);
  }
  return all;
}

/** First cells of the table under a heading. */
const cells = (heading: string): string[] => {
  const part = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...part.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
};

describe('docs/faults.md', () => {
  it('has both vocabularies (made anew with IKEV2_WRITE_DOCS=1)', () => {
    if (process.env.IKEV2_WRITE_DOCS) writeFileSync(file, renewed());
    else expect(text).toBe(renewed());
  });

  it('explains every action, and no other', () => {
    expect(cells('What a rule does').sort()).toEqual([...actionNames].sort());
  });

  it('explains every field of a match', () => {
    const fields = cells('What a rule matches');
    const { network, initiator } = pair();
    const values: Readonly<Record<string, unknown>> = {
      direction: 'in',
      sender: 'initiator',
      exchange: 'IKE_AUTH',
      message: 'request',
      payload: 'SA',
      without: 'SA',
      retransmission: true,
      esp: true,
      perSa: true,
      from: '10.0.0.1',
      to: '10.0.0.1',
    };
    for (const field of fields) {
      const on = { [field]: values[field] ?? 1 };
      expect(() => misbehave(network, initiator, { rules: [{ on, do: 'drop' }] }), field).not.toThrow();
    }
    expect(fields).toHaveLength(16);
  });

  it('has examples that are scripts', () => {
    const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, each = '']) => each);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const { network, initiator } = pair();
      const { rules } = readFaultFile(example, 'docs/faults.md');
      const { report } = misbehave(network, initiator, { rules });
      initiator.up('pair');
      network.run();
      expect(report.length).toBeGreaterThan(0);
    }
  });

  it('covers the 23 hooks and every impairment of facts/faults.md', () => {
    expect(Object.keys(vocabulary.conftest)).toHaveLength(23 + 6 + 1);
    expect(Object.keys(vocabulary.impairments).length).toBeGreaterThan(75);
  });
});

/** Every class of published faults that touches authentication has a test of its own: `docs/security-tests.md` names it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const rows = read('docs/security-tests.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| class'));

describe('docs/security-tests.md', () => {
  it.each(rows)('%s', (line) => {
    const [, path = '', name = ''] = /`(test\/[^`]+\.test\.ts)`: (.+) \|$/.exec(line) ?? [];
    expect(path).not.toBe('');
    expect(read(path)).toContain(`'${name}'`);
  });

  it('has them all', () => {
    expect(rows.length).toBeGreaterThan(25);
  });
});

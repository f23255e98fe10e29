/** Labels by themselves: their form, their equality, and what people are shown of them. RFC 9478 §2. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  formatLabel,
  labelFault,
  labelFrom,
  sameLabel,
  simpleLabels,
  withNul,
} from '../../src/policy/label.ts';
import { networks, parseCidr } from '../../src/policy/range.ts';
import { contains, formatRange } from '../../src/policy/selector.ts';

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the form', () => {
  test.each([
    ['a context', labelFrom('system_u:object_r:ipsec_spd_t:s0:c1.c3,c7'), undefined, undefined],
    ['no NUL', octets('a:b'), /no NUL at its end/, undefined],
    ['a NUL inside', octets('a\0b\0'), /NUL inside/, /NUL inside/],
    ['two NULs', octets('a\0\0'), /NUL inside/, /NUL inside/],
    ['nothing', new Uint8Array(0), /empty/, /empty/],
    ['a NUL alone', Uint8Array.of(0), /empty/, /empty/],
    ['4096 octets', labelFrom('x'.repeat(4095)), undefined, undefined],
    ['4097 octets', labelFrom('x'.repeat(4096)), /4097 octets/, /4097 octets/],
    ['a blank', labelFrom('a b'), /blanks/, undefined],
    ['an escape', labelFrom('a\x1b[2J'), /control characters/, undefined],
  ])('%s', (_, label, selinux, simple) => {
    for (const [mode, wanted] of [
      ['selinux', selinux],
      ['simple', simple],
    ] as const) {
      const fault = labelFault(label, mode);
      if (wanted === undefined) expect(fault).toBeUndefined();
      else expect(fault).toMatch(wanted);
    }
  });

  it('a NUL that is missing is there', () => {
    expect(sameLabel(octets('a:b'), labelFrom('a:b'))).toBe(true);
    expect(sameLabel(octets('a:b'), labelFrom('a:c'))).toBe(false);
    expect(withNul(octets('a'))).toEqual(Uint8Array.of(0x61, 0));
    expect(simpleLabels.denial(octets('a'), labelFrom('a'))).toBeUndefined();
    expect(simpleLabels.denial(octets('A'), labelFrom('a'))).toEqual({ check: 'match', said: 'A is not a' });
  });
});

describe('as text', () => {
  test.each([
    [labelFrom('a:b:c:s0-s0:c0.c1023'), 'a:b:c:s0-s0:c0.c1023'],
    [octets('a\0b'), 'a\\x00b'],
    [octets('\x1b]0;x\x07'), '\\x1b]0;x\\x07'],
    [octets('"\\ é'), '\\x22\\x5c\\x20\\xc3\\xa9'],
    [labelFrom('x'.repeat(300)), `${'x'.repeat(256)}... (301 octets)`],
  ])('%#', (label, text) => {
    expect(formatLabel(label)).toBe(text);
  });

  it('is printable ASCII on one line, short, and tells labels apart', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70_000, size: 'max' }),
        fc.uint8Array({ maxLength: 40 }),
        (a, b) => {
          for (const label of [a, b]) {
            expect(formatLabel(label)).toMatch(/^[\x21-\x7e]*(\.\.\. \(\d+ octets\))?$/);
            expect(formatLabel(label).length).toBeLessThan(1100);
          }
          const [one, other] = [a.subarray(0, 40), b];
          expect(formatLabel(one) === formatLabel(other)).toBe(sameLabel(one, other));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('networks of a range', () => {
  test.each([
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['10.0.0.1-10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
    ['0.0.0.0-255.255.255.254', 32],
    ['2001:db8::1-2001:db8::2', ['2001:db8::1/128', '2001:db8::2/128']],
    ['255.255.255.254-255.255.255.255', ['255.255.255.254/31']],
  ])('%s', (text, wanted) => {
    const range = parseCidr(text);
    if (range === undefined) throw new SyntaxError(text);
    const found = networks(range);
    if (typeof wanted === 'number') expect(found).toHaveLength(wanted);
    else expect(found.map(formatRange)).toEqual(wanted);
    expect(found.every((each) => contains(range, each))).toBe(true);
    expect(found.at(-1)?.end).toEqual(range.end);
  });
});

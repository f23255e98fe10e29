import { describe, expect, test } from 'vitest';
import { oneOf, parseBinary, parseCount, parseTime, parseWord, yesNo } from '../../src/config/values.ts';

describe('times, in milliseconds', () => {
  // As pluto 4.10 reads retransmit-timeout= (s) and retransmit-interval= (ms); decimals as 5.x does.
  test.each([
    ['8h', 's', 28_800_000],
    ['30', 's', 30_000],
    ['30', 'ms', 30],
    ['30s', 'ms', 30_000],
    ['500ms', 's', 500],
    ['1d', 's', 86_400_000],
    ['1w', 's', 604_800_000],
    ['3m', 's', 180_000],
    ['1.5h', 's', 5_400_000],
    ['0', 's', 0],
    ['8H', 's', 28_800_000],
  ] as const)('%s in %s', (text, unit, milliseconds) => {
    expect(parseTime(text, unit)).toBe(milliseconds);
  });

  test.each([
    '',
    'h',
    '7us',
    '1h30m',
    '-1',
    '1e3',
    ' 1',
    '.5h',
    '99999999999999999999w',
    'constructor',
    '1constructor',
    '5toString',
  ])('%j is none', (text) => {
    expect(parseTime(text, 's')).toMatchObject({ wrong: expect.stringContaining('time') });
  });
});

describe('sizes', () => {
  test.each([
    ['10', 'b', 10n],
    ['10KiB', 'b', 10_240n],
    ['10kib', 'b', 10_240n],
    ['10MiB', 'b', 10_485_760n],
    ['7EiB', 'b', 7n << 60n],
    ['10Ki', '', 10_240n],
  ] as const)('%s', (text, unit, size) => {
    expect(parseBinary(text, unit)).toBe(size);
  });

  test.each(['10K', '10kB', '1.5GiB', '10G', '8EiB', 'KiB', '', '10Ki'])('%j is none', (text) => {
    expect(parseBinary(text, 'b')).toMatchObject({ expected: expect.stringContaining('KiB') });
  });
});

test.each([
  ['yes', 'yes'],
  ['NO', 'no'],
  ['true', 'yes'],
  ['off', 'no'],
  ['y', 'yes'],
  ['1', 'yes'],
  ['0', 'no'],
])('boolean %s', (text, word) => {
  expect(parseWord(text, yesNo)).toBe(word);
});

test('a word out of a list says what was expected', () => {
  expect(parseWord('maybe', yesNo)).toEqual({
    wrong: '"maybe" is not one of its values',
    expected: 'yes or no',
  });
  expect(parseWord('x', oneOf('a b c'))).toMatchObject({ expected: 'a, b or c' });
  expect(parseWord('__proto__', yesNo)).toMatchObject({ expected: 'yes or no' });
});

test('numbers have bounds', () => {
  expect(parseCount('65535', 1, 65535)).toBe(65535);
  for (const text of ['0', '65536', '-1', '1.0', '', '9'.repeat(400)])
    expect(parseCount(text, 1, 65535)).toHaveProperty('wrong');
});

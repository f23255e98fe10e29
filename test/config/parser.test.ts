import { describe, expect, test } from 'vitest';
import { Mistakes } from '../../src/config/mistake.ts';
import { parseSections } from '../../src/config/parser.ts';
import { sourcesOf } from '../../src/config/sources.ts';
import { errors, read, remarks } from './read.ts';

function parameters(text: string): { values: string[]; errors: string[] } {
  const mistakes = new Mistakes();
  const sections = parseSections(sourcesOf({ '/c': text }), '/c', mistakes);
  return {
    values: sections.flatMap((section) =>
      section.parameters.map(({ name, value }) => `${section.name}.${name.text}=${value.text}`),
    ),
    errors: mistakes.all.map(({ line, column, message }) => `${line}:${column} ${message}`),
  };
}

describe('lines', () => {
  test.each([
    ['blanks around =', 'conn a\n\tx = 1\n', ['a.x=1']],
    ['quotes', 'conn a\n\tx="1 2 # 3"\n', ['a.x=1 2 # 3']],
    ['empty quotes', 'conn a\n\tx=""\n', ['a.x=']],
    ['no value', 'conn a\n\tx=\n', ['a.x=']],
    ['braces', 'conn a\n\tx={10.0.0.0/8 11.0.0.0/8}\n', ['a.x=10.0.0.0/8 11.0.0.0/8']],
    ['a quote inside a bare word', 'conn a\n\tx=1"2\n', ['a.x=1"2']],
    ['a # inside a bare word', 'conn a\n\tx=1#2\n', ['a.x=1#2']],
    ['a comment after a value', 'conn a\n\tx=1 # two\n', ['a.x=1']],
    ['a comment after an empty value', 'conn a\n\tx= # two\n', ['a.x=']],
    [
      'comments and blank lines between',
      '#0\nconn a # 1\n\n  # 2\n# 3\n\tx=1\n \n\ty=2\n',
      ['a.x=1', 'a.y=2'],
    ],
    ['CRLF and a byte order mark', '\uFEFFconn a\r\n\tx=1\r\n', ['a.x=1']],
    ['no newline at the end', 'conn a\n x=1', ['a.x=1']],
    ['a quoted name', 'conn "a b"\n x=1\n', ['a b.x=1']],
    [
      'several sections',
      'config setup\n x=1\nconn %default\n y=2\nconn b\n z=3',
      ['setup.x=1', '%default.y=2', 'b.z=3'],
    ],
    ['= inside a value', "conn a\n x=CN='a',O=b\n", ["a.x=CN='a',O=b"]],
  ])('%s', (_, text, values) => {
    expect(parameters(text)).toEqual({ values, errors: [] });
  });

  test.each([
    ['two words', 'conn a\n\tx=1 2\n', '2:6 unexpected "2" after the value of "x"'],
    ['an open quote', 'conn a\n\tx="1\n', '2:4 the quote is not closed on this line'],
    ['an open brace', 'conn a\n\tx={1\n', '2:4 the brace is not closed on this line'],
    ['a word after a quote', 'conn a\n\tx="1"2\n', '2:7 unexpected "2" after the value of "x"'],
    ['no =', 'conn a\n\tmodecfgdns1.2.3.4\n', '2:2 cannot read "modecfgdns1.2.3.4"'],
    ['nothing before =', 'conn a\n\t=1\n', '2:2 cannot read "=1"'],
    ['no name', 'conn\n\tx=1\n', '1:1 a conn needs a name'],
    ['two names', 'conn a b\n', '1:8 unexpected "b" after conn "a"'],
    ['a reserved name', 'conn %x\n', '1:6 a conn cannot be called "%x"'],
    ['another config', 'config foo\n', '1:8 there is no section "config foo"'],
    ['a ca section', 'ca x\n\tcacert=y\n', '1:1 Libreswan has no "ca" sections'],
    ['prose', 'Your subnet\n', '1:1 cannot read "Your"'],
    ['an indented conn', ' conn a\n', '1:2 "conn" must start at the left margin'],
    ['a parameter outside', '\tx=1\n\ty=2\n', '1:2 "x" belongs to no section'],
    [
      'a parameter at the margin',
      'conn a\nx=1\n',
      '2:1 "x" stands at the left margin; the parameters of a section must be indented',
    ],
    ['a control character', 'conn a\n\tx=1\u001b[31m\n', '2:5 control character "\\x1b" in the file'],
  ])('%s is a mistake', (_, text, error) => {
    expect(parameters(text).errors).toEqual([error]);
  });

  test('`version` is noted', () => {
    expect(parameters('version 2.0\n').errors).toEqual(['1:1 the version line is obsolete and ignored']);
  });
});

describe('include', () => {
  const order = (files: Record<string, string>): string[] => {
    const mistakes = new Mistakes();
    return [
      ...parseSections(sourcesOf(files), '/c', mistakes).map(({ name }) => name),
      ...mistakes.all.map(({ file, line, message }) => `${file}:${line} ${message}`),
    ];
  };

  test('goes where it stands, globs in order, relative to the including file', () => {
    const files = {
      '/c': 'conn a\ninclude d/*.conf\nconn z\n',
      '/d/2.conf': 'conn d2\n',
      '/d/1.conf': 'conn d1\ninclude sub/x\n',
      '/d/sub/x': 'conn x\n',
      '/d/3.txt': 'conn no\n',
    };
    expect(order(files)).toEqual(['a', 'd1', 'x', 'd2', 'z']);
  });

  test('of an absolute path', () => {
    expect(order({ '/c': 'include /e/x\n', '/e/x': 'conn x\n' })).toEqual(['x']);
  });

  test('of nothing is a warning without wildcards and silent with them', () => {
    expect(order({ '/c': 'include x\ninclude *.none\n' })).toEqual(['/c:1 there is no file "/x" to include']);
  });

  test('in a circle is a mistake', () => {
    expect(order({ '/c': 'include x\n', '/x': 'include c\nconn x\n' })).toEqual([
      'x',
      '/x:1 "/c" includes itself',
    ]);
  });

  test('deeper than 10 is a mistake', () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [at === 0 ? '/c' : `/f${at}`, `include f${at + 1}\n`]),
    );
    expect(order(files)).toEqual(['/f9:1 includes nest deeper than 10']);
  });

  test('of everything by everything ends', () => {
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [at === 0 ? '/c' : `/f${at}`, 'include f*\n']),
    );
    expect(order(files).some((line) => line.includes('more than 5000 files'))).toBe(true);
  });

  test('without a name is a mistake', () => {
    expect(order({ '/c': 'include\n' })).toEqual(['/c:1 include names no file']);
  });

  test('ends the section', () => {
    expect(errors(read({ '/c': 'config setup\ninclude x\n\tuniqueids=no\n', '/x': '' }))).toEqual([
      '/c:3:2: error: "uniqueids" belongs to no section (expected a line "conn NAME" or "config setup" before it)',
    ]);
  });
});

test('hostile content is escaped', () => {
  const shown = remarks(read({ '/c': 'conn "a\u202e\u0085"\n\tl\u200beft=1\n\t\u2028x\n' })).join('\n');
  expect(shown).not.toMatch(/[^\n\x20-\x7e]/);
  expect(shown).toContain('\\u{200b}');
});

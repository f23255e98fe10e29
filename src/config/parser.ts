/** ipsec.conf as sections with located parameters, includes followed. ipsec.conf(5). */
import { lines, type Word } from './lexer.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import { includePattern, isGlob, maxIncludeDepth, type Sources } from './sources.ts';

/** `config setup`, `conn %default` or a conn, with its parameters as they stand. */
export interface Section {
  readonly kind: 'setup' | 'default' | 'conn';
  readonly name: string;
  readonly at: Place;
  readonly parameters: Parameter[];
}

export interface Parameter {
  readonly name: Word;
  readonly value: Word;
}

/** The sections of `file` and of all it includes, in the order met. */
export function parseSections(sources: Sources, file: string, mistakes: Mistakes): Section[] {
  const sections: Section[] = [];
  new FileParser(sources, sections, mistakes).parse(file, [], { file, line: 0, column: 0 });
  return sections;
}

/** Bounds includes that include each other in ever new orders. */
const maxFilesParsed = 5000;

class FileParser {
  #parsed = 0;

  constructor(
    readonly sources: Sources,
    readonly sections: Section[],
    readonly mistakes: Mistakes,
  ) {}

  parse(file: string, including: readonly string[], from: Place): void {
    const source = this.sources.files.get(file);
    if (source === undefined || 'unreadable' in source) {
      const why = source === undefined ? 'it was not read' : source.unreadable;
      this.mistakes.error(from, `cannot read ${quoted(file)}: ${why}`);
      return;
    }
    let current: Parameter[] | undefined;
    for (const line of lines(source.text, file, this.mistakes)) {
      if (line.kind === 'parameter') {
        if (current === undefined) {
          this.mistakes.error(
            line.name,
            `${quoted(line.name.text)} belongs to no section`,
            'a line "conn NAME" or "config setup" before it',
          );
          current = [];
        }
        current.push({ name: line.name, value: line.value });
      } else if (line.kind === 'section') {
        current = this.#open(line.type, line.name);
      } else if (line.kind === 'version') {
        this.mistakes.note(line.at, 'the version line is obsolete and ignored');
      } else {
        current = undefined;
        this.#include(line.pattern, [...including, file]);
      }
    }
  }

  /** Starts a section; what follows a heading that cannot be read is gathered and dropped. */
  #open(type: Word, name: Word | undefined): Parameter[] {
    const parameters: Parameter[] = [];
    const text = name?.text ?? '';
    if (type.text === 'ca') {
      this.mistakes.error(type, 'Libreswan has no "ca" sections', '"conn NAME" or "config setup"');
    } else if (type.text === 'config') {
      if (text === 'setup') this.sections.push({ kind: 'setup', name: 'setup', at: type, parameters });
      else
        this.mistakes.error(
          name ?? type,
          `there is no section ${quoted(`config ${text}`)}`,
          '"config setup"',
        );
    } else if (name === undefined || text === '') {
      this.mistakes.error(type, 'a conn needs a name', 'conn NAME');
    } else if (text.startsWith('%') && text !== '%default') {
      this.mistakes.error(name, `a conn cannot be called ${quoted(text)}`, 'a name without %, or %default');
    } else {
      this.sections.push({
        kind: text === '%default' ? 'default' : 'conn',
        name: text,
        at: name,
        parameters,
      });
    }
    return parameters;
  }

  #include(pattern: Word, including: readonly string[]): void {
    const absolute = includePattern(pattern.text, including.at(-1) ?? '');
    const found = this.sources.includes.get(absolute) ?? [];
    if (found.length === 0 && !isGlob(pattern.text)) {
      this.mistakes.warning(pattern, `there is no file ${quoted(absolute)} to include`);
    }
    for (const file of found) {
      this.#parsed += 1;
      if (this.#parsed > maxFilesParsed) {
        this.mistakes.error(pattern, `more than ${maxFilesParsed} files are included`);
        return;
      }
      if (including.includes(file)) this.mistakes.error(pattern, `${quoted(file)} includes itself`);
      else if (including.length >= maxIncludeDepth)
        this.mistakes.error(pattern, `includes nest deeper than ${maxIncludeDepth}`);
      else this.parse(file, including, pattern);
    }
  }
}

/** One line of ipsec.conf at a time: what it is and where its words stand. ipsec.conf(5). */
import { type Mistakes, type Place, quoted } from './mistake.ts';

/** A word and its place. */
export interface Word extends Place {
  readonly text: string;
}

export type Line =
  | { readonly kind: 'section'; readonly type: Word; readonly name: Word | undefined }
  | { readonly kind: 'include'; readonly pattern: Word }
  | { readonly kind: 'version'; readonly at: Place }
  | { readonly kind: 'parameter'; readonly name: Word; readonly value: Word };

const sectionTypes: readonly string[] = ['config', 'conn', 'ca'];
const control = /(?!\t)\p{Cc}/u;

/** The lines of one file that mean something. A line that cannot be read is a mistake and is left out. */
export function* lines(text: string, file: string, mistakes: Mistakes): Generator<Line> {
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = new LineReader(whole.replace(/\r$/, ''), file, index + 1, mistakes).read();
    if (line !== undefined) yield line;
  }
}

class LineReader {
  #at = 0;

  constructor(
    readonly text: string,
    readonly file: string,
    readonly number: number,
    readonly mistakes: Mistakes,
  ) {}

  read(): Line | undefined {
    this.#blanks();
    if (this.#ended) return undefined;
    const odd = control.exec(this.text);
    if (odd !== null) {
      this.mistakes.error(this.#place(odd.index), `control character ${quoted(odd[0])} in the file`);
      return undefined;
    }
    const indented = this.#at > 0;
    const first = this.#take(/[^\s="]*/y);
    this.#blanks();
    if (this.text[this.#at] === '=' && first.text !== '') return this.#parameter(first, indented);
    const type = first.text.toLowerCase();
    if (type === 'include' || type === 'version' || sectionTypes.includes(type)) {
      if (indented) {
        this.mistakes.error(first, `"${type}" must start at the left margin`);
        return undefined;
      }
      return this.#heading(first, type);
    }
    const shown = first.text === '' ? this.text.slice(this.#at) : first.text;
    this.mistakes.error(
      first,
      `cannot read ${quoted(shown)}`,
      indented ? 'NAME=VALUE' : '"conn NAME", "config setup", "include FILE", or an indented NAME=VALUE',
    );
    return undefined;
  }

  #parameter(name: Word, indented: boolean): Line | undefined {
    if (!indented) {
      this.mistakes.error(
        name,
        `${quoted(name.text)} stands at the left margin; the parameters of a section must be indented`,
      );
    }
    this.#at += 1;
    this.#blanks();
    const value = this.#value();
    if (value === undefined || !this.#end(`the value of ${quoted(name.text)}`)) return undefined;
    return { kind: 'parameter', name, value };
  }

  #heading(first: Word, type: string): Line | undefined {
    const word = this.#ended ? undefined : this.#value();
    if (type === 'version') return { kind: 'version', at: first };
    if (word !== undefined && !this.#end(`${type} ${quoted(word.text)}`)) return undefined;
    if (type !== 'include') return { kind: 'section', type: { ...first, text: type }, name: word };
    if (word === undefined || word.text === '') {
      this.mistakes.error(first, 'include names no file', 'include FILE');
      return undefined;
    }
    return { kind: 'include', pattern: word };
  }

  /** A bare word, `"anything without a quote"` or `{anything}`. */
  #value(): Word | undefined {
    const open = this.text[this.#at];
    if (open !== '"' && open !== '{')
      return this.#ended ? this.#word(this.#at, this.#at) : this.#take(/\S+/y);
    const start = this.#at + 1;
    const end = open === '"' ? this.text.indexOf('"', start) : this.text.lastIndexOf('}');
    if (end < start) {
      this.mistakes.error(
        this.#place(this.#at),
        open === '"' ? 'the quote is not closed on this line' : 'the brace is not closed on this line',
      );
      return undefined;
    }
    this.#at = end + 1;
    return this.#word(start, end);
  }

  /** Nothing but blanks and a comment may follow. */
  #end(what: string): boolean {
    this.#blanks();
    if (this.#ended) return true;
    this.mistakes.error(
      this.#place(this.#at),
      `unexpected ${quoted(this.text.slice(this.#at))} after ${what}`,
      'the end of the line; a value with blanks goes into double quotes',
    );
    return false;
  }

  /** True at the end of the line or at a comment. */
  get #ended(): boolean {
    const preceded = this.#at === 0 || /\s/.test(this.text[this.#at - 1] ?? '');
    return this.#at >= this.text.length || (this.text[this.#at] === '#' && preceded);
  }

  #blanks(): void {
    while (/[ \t]/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }

  #take(pattern: RegExp): Word {
    pattern.lastIndex = this.#at;
    const start = this.#at;
    this.#at += pattern.exec(this.text)?.[0].length ?? 0;
    return this.#word(start, this.#at);
  }

  #word(start: number, end: number): Word {
    return { text: this.text.slice(start, end), ...this.#place(start) };
  }

  #place(index: number): Place {
    return { file: this.file, line: this.number, column: index + 1 };
  }
}

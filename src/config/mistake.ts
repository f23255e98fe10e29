/** What is wrong with a configuration, and where. */

export type Severity = 'error' | 'warning' | 'note';

/** A place in a file; lines and columns count from 1. Line 0 means the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One remark about a configuration. `message` and `expected` hold no control characters. */
export interface Mistake extends Place {
  readonly severity: Severity;
  readonly message: string;
  readonly expected?: string;
}

/** A configuration was refused; `mistakes` are all there is to say about it. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  constructor(readonly mistakes: readonly Mistake[]) {
    super(mistakes.map(formatMistake).join('\n'));
  }
}

/** `file:line:column: error: message (expected ...)`, on one line and safe for a terminal. */
export function formatMistake(mistake: Mistake): string {
  const { file, line, column, severity, message, expected } = mistake;
  const where = line === 0 ? printable(file) : `${printable(file)}:${line}:${column}`;
  return `${where}: ${severity}: ${message}${expected === undefined ? '' : ` (expected ${expected})`}`;
}

/** Control characters, and those that reorder or hide text on a terminal. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with every character that could move a terminal written as an escape. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** What stood in the file, in quotes, escaped and cut to a readable length. */
export function quoted(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `"${printable(shown)}"`;
}

/** Gathers mistakes; the same remark about the same place is kept once. */
export class Mistakes {
  readonly #seen = new Map<string, Mistake>();

  error(at: Place, message: string, expected?: string): void {
    this.#add('error', at, message, expected);
  }

  warning(at: Place, message: string, expected?: string): void {
    this.#add('warning', at, message, expected);
  }

  note(at: Place, message: string, expected?: string): void {
    this.#add('note', at, message, expected);
  }

  /** All of them: by file in the order read, then by line. */
  get all(): readonly Mistake[] {
    const files = [...new Set([...this.#seen.values()].map((mistake) => mistake.file))];
    return [...this.#seen.values()].sort(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
  }

  get failed(): boolean {
    return [...this.#seen.values()].some((mistake) => mistake.severity === 'error');
  }

  #add(severity: Severity, { file, line, column }: Place, what: string, instead?: string): void {
    const message = printable(what);
    const expected = instead === undefined ? {} : { expected: printable(instead) };
    const mistake = { severity, file, line, column, message, ...expected };
    this.#seen.set(JSON.stringify(mistake), mistake);
  }
}

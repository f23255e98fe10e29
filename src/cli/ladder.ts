/** Message flow as two bars with arrows between them. */

export interface Arrow {
  readonly to: 'right' | 'left';
  readonly text: string;
  /** `-` for IKE, `=` for what travels inside ESP. */
  readonly stroke: '-' | '=';
}

/** Columns between the bars. */
const width = 76;
const indent = '  ';

/** Names over the bars, a line each. */
export function ladderHead(left: readonly string[], right: readonly string[]): string[] {
  return left.map((text, i) => indent + text + (right[i] ?? '').padStart(width + 2 - text.length));
}

/** One arrow; what does not fit on it stands above it. */
export function ladderRung({ to, text, stroke }: Arrow): string[] {
  const lines = wrap(text, width - 8);
  const last = (lines.pop() ?? '').trimStart();
  const shaft = stroke.repeat(width - 4 - last.length - 1);
  const arrow =
    to === 'right' ? `${stroke}${stroke} ${last} ${shaft}>` : `<${stroke} ${last} ${shaft}${stroke}`;
  return [
    ...lines.map((line) => `${indent}|    ${line.padEnd(width - 4)}|`),
    `${indent}|${arrow.slice(0, width)}|`,
  ];
}

export const ladderBar = `${indent}|${' '.repeat(width)}|`;

/** Breaks between words; further lines are indented. */
function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(line === undefined ? word : `  ${word}`);
  }
  return lines;
}

/** What commands write: lines for people, or one JSON object a line; colour only on a terminal. */
import { styleText } from 'node:util';

export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Writes one command's output. */
export class Output {
  readonly json: boolean;

  constructor(options: { readonly json?: boolean | undefined }) {
    this.json = options.json ?? false;
  }

  /** A line for people; nothing with `--json`. */
  line(text = ''): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  /** A line for programs; nothing without `--json`. */
  object(value: object): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

/** Coloured when `stream` is a terminal that wants it (NO_COLOR and FORCE_COLOR are heeded). */
export const paint = (colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string =>
  styleText(colour, text, { stream, validateStream: true });

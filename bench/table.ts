/** Turns the JSON lines of the benches (standard input) into the Markdown of README's Speed section (standard output). */
import { createInterface } from 'node:readline';

interface Line {
  readonly bench: string;
  readonly name: string;
  /** One figure, or one for each provider. */
  readonly us: number | { readonly node?: number; readonly noble?: number };
}

const shown =
  /^KE (CURVE25519|ECP_256|ECP_384|MODP_2048) |^AES_GCM_16_256 seal 1400|^CHACHA20_POLY1305 seal 1400|^INTEG HMAC_SHA2_256_128 1400|^prf\+ HMAC_SHA2_256/;

const lines: Line[] = [];
for await (const text of createInterface({ input: process.stdin })) {
  if (text.startsWith('{')) lines.push(JSON.parse(text) as Line);
}

const us = (value: number | undefined): string =>
  value === undefined ? '-' : value < 10 ? value.toFixed(1) : String(Math.round(value));
const out = (text: string): boolean => process.stdout.write(`${text}\n`);

/** A row for each line, both providers side by side, and their ratio in this run. */
function sideBySide(title: string, rows: readonly Line[]): void {
  out(`| ${title}, µs | node | noble | noble / node |\n|---|---|---|---|`);
  for (const { name, us: both } of rows) {
    const { node, noble } = typeof both === 'number' ? { node: both } : both;
    const ratio = node !== undefined && noble !== undefined ? (noble / node).toFixed(1) : '-';
    out(`| ${name} | ${us(node)} | ${us(noble)} | ${ratio} |`);
  }
  out('');
}

const of = (bench: string): Line[] => lines.filter((line) => line.bench === bench);

sideBySide('whole handshake, both ends in one thread', of('handshake'));
sideBySide(
  'operation',
  of('crypto').filter(({ name }) => shown.test(name)),
);
out('| codec | µs |\n|---|---|');
for (const { name, us: value } of of('codec'))
  if (typeof value === 'number') out(`| ${name} | ${us(value)} |`);

/** Message diagrams as people draw them, matched against what went over a network. */
import type { Flight } from './flight.ts';
import { content } from './ladder.ts';

/** One arrow of a diagram. */
interface Arrow {
  readonly kind: 'arrow';
  readonly line: string;
  readonly to: 'left' | 'right';
  readonly isLost: boolean;
  readonly exchange: string | undefined;
  readonly message: string | undefined;
  readonly messageId: string | undefined;
  /** As written between the braces; undefined without braces. */
  readonly payloads: readonly string[] | undefined;
}

/** `...`: any number of messages. */
type Row = Arrow | { readonly kind: 'any' };

export interface Diagram {
  /** Names over the columns, when there are any. */
  readonly names: readonly [left: string, right: string] | undefined;
  readonly rows: readonly Row[];
}

/** A diagram that cannot be read: the text says which line. */
export class DiagramError extends Error {
  readonly code = 'DIAGRAM';
}

const arrowHead = /(?:-+>|-+x|<-+|x-+)/g;

/**
 * Reads a diagram. A line with `-->` or `<--` is a message, with `--x` or `x--` one that gets lost; `...` is any number of
 * messages; the first line without an arrow may name the two ends; lines without any of these are comments. A message is
 * `EXCHANGE [request|response] [message ID] [{ payloads }]`; `*` is any exchange. Among payloads `...` is any number of
 * them, `X?` may be missing, `D` is any `D(...)`; the order counts. Throws DiagramError.
 */
export function readDiagram(text: string): Diagram {
  const rows: Row[] = [];
  let names: Diagram['names'];
  for (const line of text.split('\n')) {
    const bare = line.replaceAll('|', ' ').trim();
    const heads = [...bare.matchAll(arrowHead)].map(([head]) => head);
    if (heads.length > 0) rows.push(readArrow(line, bare, heads));
    else if (bare === '...') rows.push({ kind: 'any' });
    else if (rows.length === 0 && names === undefined) names = readNames(bare);
  }
  if (rows.length === 0) throw new DiagramError('a diagram needs a line with an arrow, as --> or <--');
  return { names, rows };
}

function readNames(bare: string): Diagram['names'] {
  const [left, right, ...more] = bare.split(/\s{2,}|\t/);
  return left !== undefined && right !== undefined && more.length === 0 ? [left, right] : undefined;
}

function readArrow(line: string, bare: string, heads: readonly string[]): Arrow {
  const first = heads[0] ?? '';
  const to = first.startsWith('<') || first.startsWith('x') ? 'left' : 'right';
  const [, before = '', inside, braces] =
    /^([^{]*)(\{(.*)\})?/.exec(bare.replaceAll(arrowHead, ' ').trim()) ?? [];
  const words = before.trim().split(/\s+/);
  const [exchange, ...rest] = words;
  const message = rest.find((word) => word === 'request' || word === 'response');
  const messageId = rest.find((word) => /^\d+$/.test(word));
  if (exchange === undefined || !/^(?:\*|[A-Z][A-Z0-9_]*|\d+)$/.test(exchange))
    throw new DiagramError(`no exchange in '${line.trim()}': write it as IKE_AUTH { IDi AUTH }`);
  return {
    kind: 'arrow',
    line: line.trim(),
    to,
    isLost: heads.some((head) => head.includes('x')),
    exchange: exchange === '*' ? undefined : exchange,
    message,
    messageId,
    payloads: inside === undefined ? undefined : tokens(braces ?? ''),
  };
}

const tokens = (text: string): string[] => text.match(/[^\s()]+(?:\([^)]*\))?\??/g) ?? [];

/** Where a diagram and a run part. */
export interface Mismatch {
  /** The diagram's line, or undefined when the run goes on after its end. */
  readonly expected: string | undefined;
  /** The message it met, or undefined when there was none left. */
  readonly found: Flight | undefined;
}

/** Undefined when the flights are what the diagram shows; else the furthest it came. `toRight` tells the way of a flight. */
export function compare(
  { rows }: Diagram,
  flights: readonly Flight[],
  toRight: (flight: Flight) => boolean,
): Mismatch | undefined {
  let furthest = -1;
  let mismatch: Mismatch | undefined;
  const reach = (row: number, at: number): boolean => {
    const expected = rows[row];
    const found = flights[at];
    if (expected === undefined && found === undefined) return true;
    if (expected?.kind === 'any') return reach(row + 1, at) || (found !== undefined && reach(row, at + 1));
    if (expected !== undefined && found !== undefined && fits(expected, found, toRight(found)))
      return reach(row + 1, at + 1);
    if (at > furthest) {
      furthest = at;
      mismatch = { expected: expected?.line, found };
    }
    return false;
  };
  return reach(0, 0) ? undefined : mismatch;
}

function fits(arrow: Arrow, flight: Flight, toRight: boolean): boolean {
  if ((arrow.to === 'right') !== toRight) return false;
  if (arrow.isLost !== (flight.passages.length === 0)) return false;
  const found = /^(\S+) (request|response) (\d+) \{(.*)\}$/.exec(content(flight));
  if (found === null) return false;
  const [, exchange, message, messageId, inside = ''] = found;
  return (
    (arrow.exchange ?? exchange) === exchange &&
    (arrow.message ?? message) === message &&
    (arrow.messageId ?? messageId) === messageId &&
    (arrow.payloads === undefined || sameTokens(arrow.payloads, tokens(inside)))
  );
}

function sameTokens(wanted: readonly string[], found: readonly string[]): boolean {
  const [want, ...restWanted] = wanted;
  const [is, ...restFound] = found;
  if (want === undefined) return is === undefined;
  if (want === '...')
    return sameTokens(restWanted, found) || (is !== undefined && sameTokens(wanted, restFound));
  const isOptional = want.endsWith('?');
  const name = isOptional ? want.slice(0, -1) : want;
  if (is !== undefined && (is === name || is.startsWith(`${name}(`)) && sameTokens(restWanted, restFound))
    return true;
  return isOptional && sameTokens(restWanted, found);
}

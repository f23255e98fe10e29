/** Message diagrams as people draw them, matched against what went over a network. */
import type { Arrow, Diagram } from './diagram-text.ts';
import { tokens } from './diagram-text.ts';
import type { Flight } from './flight.ts';
import { content } from './ladder.ts';
import { furthest } from './sequence.ts';

export { type Diagram, DiagramError, readDiagram } from './diagram-text.ts';

/** Where a diagram and a run part. */
export interface Mismatch {
  /** The diagram's line, or undefined when the run goes on after its end. */
  readonly expected: string | undefined;
  /** The message it met, or undefined when there was none left. */
  readonly found: Flight | undefined;
}

/** A flight as a diagram tells it. */
interface Told {
  readonly exchange: string;
  readonly message: string;
  readonly messageId: string;
  readonly payloads: readonly string[];
}

/** Undefined when the flights are what the diagram shows; else the furthest it came. `toRight` tells the way of a flight. */
export function compare(
  { rows }: Diagram,
  flights: readonly Flight[],
  toRight: (flight: Flight) => boolean,
): Mismatch | undefined {
  const all = new Map<Flight, Told | undefined>();
  const told = (flight: Flight): Told | undefined => {
    if (!all.has(flight)) all.set(flight, read(flight));
    return all.get(flight);
  };
  const miss = furthest(
    rows,
    flights,
    ({ kind }) => (kind === 'any' ? 'any' : 'one'),
    (row, flight) =>
      row.kind === 'arrow' &&
      (row.to === 'right') === toRight(flight) &&
      row.isLost === (flight.passages.length === 0) &&
      fits(row, told(flight)),
  );
  if (miss === undefined) return undefined;
  const row = rows[miss.wanted];
  return { expected: row?.kind === 'arrow' ? row.line : undefined, found: flights[miss.found] };
}

function read(flight: Flight): Told | undefined {
  const found = /^(\S+) (request|response) (\d+) \{(.*)\}$/.exec(content(flight));
  if (found === null) return undefined;
  const [, exchange = '', message = '', messageId = '', inside = ''] = found;
  return { exchange, message, messageId, payloads: tokens(inside) };
}

function fits(arrow: Arrow, told: Told | undefined): boolean {
  if (told === undefined) return false;
  const { exchange, message, messageId, payloads } = told;
  return (
    (arrow.exchange ?? exchange) === exchange &&
    (arrow.message ?? message) === message &&
    (arrow.messageId ?? messageId) === messageId &&
    (arrow.payloads === undefined || sameTokens(arrow.payloads, payloads))
  );
}

const sameTokens = (wanted: readonly string[], found: readonly string[]): boolean =>
  furthest(
    wanted,
    found,
    (want) => (want === '...' ? 'any' : want.endsWith('?') ? 'optional' : 'one'),
    (want, is) => {
      const name = want.replace(/\?$/, '');
      return is === name || is.startsWith(`${name}(`);
    },
  ) === undefined;

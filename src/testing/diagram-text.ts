/** Reads message diagrams as people draw them. A mistake is told with its line, never passed over. */
import { ExchangeType, NotifyType } from '../wire/numbers.ts';
import { codecs } from '../wire/payloads/index.ts';

/** One arrow of a diagram. */
export interface Arrow {
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
export type Row = Arrow | { readonly kind: 'any' };

/** The names over the columns. */
export interface Names {
  readonly left: string;
  readonly right: string;
  /** Their line, counted from 1. */
  readonly at: number;
}

export interface Diagram {
  readonly names: Names | undefined;
  readonly rows: readonly Row[];
}

/** A diagram that cannot be read: the text says which line, and what was expected there. */
export class DiagramError extends Error {
  readonly code = 'DIAGRAM';
  constructor(
    what: string,
    /** Counts from 1. */
    readonly line?: number,
  ) {
    super(line === undefined ? what : `line ${line}: ${what}`);
    this.name = 'DiagramError';
  }
}

const arrowHead = /(?<=^|[\s}])(?:-+>|-+x|<-+|x-+)(?=$|\s)/g;
const shape = 'IKE_AUTH response 1 { IDr AUTH ... }';

/**
 * Reads a diagram. A line with `-->` or `<--` is a message, with `--x` or `x--` one that gets lost; `...` is any number of
 * messages; the first line may name the two ends; from `#` on a line is a remark. A message is
 * `EXCHANGE [request|response] [message ID] [{ payloads }]`, and what follows it behind the arrow or the braces is a remark
 * too; `*` is any exchange. Among payloads `...` is any number of them, `X?` may be missing, `D` is any `D(...)`; the order
 * counts. Throws DiagramError, with line and reason, on whatever is none of these.
 */
export function readDiagram(text: string): Diagram {
  const lines = text
    .split('\n')
    .map((raw, i) => ({ at: i + 1, line: raw.trim(), bare: bareOf(raw) }))
    .filter(({ bare }) => bare !== '');
  const rows: Row[] = [];
  let names: Names | undefined;
  lines.forEach(({ at, line, bare }, i) => {
    if (heads(bare).length > 0) rows.push(readArrow(at, line, bare));
    else if (bare === '...') rows.push({ kind: 'any' });
    else if (i === 0 && !/[{}]/.test(bare)) names = readNames(at, bare);
    else
      throw new DiagramError(
        `expected a message with an arrow, as --> <-- --x or x--, or ..., found '${line}'`,
        at,
      );
  });
  if (rows.length === 0) throw new DiagramError('a diagram needs a line with an arrow, as --> or <--');
  return { names, rows };
}

const bareOf = (line: string): string =>
  line
    .replace(/(?:^|\s)#.*$/, '')
    .replaceAll('|', ' ')
    .trim();

const heads = (bare: string): RegExpExecArray[] => [...bare.matchAll(arrowHead)];

/** Two columns, apart by two blanks or more; one is enough between single words. */
function readNames(at: number, bare: string): Names {
  const columns = bare.split(/\s{2,}|\t/);
  const [left, right, ...more] = columns.length > 1 ? columns : bare.split(/\s/);
  if (left !== undefined && right !== undefined && more.length === 0) return { left, right, at };
  throw new DiagramError(
    `expected the names of the two ends, two blanks apart, or a message with an arrow, found '${bare}'`,
    at,
  );
}

function readArrow(at: number, line: string, bare: string): Arrow {
  const fail = (what: string): never => {
    throw new DiagramError(`${what}, in '${line}'`, at);
  };
  const [head, ...more] = heads(bare);
  if (head === undefined || more.length > 0) return fail(`expected one arrow, found ${more.length + 1}`);
  const before = bare.slice(0, head.index).trim();
  const message = before === '' ? bare.slice(head.index + head[0].length).trim() : before;
  const [outside = '', inside, ...rest] = message.split('{');
  const [payloads, ...remark] = inside?.split('}') ?? [];
  if (
    rest.length > 0 ||
    remark.length > 1 ||
    outside.includes('}') ||
    (inside !== undefined && !remark.length)
  )
    fail('expected payloads between one { and one }');
  const isLost = head[0].includes('x');
  return {
    kind: 'arrow',
    line,
    to: head[0].startsWith('<') || head[0].startsWith('x') ? 'left' : 'right',
    isLost,
    ...readWords(outside.trim(), fail),
    payloads: payloads === undefined ? undefined : tokens(payloads).map((token) => known(token, fail)),
  };
}

type Failing = (what: string) => never;

function readWords(text: string, fail: Failing): Pick<Arrow, 'exchange' | 'message' | 'messageId'> {
  const [exchange = '', ...rest] = text.split(/\s+/);
  if (!/^(?:\*|[A-Z][A-Z0-9_]*|\d+)$/.test(exchange))
    fail(`no exchange: expected a message such as ${shape}`);
  if (/^[A-Z]/.test(exchange) && !Object.hasOwn(ExchangeType, exchange))
    fail(`there is no exchange '${exchange}': expected ${Object.keys(ExchangeType).join(', ')} or *`);
  const found: { message?: string; messageId?: string } = {};
  for (const word of rest) {
    const what = /^\d+$/.test(word)
      ? 'messageId'
      : /^(?:request|response)$/.test(word)
        ? 'message'
        : undefined;
    if (what === undefined || found[what] !== undefined)
      fail(`expected request or response, a message ID and payloads as ${shape}, found '${word}'`);
    else found[what] = word;
  }
  return {
    exchange: exchange === '*' ? undefined : exchange,
    message: found.message,
    messageId: found.messageId,
  };
}

/** Payloads as `describe` writes them. */
export const tokens = (text: string): string[] => text.match(/[^\s()]+(?:\([^)]*\))?\??|[()]/g) ?? [];

const notations: ReadonlySet<string> = new Set([
  ...codecs.map(({ notation }) => notation),
  ...['Ni', 'Nr', 'N', 'D', 'CP', 'EAP', 'SK', 'SKF'],
]);
const detailed: ReadonlySet<string> = new Set(['N', 'D', 'CP', 'EAP', 'SKF']);

/** The token, when it can be met at all. */
function known(token: string, fail: Failing): string {
  const [, name = '', detail] = /^([^()]+?)(?:\((.*)\))?\??$/.exec(token) ?? [];
  if (token === '...' || /^\d+!?$|^\d+\/\d+$/.test(name)) return token;
  if (!notations.has(name) || (detail !== undefined && !detailed.has(name)))
    fail(`there is no payload '${token}': expected ${[...notations].join(' ')} N(COOKIE) or a number`);
  if (name === 'N' && detail !== undefined && !/^\d+$/.test(detail) && !Object.hasOwn(NotifyType, detail))
    fail(`there is no notify '${detail}'`);
  return token;
}

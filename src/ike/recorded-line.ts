/** Lines of a recording, read back: whoever edited one is told what is wrong with it. */
import type { LabelMode } from '../policy/label.ts';
import { parseAddress } from '../wire/address.ts';
import type { Input, Millis, Path } from './actions.ts';
import type { EngineOptions } from './engine.ts';
import { fromJson } from './run-json.ts';

/** All an engine is made of, but for what is code. */
export type Beginning = Omit<EngineOptions, 'crypto' | 'random' | 'labels'> & {
  /** Somebody was asked about labels: the answers are among what was drawn. */
  readonly labelMode?: LabelMode;
};

/** A datagram that went out. */
export type Sent = { readonly octets: Uint8Array } & Path;

/** One line of a recording. The first has `start`, each further one `input`, and the last `end`. */
export interface RecordedLine {
  readonly now: Millis;
  readonly start?: Beginning;
  /** False in the first line: it was made without secrets, so that there is nothing to run it again with. */
  readonly secrets?: false;
  readonly input?: Input;
  /** What the engine drew on this line: octets, and what it was told of labels; a string of hexadecimal digits each. */
  readonly drawn?: readonly string[];
  /** What it sent, in order; absent when nothing. */
  readonly sent?: readonly Sent[];
  /** Nothing was cut off: whoever recorded stopped in order. */
  readonly end?: true;
}

/** A line, and where in the text it is: the first is 1. */
export type NumberedLine = RecordedLine & { readonly line: number };

/** The run differs from its recording, or the lines are no recording. */
export class ReplayError extends Error {
  readonly code = 'REPLAY';
  constructor(
    /** Counts from 1. */
    readonly line: number,
    what: string,
  ) {
    super(`line ${line}: ${what}`);
    this.name = 'ReplayError';
  }
}

/** The lines of a recording, in order; empty ones are passed over. Throws ReplayError. */
export function* recordedLines(lines: Iterable<string>): Generator<NumberedLine> {
  let number = 0;
  let last: RecordedLine | undefined;
  for (const text of lines) {
    number++;
    if (text.trim() === '') continue;
    const line = parsed(text, number);
    if (last === undefined && line.start === undefined)
      throw new ReplayError(number, 'a recording begins with its start line');
    if (last?.end) throw new ReplayError(number, 'the recording has ended before this line');
    if (line.now < (last?.now ?? line.now))
      throw new ReplayError(number, `time goes back, from ${last?.now} to ${line.now} ms`);
    last = line;
    yield { ...line, line: number };
  }
}

/** `this is no line of a recording: what is wrong`. */
export const noLine = (number: number, what: string): ReplayError =>
  new ReplayError(number, `this is no line of a recording: ${what}`);

function parsed(text: string, number: number): RecordedLine {
  let line: unknown;
  try {
    line = fromJson(text);
  } catch (error) {
    throw noLine(number, error instanceof Error ? error.message : String(error));
  }
  const wrong = wrongLine(line);
  if (wrong !== undefined) throw noLine(number, wrong);
  return line as RecordedLine;
}

/** What is wrong with a value, and where in the line; undefined when nothing is. */
type Check = (value: unknown, where: string) => string | undefined;

const check =
  (is: (value: unknown) => boolean, wanted: string): Check =>
  (value, where) =>
    is(value) ? undefined : `${where}: expected ${wanted}`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
const number = check((value) => typeof value === 'number' && Number.isFinite(value), 'a number');
const text = check((value) => typeof value === 'string', 'text');
const octets = check((value) => value instanceof Uint8Array, 'octets, as {"hex":"00ff"}');
const isTrue = check((value) => value === true, 'true');
const anything: Check = () => undefined;

const oneOf = (...words: readonly string[]): Check =>
  check((value) => typeof value === 'string' && words.includes(value), words.join(' or '));

const list =
  (each: Check): Check =>
  (value, where) =>
    Array.isArray(value)
      ? first(value.map((one, i) => each(one, `${where}[${i}]`)))
      : `${where}: expected a list`;

const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, where) =>
    isObject(value)
      ? first(
          Object.entries(fields).map(([name, field]) =>
            field(value[name], where ? `${where}.${name}` : name),
          ),
        )
      : `${where}: expected an object`;

const optional =
  (inner: Check): Check =>
  (value, where) =>
    value === undefined ? undefined : inner(value, where);

const first = (wrongs: readonly (string | undefined)[]): string | undefined =>
  wrongs.find((wrong) => wrong !== undefined);

const endpoint = object({
  address: check((value) => typeof value === 'string' && parseAddress(value) !== undefined, 'an address'),
  port: check((value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff, 'a port'),
});
const path = { socket: oneOf('ike', 'nat'), local: endpoint, remote: endpoint };
const policy = object({
  pad: list(
    object({ name: text, local: isA(isObject), remote: isA(isObject), children: list(isA(isObject)) }),
  ),
  preSharedKeys: list(isA(isObject)),
});
const kinds = {
  kernel: ['addSa', 'updateSa', 'deleteSa', 'addPolicy', 'deletePolicy'],
  notice: ['acquire', 'expire', 'selectors', 'mapping'],
  command: ['up', 'down', 'liveness', 'upChild', 'rekey', 'route', 'unroute', 'deleteChild', 'shutdown'],
};
const command: Check = (value, where) =>
  object({ kind: oneOf(...kinds.command) })(value, where) ??
  (isObject(value) && !['deleteChild', 'shutdown'].includes(String(value.kind))
    ? text(value.name, `${where}.name`)
    : undefined);

/** Every type of input, and its fields. */
const inputs: Readonly<Record<Input['type'], Check>> = {
  datagram: object({ ...path, octets }),
  wake: anything,
  command: object({ command }),
  policy: object({ policy }),
  kernel: object({ notice: object({ kind: oneOf(...kinds.notice) }) }),
  kernelFailed: object({ command: object({ kind: oneOf(...kinds.kernel) }), errno: text }),
  answer: object({
    id: number,
    answer: object({ ok: check((value) => typeof value === 'boolean', 'true or false') }),
  }),
};

const input: Check = (value, where) => {
  if (!isObject(value)) return `${where}: expected an object`;
  const { type } = value;
  if (typeof type !== 'string' || !Object.hasOwn(inputs, type))
    return `${where}.type: expected ${Object.keys(inputs).join(' or ')}`;
  return inputs[type as Input['type']](value, where);
};

const fields: Readonly<Record<keyof RecordedLine, Check>> = {
  now: number,
  start: optional(
    object({
      now: number,
      unixTime: number,
      policy,
      labelMode: optional(oneOf('selinux', 'simple')),
    }),
  ),
  secrets: optional(check((value) => value === false, 'false, or nothing')),
  input: optional(input),
  drawn: optional(
    list(
      check((value) => typeof value === 'string' && /^(?:[0-9a-f]{2})*$/.test(value), 'hexadecimal digits'),
    ),
  ),
  sent: optional(list(object({ ...path, octets }))),
  end: optional(isTrue),
};

function wrongLine(line: unknown): string | undefined {
  if (!isObject(line)) return 'expected an object';
  const unknown = Object.keys(line).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) return `${unknown}: there is no such field`;
  const wrong = object(fields)(line, '');
  if (wrong !== undefined) return wrong;
  const parts = ['start', 'input', 'end'].filter((name) => line[name] !== undefined);
  return parts.length === 1 ? undefined : 'expected one of start, input and end';
}

function isA(is: (value: unknown) => boolean): Check {
  return check(is, 'an object');
}

/** A run as lines `{now, input, drawn, sent}`, and the same run again from its lines. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import type { Action, Input, Millis, Path } from './actions.ts';
import { type EngineOptions, IkeEngine } from './engine.ts';
import { fromJson, toJson } from './run-json.ts';

/** What a host or a loop needs of an engine. */
export type Engine = Pick<IkeEngine, 'handle' | 'wakeAt' | 'idle' | 'held' | 'status'>;

/** All an engine is made of, but for what is code. */
type Beginning = Omit<EngineOptions, 'crypto' | 'random'>;

/** A datagram that went out. */
export type Sent = { readonly octets: Uint8Array } & Path;

/** One line of a recording. The first has `start`, each further one `input`. */
export interface RecordedLine {
  readonly now: Millis;
  readonly start?: Beginning;
  /** False in the first line: it was made without secrets, so that there is nothing to run it again with. */
  readonly secrets?: false;
  readonly input?: Input;
  /** What the engine drew on this line, one string of hexadecimal digits a draw; absent without secrets. */
  readonly drawn?: readonly string[];
  /** What it sent, in order; absent when nothing. */
  readonly sent?: readonly Sent[];
}

export interface RecordOptions {
  /** Keep pre-shared keys, keys and what was drawn, without which a run cannot be made again. True unless said. */
  readonly secrets?: boolean;
}

/** Gets each line as it is made, and what the engine answered. */
export type Recorder = (line: string, actions: readonly Action[]) => void;

/** An engine whose run is written down. */
export function record(
  options: EngineOptions,
  write: Recorder,
  { secrets = true }: RecordOptions = {},
): Engine {
  const { crypto, random, ...start } = options;
  let drawn: string[] = [];
  const listening: Random = (length) => {
    const octets = random(length);
    if (secrets) drawn.push(toHex(octets));
    return octets;
  };
  // The text is made before the engine acts: it may zero keys it was given.
  const text = (line: object): string => toJson(line, { secrets }).slice(1, -1);
  const put = (beginning: string, actions: readonly Action[]): void => {
    const sent = actions.flatMap((action) => (action.type === 'transmit' ? [sentOf(action)] : []));
    const ending = text({ ...(secrets && { drawn }), ...(sent.length > 0 && { sent }) });
    drawn = [];
    write(`{${[beginning, ending].filter((part) => part !== '').join(',')}}`, actions);
  };
  const first = text({ now: options.now, start, ...(!secrets && { secrets }) });
  const engine = new IkeEngine({ ...start, crypto, random: listening });
  put(first, []);
  return {
    handle(now, input) {
      const line = text({ now, input });
      const actions = engine.handle(now, input);
      put(line, actions);
      return actions;
    },
    get wakeAt() {
      return engine.wakeAt;
    },
    get idle() {
      return engine.idle;
    },
    get held() {
      return engine.held;
    },
    status: () => engine.status(),
  };
}

const sentOf = ({ socket, local, remote, octets }: Sent): Sent => ({ socket, local, remote, octets });

/** The run differs from its recording, or the lines are no recording. */
export class ReplayError extends Error {
  readonly code = 'REPLAY';
  constructor(
    /** Counts from 1. */
    readonly line: number,
    what: string,
  ) {
    super(`line ${line}: ${what}`);
  }
}

/** The lines of a recording, in order; empty ones are passed over. Throws ReplayError. */
export function* recordedLines(lines: Iterable<string>): Generator<RecordedLine> {
  let number = 0;
  for (const text of lines) {
    if (text.trim() === '') continue;
    number++;
    const line = parsed(text, number);
    if (number === 1 && line.start === undefined)
      throw new ReplayError(1, 'a recording begins with its start line');
    yield line;
  }
}

function parsed(text: string, number: number): RecordedLine {
  try {
    const line = fromJson(text);
    if (typeof line === 'object' && line !== null && 'now' in line) return line as RecordedLine;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ReplayError(number, 'this is no line of a recording');
}

/** One input of a recording, and what the engine answers to it now. */
export interface ReplayStep {
  readonly now: Millis;
  readonly input: Input;
  readonly actions: Action[];
}

/**
 * Runs a recording again, a step for each input, octet for octet those of the recording. Throws ReplayError when the
 * engine draws or sends other than it did then, and of a recording without secrets. With `keyLog` the engine tells its
 * keys, whether it did then or not.
 */
export function* replaySteps(
  lines: Iterable<string>,
  crypto: Crypto,
  options: { readonly keyLog?: boolean } = {},
): Generator<ReplayStep> {
  let engine: IkeEngine | undefined;
  let left: string[] = [];
  let number = 0;
  const random: Random = (length) => {
    const octets = fromHex(left.shift() ?? '');
    if (octets.length === length) return octets;
    throw new ReplayError(number, `${length} random octets drawn, the recording has ${octets.length}`);
  };
  for (const { now, start, secrets, input, drawn = [], sent = [] } of recordedLines(lines)) {
    number++;
    left = [...drawn];
    if (secrets === false)
      throw new ReplayError(number, 'made without secrets: its octets cannot be reproduced');
    if (start !== undefined) engine = new IkeEngine({ ...start, ...options, crypto, random });
    if (engine === undefined || input === undefined) continue;
    const actions = engine.handle(now, input);
    yield { now, input, actions };
    if (left.length > 0) throw new ReplayError(number, `${left.length} draws of the recording were not made`);
    compare(sent, actions, number);
  }
}

/** The same, as lists of actions only. */
export function* replay(
  lines: Iterable<string>,
  crypto: Crypto,
  options: { readonly keyLog?: boolean } = {},
): Generator<Action[]> {
  for (const { actions } of replaySteps(lines, crypto, options)) yield actions;
}

function compare(sent: readonly Sent[], actions: readonly Action[], line: number): void {
  const again = actions.flatMap((action) => (action.type === 'transmit' ? [sentOf(action)] : []));
  if (again.length !== sent.length)
    throw new ReplayError(line, `${again.length} datagrams sent, the recording has ${sent.length}`);
  sent.forEach((one, at) => {
    if (toJson(one) !== toJson(again[at]))
      throw new ReplayError(line, `datagram ${at + 1} of ${sent.length} is not the one of the recording`);
  });
}

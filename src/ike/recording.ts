/** A run as lines `{now, input, drawn, sent}`, and the same run again from its lines. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import type { Action, Input, Millis } from './actions.ts';
import { type EngineOptions, IkeEngine } from './engine.ts';
import { decisionsDrawn, drawnDecisions } from './label-decisions.ts';
import {
  type Beginning,
  type NumberedLine,
  noLine,
  ReplayError,
  recordedLines,
  type Sent,
} from './recorded-line.ts';
import { toJson } from './run-json.ts';

export { type RecordedLine, ReplayError, recordedLines, type Sent } from './recorded-line.ts';

/** What a host or a loop needs of an engine. */
export type Engine = Pick<IkeEngine, 'handle' | 'wakeAt' | 'idle' | 'held' | 'status'>;

export interface RecordOptions {
  /** Keep pre-shared keys, keys and what was drawn, without which a run cannot be made again. True unless said. */
  readonly secrets?: boolean;
}

/** Gets each line as it is made, and what the engine answered. */
export type Recorder = (line: string, actions: readonly Action[]) => void;

/** An engine whose run is written down. */
export interface Recorded extends Engine {
  /** The last line: this is all there was. What the engine does from now on is not written down. */
  end(): void;
}

/** Makes such an engine. Throws what `IkeEngine` throws. */
export function record(
  options: EngineOptions,
  write: Recorder,
  { secrets = true }: RecordOptions = {},
): Recorded {
  const { crypto, random, labels, ...rest } = options;
  const start: Beginning = { ...rest, ...(labels && { labelMode: labels.mode }) };
  let drawn: string[] = [];
  let last = options.now;
  let isOver = false;
  const listening: Random = (length) => {
    const octets = random(length);
    if (secrets) drawn.push(toHex(octets));
    return octets;
  };
  const asking = labels && decisionsDrawn(labels, (decision) => secrets && drawn.push(decision));
  // The text is made before the engine acts: it may zero keys it was given.
  const text = (line: object): string => toJson(line, { secrets }).slice(1, -1);
  const put = (beginning: string, actions: readonly Action[]): void => {
    const sent = actions.flatMap((action) => (action.type === 'transmit' ? [sentOf(action)] : []));
    const ending = text({ ...(secrets && { drawn }), ...(sent.length > 0 && { sent }) });
    drawn = [];
    write(`{${[beginning, ending].filter((part) => part !== '').join(',')}}`, actions);
  };
  const first = text({ now: options.now, start, ...(!secrets && { secrets }) });
  const engine = new IkeEngine({ ...rest, crypto, random: listening, ...(asking && { labels: asking }) });
  put(first, []);
  return {
    handle(now, input) {
      if (isOver) return engine.handle(now, input);
      last = now;
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
    end() {
      if (!isOver) write(`{${text({ now: last, end: true })}}`, []);
      isOver = true;
    },
  };
}

const sentOf = ({ socket, local, remote, octets }: Sent): Sent => ({ socket, local, remote, octets });

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
export const replaySteps = (
  lines: Iterable<string>,
  crypto: Crypto,
  options: { readonly keyLog?: boolean } = {},
): Generator<ReplayStep> => replayLines(recordedLines(lines), crypto, options);

/** The same, of lines that were read already. */
export function* replayLines(
  lines: Iterable<NumberedLine>,
  crypto: Crypto,
  options: { readonly keyLog?: boolean } = {},
): Generator<ReplayStep> {
  let engine: IkeEngine | undefined;
  let left: string[] = [];
  let number = 0;
  let failed: ReplayError | undefined;
  const differs = (what: string): ReplayError => {
    failed ??= new ReplayError(number, what);
    return failed;
  };
  const random: Random = (length) => {
    const octets = fromHex(left.shift() ?? '');
    if (octets.length === length) return octets;
    throw differs(`${length} random octets drawn, the recording has ${octets.length}`);
  };
  /** What stops on a value the checks of a line do not know is a mistake of that line. */
  const run = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw failed ?? noLine(number, error instanceof Error ? error.message : String(error));
    }
  };
  for (const { line, now, start, secrets, input, drawn = [], sent = [] } of lines) {
    number = line;
    left = [...drawn];
    if (secrets === false)
      throw new ReplayError(number, 'made without secrets: its octets cannot be reproduced');
    if (start !== undefined) {
      const { labelMode, ...rest } = start;
      const told = labelMode && { labels: drawnDecisions(labelMode, () => left.shift(), differs) };
      engine = run(() => new IkeEngine({ ...rest, ...options, ...told, crypto, random }));
    }
    if (engine === undefined || input === undefined) continue;
    const actions = engine.handle(now, input);
    if (failed !== undefined) throw failed;
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

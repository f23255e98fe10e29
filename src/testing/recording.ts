/** A run as lines `{now, input, drawn}`, and the same run again from its lines. */
import type { Crypto, Random } from '../crypto/provider.ts';
import type { Action, Input, Millis } from '../ike/actions.ts';
import { type EngineOptions, IkeEngine } from '../ike/engine.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { fromJson, toJson } from './json.ts';

/** What a host or a loop needs of an engine. */
export type Engine = Pick<IkeEngine, 'handle' | 'wakeAt' | 'idle' | 'held' | 'status'>;

/** The first line of a recording: all an engine is made of, but for what is code. */
type Beginning = Omit<EngineOptions, 'crypto' | 'random'>;

interface Line {
  readonly now: Millis;
  readonly start?: Beginning;
  readonly input?: Input;
  /** What the engine drew on this line, one string of hexadecimal digits a draw. */
  readonly drawn: readonly string[];
}

/** Gets each line as it is made, and what the engine answered. */
export type Recorder = (line: string, actions: readonly Action[]) => void;

/** An engine whose run is written down. The lines hold its pre-shared keys. */
export function record(options: EngineOptions, write: Recorder): Engine {
  const { crypto, random, ...start } = options;
  let drawn: string[] = [];
  const listening: Random = (length) => {
    const octets = random(length);
    drawn.push(toHex(octets));
    return octets;
  };
  const put = (line: Omit<Line, 'drawn'>, actions: readonly Action[]): void => {
    const text = toJson({ ...line, drawn });
    drawn = [];
    write(text, actions);
  };
  const engine = new IkeEngine({ ...start, crypto, random: listening });
  put({ now: options.now, start }, []);
  return {
    handle(now, input) {
      const kept = fromJson(toJson(input)) as Input;
      const actions = engine.handle(now, input);
      put({ now, input: kept }, actions);
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

/** The run differs from its recording. */
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

/**
 * Runs a recording again, one list of actions for each input, octet for octet those of the recording. Throws
 * ReplayError when the engine draws other than it did then, SyntaxError on broken lines.
 */
export function* replay(lines: Iterable<string>, crypto: Crypto): Generator<Action[]> {
  let engine: IkeEngine | undefined;
  let left: string[] = [];
  let number = 0;
  const random: Random = (length) => {
    const octets = fromHex(left.shift() ?? '');
    if (octets.length === length) return octets;
    throw new ReplayError(number, `${length} random octets drawn, the recording has ${octets.length}`);
  };
  for (const text of lines) {
    if (text.trim() === '') continue;
    number++;
    const { now, start, input, drawn } = fromJson(text) as Line;
    left = [...drawn];
    if (start !== undefined) engine = new IkeEngine({ ...start, crypto, random });
    if (engine === undefined) throw new ReplayError(number, 'a recording begins with its start line');
    if (input === undefined) continue;
    yield engine.handle(now, input);
    if (left.length > 0) throw new ReplayError(number, `${left.length} draws of the recording were not made`);
  }
}

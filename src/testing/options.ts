/** Options checked where they are given, so that a slip of the pen does not pass for a result. */
import type { Command, EngineEvent, Millis } from '../ike/actions.ts';

type Kinds<T extends { readonly kind: string }> = Readonly<Record<T['kind'], true>>;

const events: Kinds<EngineEvent> = {
  drop: true,
  message: true,
  progress: true,
  keys: true,
  childKeys: true,
  ikeEstablished: true,
  childEstablished: true,
  configured: true,
  leased: true,
  ikeRekeyFailed: true,
  ikeRekeyed: true,
  childDeleted: true,
  childFailed: true,
  labelRefused: true,
  ikeDeleted: true,
  ikeFailed: true,
  endpointChanged: true,
  flow: true,
  routeFailed: true,
  bug: true,
};

const commands: Kinds<Command> = {
  up: true,
  down: true,
  liveness: true,
  upChild: true,
  rekey: true,
  route: true,
  unroute: true,
  deleteChild: true,
  shutdown: true,
};

/** Every kind of event. */
export const eventKinds = Object.keys(events) as readonly EngineEvent['kind'][];
export const commandKinds = Object.keys(commands) as readonly Command['kind'][];

/** Throws TypeError, which names the option, on a value that is none of these. */
export function checkWord(option: string, value: unknown, words: readonly string[]): void {
  if (typeof value === 'string' && words.includes(value)) return;
  throw new TypeError(`${option}: expected ${words.join(', ')}, found ${shown(value)}`);
}

/** Throws RangeError, which names the option, on what is no time from now on. */
export function checkMillis(option: string, value: Millis): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new RangeError(`${option}: expected milliseconds, found ${shown(value)}`);
}

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

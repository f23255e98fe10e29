/** The daemon's log: pino's levels, one line each, as text or as JSON. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { EngineEvent } from '../ike/actions.ts';
import { eventLevel, eventText, type Level } from './lines.ts';

export type { Logger };
export type LogLevel = Level | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** Stderr unless given. */
  readonly write?: (line: string) => void;
}

export function makeLog({ level, format, write }: LogOptions): Logger {
  const out = write ?? ((line: string) => void process.stderr.write(line));
  const stream: DestinationStream = { write: format === 'json' ? out : (line) => out(textLine(line)) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

/** One engine event at its own level; with identities and addresses only when the log is at debug. */
export function logEvent(log: Logger, event: EngineEvent): void {
  const level = eventLevel(event);
  if (!log.isLevelEnabled(level)) return;
  const text = eventText(event, log.isLevelEnabled('debug') ? 'private' : 'public');
  if (text === undefined) return;
  if (event.kind === 'bug') log.error({ event: 'bug', stack: event.stack }, text);
  else log[level]({ event: event.kind, ...('sa' in event && saFields(event.sa)) }, text);
}

const saFields = ({
  spiI,
  spiR,
  connection,
}: {
  spiI: string;
  spiR: string;
  connection: string | undefined;
}) => ({
  spiI,
  spiR,
  ...(connection !== undefined && { connection }),
});

function textLine(json: string): string {
  const { time, level, msg, stack } = JSON.parse(json) as Record<string, unknown>;
  const name = pino.levels.labels[Number(level)] ?? String(level);
  return `${time} ${name.toUpperCase().padEnd(5)} ${msg}\n${typeof stack === 'string' ? `${stack}\n` : ''}`;
}

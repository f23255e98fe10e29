/** The daemon's log: pino's levels, one line each, as text or as JSON. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { EngineEvent } from '../ike/actions.ts';
import { escapeText, eventLine, type Level } from './lines.ts';

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
  const line = eventLine(event, log.isLevelEnabled('debug') ? 'private' : 'public');
  if (line === undefined || !log.isLevelEnabled(line.level)) return;
  if (event.kind === 'bug')
    log.error({ event: 'bug', stack: event.stack }, `bug: ${escapeText(event.message)}`);
  else log[line.level]({ event: event.kind, ...('sa' in event && saFields(event.sa)) }, line.text);
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

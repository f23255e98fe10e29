/** What is said over the control socket: a JSON object a line. docs/control.md tells it to people. */
import { isIP } from 'node:net';
import type { EngineEvent } from '../ike/actions.ts';

export type ControlRequest =
  | { readonly command: 'status' | 'reload' | 'stop' | 'watch' }
  | { readonly command: 'add' | 'delete' | 'route' | 'unroute'; readonly name: string }
  | {
      readonly command: 'up';
      readonly name: string;
      /** The peer's address, when the connection is for any. */
      readonly peer?: string;
    }
  | {
      readonly command: 'down';
      readonly name: string;
      /** One of its children; the others and the IKE SA stay. */
      readonly child?: string;
    }
  | {
      readonly command: 'rekey';
      readonly name: string;
      /** The children unless given; the IKE SA when there are none to have. */
      readonly what?: 'children' | 'ike';
    }
  | {
      readonly command: 'ping';
      readonly name: string;
      /** The far end's address when the child has more than one. */
      readonly address?: string;
      /** Echoes to send, 1 to 1000; 4 unless given. */
      readonly count?: number;
    };

export type ControlCommand = ControlRequest['command'];

/** What the daemon sends: any number of `line` and then one `done` or `failed`, all with the request's `id`. */
export type ControlAnswer =
  | ({ readonly id: number; readonly type: 'line'; readonly text: string } & LineDetail)
  | { readonly id: number; readonly type: 'done'; readonly result: unknown }
  | { readonly id: number; readonly type: 'failed'; readonly code: ControlErrorCode; readonly text: string };

/** The same as `text`, for programs. */
export interface LineDetail {
  /** Of `up`, `down`, `rekey` and `watch`. */
  readonly event?: EngineEvent;
  /** Of `ping`. */
  readonly echo?: EchoOutcome;
}

export interface EchoOutcome {
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  /** From request to reply; null when none came in time. */
  readonly milliseconds: number | null;
}

export type ControlLine = Extract<ControlAnswer, { type: 'line' }>;

export type ControlErrorCode =
  /** The client's side: no daemon there, or no right to speak with it. */
  | 'NO_DAEMON'
  | 'NO_RIGHT'
  | 'CONNECTION_LOST'
  /** The request's fault. */
  | 'BAD_REQUEST'
  | 'UNKNOWN_CONNECTION'
  | 'NOT_SUPPORTED'
  /** What was asked did not come about. */
  | 'CONFIG'
  | 'LISTEN'
  | 'NEGOTIATION_FAILED'
  | 'NOT_ESTABLISHED'
  | 'PING_LOST'
  | 'BUG';

export class ControlError extends Error {
  constructor(
    readonly code: ControlErrorCode,
    text: string,
  ) {
    super(text);
  }
}

/** The longest line a daemon reads, in octets. */
export const longestRequest = 65_536;

const plain = ['status', 'reload', 'stop', 'watch'] as const;
const named = ['add', 'up', 'delete', 'route', 'unroute'] as const;

/** The request's number; undefined when it has none. */
export function requestId(value: unknown): number | undefined {
  const { id } = fieldsOf(value);
  return typeof id === 'number' ? id : undefined;
}

/** Throws ControlError BAD_REQUEST, saying what is wrong. */
export function parseRequest(value: unknown): ControlRequest {
  const { id, command, name, address, count, what, child, peer } = fieldsOf(value);
  if (typeof id !== 'number') throw bad('"id" must be a number');
  const simple = plain.find((word) => word === command);
  if (simple) return { command: simple };
  const verb = [...named, 'down' as const, 'rekey' as const, 'ping' as const].find(
    (word) => word === command,
  );
  if (verb === undefined) throw bad(`unknown command ${JSON.stringify(command) ?? 'undefined'}`);
  if (typeof name !== 'string') throw bad('"name" must be a string');
  if (verb === 'down') {
    if (child !== undefined && typeof child !== 'string') throw bad('"child" must be a string');
    return { command: verb, name, ...(child !== undefined && { child }) };
  }
  if (verb === 'up') {
    if (peer !== undefined && (typeof peer !== 'string' || isIP(peer) === 0))
      throw bad('"peer" must be an IPv4 or IPv6 address');
    return { command: verb, name, ...(peer && { peer }) };
  }
  if (verb === 'rekey') {
    if (what !== undefined && what !== 'children' && what !== 'ike')
      throw bad('"what" must be "children" or "ike"');
    return { command: verb, name, ...(what && { what }) };
  }
  if (verb !== 'ping') return { command: verb, name };
  if (address !== undefined && typeof address !== 'string') throw bad('"address" must be a string');
  if (count !== undefined && !isCount(count)) throw bad('"count" must be a whole number from 1 to 1000');
  return { command: verb, name, ...(address && { address }), ...(count && { count }) };
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000;

const bad = (text: string): ControlError => new ControlError('BAD_REQUEST', text);

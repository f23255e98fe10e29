/** What goes wrong inside a message, and how it ends. Caught once, in ike-sa.ts. */
import { NotifyType, nameOf } from '../wire/numbers.ts';
import type { Notify } from '../wire/payloads/notify.ts';
import type { Failure } from './actions.ts';

/** The peer must be told. */
export class NotifyError extends Error {
  readonly code = 'NOTIFY';
  readonly notify: number;
  readonly data: Uint8Array;
  /** Who dies of it: the child alone, or the IKE SA with all its children. */
  readonly scope: 'child' | 'ike';

  constructor(notify: number, why: string, options: { data?: Uint8Array; scope?: 'child' | 'ike' } = {}) {
    super(`${nameOf(NotifyType, notify)}: ${why}`);
    this.notify = notify;
    this.data = options.data ?? new Uint8Array(0);
    this.scope = options.scope ?? 'ike';
  }
}

/** The peer told us; `rejected` says what of ours it was. */
export class PeerRefused extends Error {
  readonly code = 'PEER_REFUSED';
  constructor(
    readonly notify: number,
    rejected: string,
  ) {
    super(`peer answered ${nameOf(NotifyType, notify)} to ${rejected}`);
  }
}

/** The peer's response breaks the protocol. Never answered. */
export class BadResponse extends Error {
  readonly code = 'BAD_MESSAGE';
}

/** Something of ours is missing, whatever the peer says: the negotiation ends. */
export class LocalFailure extends Error {
  readonly code = 'LOCAL';
}

/** A broken invariant of ours: that SA drops, the engine lives. */
export class Bug extends Error {
  readonly code = 'BUG';
}

/** One line for people, one code for programs. */
export function failureOf(error: unknown): Failure {
  if (error instanceof NotifyError) {
    const code = error.notify === NotifyType.AUTHENTICATION_FAILED ? 'AUTHENTICATION_FAILED' : 'REFUSED_PEER';
    return { code, text: error.message, notify: error.notify };
  }
  if (error instanceof PeerRefused)
    return { code: 'PEER_REFUSED', text: error.message, notify: error.notify };
  if (error instanceof LocalFailure) return { code: 'LOCAL', text: error.message };
  if (isExpected(error)) return { code: 'BAD_MESSAGE', text: error.message };
  return { code: 'BUG', text: error instanceof Error ? error.message : String(error) };
}

/** The one place where an error becomes a notify. What the peer's octets broke without a notify of its own is INVALID_SYNTAX. */
export function errorNotify(error: Error): Notify {
  const { notify, data } =
    error instanceof NotifyError ? error : { notify: NotifyType.INVALID_SYNTAX, data: new Uint8Array(0) };
  return { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: notify, data };
}

/** Whether an error is one that steps may throw; anything else is a Bug. */
export function isExpected(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && expected.has(error.code);
}

const expected: ReadonlySet<unknown> = new Set([
  'NOTIFY',
  'PEER_REFUSED',
  'LOCAL',
  'BAD_MESSAGE',
  'WIRE',
  'KEY_EXCHANGE',
]);

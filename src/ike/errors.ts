/** What goes wrong inside a message, and how it ends. Caught once, in ike-sa.ts. */
import { KeyExchangeMethod, NotifyType, nameOf, ProtocolId } from '../wire/numbers.ts';
import type { Notify } from '../wire/payloads/notify.ts';
import type { Failure, LabelRefusal } from './actions.ts';

/** The peer must be told. */
export class NotifyError extends Error {
  readonly code = 'NOTIFY';
  readonly notify: number;
  readonly data: Uint8Array;
  /** Who dies of it: the child alone, or the IKE SA with all its children. */
  readonly scope: 'child' | 'ike';
  /** The Child SA it is about, by the SPI the peer named it with. */
  readonly spi: Uint8Array;
  /** Whose SPI it is: ESP's, if there is one, unless said. */
  readonly protocol: number;
  /** What it is about, when that is a security label. */
  readonly label: LabelRefusal | undefined;

  constructor(
    notify: number,
    why: string,
    options: {
      data?: Uint8Array;
      scope?: 'child' | 'ike';
      spi?: Uint8Array;
      protocol?: number;
      label?: LabelRefusal;
    } = {},
  ) {
    super(`${nameOf(NotifyType, notify)}: ${why}`);
    this.notify = notify;
    this.data = options.data ?? new Uint8Array(0);
    this.scope = options.scope ?? 'ike';
    this.spi = options.spi ?? new Uint8Array(0);
    this.protocol = options.protocol ?? (this.spi.length > 0 ? ProtocolId.ESP : ProtocolId.NONE);
    this.label = options.label;
  }
}

/** INVALID_KE_PAYLOAD with the group to try next. RFC 7296 §1.2, §1.3. */
export function wrongGroup(group: number, scope: 'child' | 'ike'): NotifyError {
  const data = Uint8Array.of(group >> 8, group & 0xff);
  return new NotifyError(NotifyType.INVALID_KE_PAYLOAD, `wanted ${nameOf(KeyExchangeMethod, group)}`, {
    data,
    scope,
  });
}

/** The peer told us; `rejected` says what of ours it was. */
export class PeerRefused extends Error {
  readonly code = 'PEER_REFUSED';
  constructor(
    readonly notify: number,
    rejected: string,
    readonly label: LabelRefusal | undefined = undefined,
  ) {
    super(`peer answered ${nameOf(NotifyType, notify)} to ${rejected}`);
  }
}

/** The peer's response breaks the protocol. Never answered. */
export class BadResponse extends Error {
  readonly code = 'BAD_MESSAGE';
  constructor(
    message: string,
    readonly label: LabelRefusal | undefined = undefined,
  ) {
    super(message);
  }
}

/** Something of ours is missing, whatever the peer says: the negotiation ends. */
export class LocalFailure extends Error {
  readonly code = 'LOCAL';
}

/** The host does not let us ask for the label. */
export class LabelDenied extends LocalFailure {
  constructor(readonly label: LabelRefusal) {
    super(`label ${label.label ?? ''}: ${label.said}`);
  }
}

/** A broken invariant of ours: that SA drops, the engine lives. */
export class Bug extends Error {
  readonly code = 'BUG';
}

/** One line for people, one code for programs. */
export function failureOf(error: unknown): Failure {
  if (error instanceof NotifyError) {
    const code = error.notify === NotifyType.AUTHENTICATION_FAILED ? 'AUTHENTICATION_FAILED' : 'REFUSED_PEER';
    return { code, text: error.message, notify: error.notify, ...labelOf(error) };
  }
  if (error instanceof PeerRefused)
    return { code: 'PEER_REFUSED', text: error.message, notify: error.notify, ...labelOf(error) };
  if (error instanceof BadResponse) return { code: 'BAD_MESSAGE', text: error.message, ...labelOf(error) };
  if (error instanceof LabelDenied) return { code: 'LOCAL', text: error.message, ...labelOf(error) };
  if (error instanceof LocalFailure) return { code: 'LOCAL', text: error.message };
  if (isExpected(error)) return { code: 'BAD_MESSAGE', text: error.message };
  return { code: 'BUG', text: error instanceof Error ? error.message : String(error) };
}

const labelOf = ({ label }: { readonly label: LabelRefusal | undefined }) => label && { label };

/** The one place where an error becomes a notify. What the peer's octets broke without a notify of its own is INVALID_SYNTAX. */
export function errorNotify(error: Error): Notify {
  const none = new Uint8Array(0);
  if (!(error instanceof NotifyError)) {
    return {
      kind: 'notify',
      protocol: ProtocolId.NONE,
      spi: none,
      type: NotifyType.INVALID_SYNTAX,
      data: none,
    };
  }
  const { notify: type, data, protocol, spi } = error;
  return { kind: 'notify', protocol, spi, type, data };
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

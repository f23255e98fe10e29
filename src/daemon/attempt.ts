/** One `up` from its command to its outcome. */
import type { EngineEvent, Failure, SaName } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import { ControlError } from './control-protocol.ts';
import { escapeText, failureText } from './lines.ts';

/** Hears every event from now on; returns what ends that. */
export type Subscribe = (listener: (event: EngineEvent) => void) => () => void;

/** The connection an event is about. */
export function connectionOf(event: EngineEvent): string | undefined {
  switch (event.kind) {
    case 'childEstablished':
    case 'childDeleted':
      return event.child.connection;
    case 'childFailed':
      return event.connection;
    case 'drop':
    case 'bug':
      return undefined;
    default:
      return event.sa.connection;
  }
}

/**
 * Waits until the first child of `entry` is up, or its IKE SA when it has none: the engine makes no further ones yet.
 * `begin` gives the command; `hear` gets the events on the way. Throws ControlError NEGOTIATION_FAILED with the reason
 * in one line.
 */
export function attempt(
  entry: PadEntry,
  subscribe: Subscribe,
  begin: () => void,
  hear: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const isChildless = entry.children.every(({ action }) => action !== 'protect');
  return new Promise((resolve, reject) => {
    const stop = subscribe((event) => {
      if (connectionOf(event) !== entry.name) return;
      hear(event);
      const outcome = judge(event, isChildless);
      if (outcome === undefined) return;
      stop();
      if (outcome === 'up') resolve();
      else
        reject(
          new ControlError('NEGOTIATION_FAILED', `"${entry.name}": ${escapeText(failureText(outcome))}`),
        );
    });
    signal.addEventListener('abort', stop);
    begin();
  });
}

function judge(event: EngineEvent, isChildless: boolean): 'up' | Failure | undefined {
  switch (event.kind) {
    case 'ikeEstablished':
      return isChildless ? 'up' : undefined;
    case 'childEstablished':
      return 'up';
    case 'childFailed':
    case 'ikeFailed':
      return isOurs(event.sa) ? event.reason : undefined;
    case 'ikeDeleted':
      return isOurs(event.sa) && !gaveWay.has(event.reason.code) ? event.reason : undefined;
    default:
      return undefined;
  }
}

/** Ends of an IKE SA that made room for the attempt. */
const gaveWay: ReadonlySet<Failure['code']> = new Set(['REPLACED', 'DELETED_BY_US']);

/** What fails of the peer's own attempts is no outcome of ours. */
const isOurs = (sa: SaName): boolean => sa.role === 'initiator';

/** One `up` from its command to its outcome. */
import type { EngineEvent, Failure, Millis, SaName } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import type { Clock } from './clock.ts';
import { ControlError } from './control-protocol.ts';
import { escapeText, failureText } from './lines.ts';
import { childrenOf, type IkeSaStatus, sasOf } from './status.ts';

/** Hears every event from now on; returns what ends that. */
export type Subscribe = (listener: (event: EngineEvent) => void) => () => void;

/** The connection an event is about. */
export function connectionOf(event: EngineEvent): string | undefined {
  switch (event.kind) {
    case 'childEstablished':
    case 'childDeleted':
      return event.child.connection;
    case 'childFailed':
    case 'flow':
    case 'labelRefused':
    case 'routeFailed':
      return event.connection;
    case 'drop':
    case 'bug':
      return undefined;
    default:
      return event.sa.connection;
  }
}

/** Exchanges that a negotiation may take beside one for each child, each of them with all its retransmissions. */
const mostExchanges = 3;

/** Milliseconds an attempt at `entry` may take. */
export const patienceFor = (entry: PadEntry): Millis =>
  (mostExchanges + childrenOf(entry).length) * entry.retransmit.timeout;

/**
 * Waits until every child of `entry` is up, or its IKE SA when it has none. `begin` gives the command; `hear` gets the
 * events on the way. Throws ControlError NEGOTIATION_FAILED with the reason, naming the children that are missing when
 * others are up, or that nothing came of it in the time of `patienceFor`.
 */
export function attempt(
  entry: PadEntry,
  ikeSas: readonly IkeSaStatus[],
  subscribe: Subscribe,
  begin: () => void,
  hear: (event: EngineEvent) => void,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const own = sasOf(entry.name, ikeSas);
  const before = new Set(own.map(({ spiI }) => spiI));
  /** What fails of the peer's own attempts is no outcome of ours. */
  const isOurs = ({ role, spiI }: SaName): boolean => role === 'initiator' || before.has(spiI);
  const refused = new Map<string, Failure>();
  /** Names by inbound SPI. */
  const up = new Map(own.flatMap(({ children }) => children).map((one) => [one.inboundSpi, one.child]));
  let isEstablished = own.some(({ phase }) => phase === 'established');
  return new Promise((resolve, reject) => {
    const fail = (text: string): void => {
      stop();
      reject(new ControlError('NEGOTIATION_FAILED', `"${entry.name}": ${escapeText(text)}`));
    };
    const judge = (): void => {
      const missing = childrenOf(entry).filter((name) => ![...up.values()].includes(name));
      if (isEstablished && missing.length === 0) {
        stop();
        resolve();
      } else if (missing.length > 0 && missing.every((name) => refused.has(name)))
        fail(refusedText(entry, refused));
    };
    const limit = patienceFor(entry);
    const cancel = clock.alarm(clock.now() + limit, () => fail(`no outcome within ${limit / 1000} s`));
    const stop = (): void => {
      cancel();
      unsubscribe();
    };
    const unsubscribe = subscribe((event) => {
      if (connectionOf(event) !== entry.name) return;
      hear(event);
      if (event.kind === 'ikeRekeyed' && before.has(event.sa.spiI)) before.add(event.by.spiI);
      if (event.kind === 'ikeEstablished') isEstablished = true;
      if (event.kind === 'childEstablished') {
        isEstablished = true;
        up.set(event.child.inboundSpi, event.child.child);
        refused.delete(event.child.child);
      }
      if (event.kind === 'childDeleted') up.delete(event.child.inboundSpi);
      if (event.kind === 'childFailed' && isOurs(event.sa)) refused.set(event.child, event.reason);
      if (isEnd(event) && isOurs(event.sa)) fail(failureText(event.reason));
      else judge();
    });
    signal.addEventListener('abort', stop);
    begin();
  });
}

/** Ends of an IKE SA that made room for the attempt are none. */
const isEnd = (event: EngineEvent): event is Extract<EngineEvent, { kind: 'ikeFailed' | 'ikeDeleted' }> =>
  event.kind === 'ikeFailed' || (event.kind === 'ikeDeleted' && !gaveWay.has(event.reason.code));

const gaveWay: ReadonlySet<Failure['code']> = new Set(['REPLACED', 'DELETED_BY_US']);

function refusedText(entry: PadEntry, refused: ReadonlyMap<string, Failure>): string {
  const reasons = [...refused].map(([child, reason]) => `child "${child}": ${failureText(reason)}`);
  const [only] = refused.values();
  if (childrenOf(entry).length === 1 && only) return failureText(only);
  return `${refused.size} of ${childrenOf(entry).length} children are missing: ${reasons.join('; ')}`;
}

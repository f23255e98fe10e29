/** One `rekey` from its command to its outcome. RFC 7296 §2.8. */
import type { EngineEvent, SaName } from '../ike/actions.ts';
import { connectionOf, type Subscribe } from './attempt.ts';
import { ControlError } from './control-protocol.ts';
import { escapeText, failureText } from './lines.ts';
import type { IkeSaStatus } from './status.ts';

/** What a rekey makes anew: its label, and how an event ends the wait for it. */
interface Awaited {
  readonly what: string;
  /** `done`, or why it will not be. */
  readonly verdict: (event: EngineEvent) => 'done' | string | undefined;
}

/** Those of `ikeSas` that a rekey would make anew: the children, or the IKE SAs themselves. */
export function renewable(what: 'children' | 'ike', ikeSas: readonly IkeSaStatus[]): Awaited[] {
  const established = ikeSas.filter(({ phase }) => phase === 'established');
  if (what === 'ike') return established.map((sa) => ({ what: 'the IKE SA', verdict: ofIkeSa(sa) }));
  const children = established.flatMap((sa) => sa.children);
  return children
    .filter(({ state }) => state === 'installed')
    .map(({ child, inboundSpi }) => ({ what: `child "${child}"`, verdict: ofChild(child, inboundSpi) }));
}

/**
 * Waits until each of `awaited` has an heir, whoever's rekey made it. `begin` gives the command; `hear` gets the events
 * on the way. Throws ControlError NEGOTIATION_FAILED with what has none, and why.
 */
export function renewal(
  name: string,
  awaited: readonly Awaited[],
  subscribe: Subscribe,
  begin: () => void,
  hear: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const left = new Set(awaited);
  const failures: string[] = [];
  return new Promise((resolve, reject) => {
    const stop = subscribe((event) => {
      // An IKE SA may be another connection's of the same ends.
      if (connectionOf(event) === name) hear(event);
      for (const one of [...left]) {
        const verdict = one.verdict(event);
        if (verdict === undefined) continue;
        left.delete(one);
        if (verdict !== 'done') failures.push(`${one.what} has no new keys: ${verdict}`);
      }
      if (left.size > 0) return;
      stop();
      if (failures.length === 0) resolve();
      else reject(new ControlError('NEGOTIATION_FAILED', escapeText(`"${name}": ${failures.join('; ')}`)));
    });
    signal.addEventListener('abort', stop);
    begin();
  });
}

const ofChild =
  (name: string, spi: number): Awaited['verdict'] =>
  (event) => {
    if (event.kind === 'childEstablished' && event.replaces?.inboundSpi === spi) return 'done';
    if (event.kind === 'childFailed' && event.child === name) return failureText(event.reason);
    if (event.kind === 'childDeleted' && event.child.inboundSpi === spi) return event.reason;
    return undefined;
  };

const ofIkeSa =
  (sa: SaName): Awaited['verdict'] =>
  (event) => {
    if (!('sa' in event) || event.sa.spiI !== sa.spiI || event.sa.spiR !== sa.spiR) return undefined;
    if (event.kind === 'ikeRekeyed') return 'done';
    if (event.kind === 'ikeDeleted' || event.kind === 'ikeRekeyFailed') return failureText(event.reason);
    return undefined;
  };

/** What happened how often since the start: plain counters by name. */
import type { EngineEvent } from '../ike/actions.ts';

export class Metrics {
  readonly #counters = new Map<string, number>();

  count(name: string, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  event(event: EngineEvent): void {
    const name = counterName(event);
    if (name !== undefined)
      this.count(name, event.kind === 'drop' || event.kind === 'flow' ? event.count : 1);
  }

  /** In alphabetical order. */
  get counters(): Record<string, number> {
    return Object.fromEntries([...this.#counters].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** `drop.malformed`, `ikeFailed.TIMEOUT`, `childEstablished`, `message.out`, `retransmission.out`... */
function counterName(event: EngineEvent): string | undefined {
  switch (event.kind) {
    case 'drop':
      return `drop.${event.reason}`;
    case 'message':
      return `${event.retransmission ? 'retransmission' : 'message'}.${event.direction}`;
    case 'ikeFailed':
    case 'ikeDeleted':
    case 'childFailed':
    case 'routeFailed':
      return `${event.kind}.${event.reason.code}`;
    case 'flow':
      return `flow.${event.state}`;
    case 'progress':
    case 'keys':
    case 'childKeys':
      return undefined;
    default:
      return event.kind;
  }
}

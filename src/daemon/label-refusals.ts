/** The last refusal of a security label, of each connection: what an operator asks for first. */
import type { EngineEvent, Failure, LabelRefusal } from '../ike/actions.ts';

export interface LastRefusal extends LabelRefusal {
  /** Unix seconds. */
  readonly time: number;
  readonly code: Failure['code'];
  /** In one line. */
  readonly text: string;
}

export class LabelRefusals {
  readonly #unixTime: () => number;
  readonly #last = new Map<string, LastRefusal>();

  /** `unixTime` in milliseconds. */
  constructor(unixTime: () => number) {
    this.#unixTime = unixTime;
  }

  event(event: EngineEvent): void {
    if (event.kind !== 'childFailed' && event.kind !== 'labelRefused') return;
    const { code, text, label } = event.reason;
    if (label)
      this.#last.set(event.connection, { ...label, code, text, time: Math.floor(this.#unixTime() / 1000) });
  }

  of(connection: string): LastRefusal | undefined {
    return this.#last.get(connection);
  }

  /** Connections there are not any more are forgotten. */
  keep(connections: Iterable<{ readonly name: string }>): void {
    const names = new Set([...connections].map(({ name }) => name));
    for (const name of [...this.#last.keys()]) if (!names.has(name)) this.#last.delete(name);
  }
}

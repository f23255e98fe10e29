/** Questions to the world that wait for their answers, each with a time limit. */
import type { Action, Answer, Ask, Millis } from './actions.ts';
import type { IkeSa } from './ike-sa.ts';
import type { Timers } from './timers.ts';

const within = 10_000;

interface Pending {
  readonly sa: IkeSa;
  readonly ask: Ask;
  readonly answered: (answer: Answer) => void;
}

export class Asks {
  readonly #push: (action: Action) => void;
  readonly #timers: Timers<IkeSa>;
  readonly #pending = new Map<number, Pending>();
  #next = 1;

  constructor(push: (action: Action) => void, timers: Timers<IkeSa>) {
    this.#push = push;
    this.#timers = timers;
  }

  get size(): number {
    return this.#pending.size;
  }

  ask(sa: IkeSa, ask: Ask, now: Millis, answered: (answer: Answer) => void): void {
    const id = this.#next++;
    this.#pending.set(id, { sa, ask, answered });
    this.#timers.set(sa, 'ask', now + within);
    this.#push({ type: 'ask', id, ask, within });
  }

  /** An answer to nothing is dropped. */
  answer(id: number, answer: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (!this.#waiting(pending.sa)) this.#timers.clear(pending.sa, 'ask');
    pending.sa.guard(() => pending.answered(answer));
  }

  /** The time limit of an SA's questions has come. */
  expire(sa: IkeSa): void {
    for (const [id, pending] of [...this.#pending]) {
      if (pending.sa !== sa) continue;
      this.#takeBack(pending.ask);
      this.answer(id, { ok: false, errno: 'ETIMEDOUT' });
    }
  }

  /** The SA is dead: nobody waits any more. */
  forget(sa: IkeSa): void {
    for (const [id, pending] of [...this.#pending]) {
      if (pending.sa !== sa) continue;
      this.#pending.delete(id);
      this.#takeBack(pending.ask);
    }
  }

  /** Whatever has become of it, an SA that nobody waits for must not stay in the data plane. */
  #takeBack(ask: Ask): void {
    if (ask.kind !== 'install') return;
    this.#push({ type: 'kernel', command: { kind: 'deleteSa', id: ask.command.sa.id } });
  }

  #waiting(sa: IkeSa): boolean {
    for (const pending of this.#pending.values()) if (pending.sa === sa) return true;
    return false;
  }
}

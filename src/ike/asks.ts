/** Questions to the world that wait for their answers, each with a time limit. */
import type { Action, Answer, Ask, Millis } from './actions.ts';
import type { Services } from './context.ts';
import type { IkeSa } from './ike-sa.ts';

const within = 10_000;

interface Pending {
  readonly sa: IkeSa;
  readonly ask: Ask;
  readonly until: Millis;
  readonly answered: (answer: Answer) => void;
}

export class Asks {
  readonly #push: (action: Action) => void;
  readonly #timers: Services['timers'];
  readonly #pending = new Map<number, Pending>();
  /** Numbers of each SA's questions, the oldest first. */
  readonly #ofSa = new Map<IkeSa, Set<number>>();
  #next = 1;

  constructor(push: (action: Action) => void, timers: Services['timers']) {
    this.#push = push;
    this.#timers = timers;
  }

  get size(): number {
    return this.#pending.size;
  }

  ask(sa: IkeSa, ask: Ask, now: Millis, answered: (answer: Answer) => void): void {
    const id = this.#next++;
    this.#pending.set(id, { sa, ask, until: now + within, answered });
    const own = this.#ofSa.get(sa);
    if (own === undefined) this.#ofSa.set(sa, new Set([id]));
    else own.add(id);
    this.#watch(sa);
    this.#push({ type: 'ask', id, ask, within });
  }

  /** An answer to nothing is dropped. */
  answer(id: number, answer: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#end(id, pending.sa);
    pending.sa.guard(() => pending.answered(answer));
  }

  /** The time limit of the SA's oldest question has come. */
  expire(sa: IkeSa, now: Millis): void {
    for (const [id, { ask, until }] of this.#questionsOf(sa)) {
      if (until > now) continue;
      this.#takeBack(ask);
      this.answer(id, { ok: false, errno: 'ETIMEDOUT' });
    }
  }

  /** The SA is dead: nobody waits any more. */
  forget(sa: IkeSa): void {
    for (const [id, { ask }] of this.#questionsOf(sa)) {
      this.#end(id, sa);
      this.#takeBack(ask);
    }
  }

  /** Whatever has become of it, an SA that nobody waits for must not stay in the data plane. */
  #takeBack(ask: Ask): void {
    if (ask.kind !== 'install') return;
    this.#push({ type: 'kernel', command: { kind: 'deleteSa', id: ask.command.sa.id } });
  }

  #questionsOf(sa: IkeSa): [number, Pending][] {
    return [...(this.#ofSa.get(sa) ?? [])].flatMap((id): [number, Pending][] => {
      const pending = this.#pending.get(id);
      return pending ? [[id, pending]] : [];
    });
  }

  #end(id: number, sa: IkeSa): void {
    this.#pending.delete(id);
    const own = this.#ofSa.get(sa);
    own?.delete(id);
    if (own?.size === 0) this.#ofSa.delete(sa);
    this.#watch(sa);
  }

  /** The oldest question comes to its limit first. */
  #watch(sa: IkeSa): void {
    const [oldest] = this.#ofSa.get(sa) ?? [];
    const until = oldest === undefined ? undefined : this.#pending.get(oldest)?.until;
    if (until === undefined) this.#timers.clear(sa, 'ask');
    else if (this.#timers.at(sa, 'ask') !== until) this.#timers.set(sa, 'ask', until);
  }
}

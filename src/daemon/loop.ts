/** The engine's shell: inputs in, actions performed in order, one alarm. */
import type { Action, Answer, EngineEvent, Input, Millis, Path, Question } from '../ike/actions.ts';
import { lastUse } from '../kernel/last-use.ts';
import type { Kernel, SaId } from '../kernel/port.ts';
import type { Clock } from './clock.ts';
import { type Errno, KernelLanes } from './lanes.ts';

/** What the loop needs of an IkeEngine. */
export interface Engine {
  handle(now: Millis, input: Input): Action[];
  readonly wakeAt: Millis | undefined;
}

/** Whoever answers what is not asked of the data plane; at once where it knows at once. */
export type Answerer = (question: Question) => Answer | Promise<Answer>;

/** Where actions end. None but `answer` may throw. */
export interface Outlets {
  /** Signatures, revocation, EAP. */
  readonly answer: Answerer;
  transmit(path: Path, octets: Uint8Array): void;
  event(event: EngineEvent): void;
  /** An SA is about to leave the data plane, and its counters with it. */
  removing?(id: SaId): void;
}

export class Loop {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #outlets: Outlets;
  readonly #kernel: Kernel;
  readonly #lanes: KernelLanes;
  readonly #inputs: Input[] = [];
  #turning = false;
  #closed = false;
  #alarm: { readonly at: Millis; readonly cancel: () => void } | undefined;

  constructor(engine: Engine, kernel: Kernel, clock: Clock, outlets: Outlets) {
    this.#engine = engine;
    this.#clock = clock;
    this.#outlets = outlets;
    this.#kernel = kernel;
    this.#lanes = new KernelLanes(kernel, (error) => outlets.event(bug(error)));
    this.#setAlarm();
  }

  /** Gives the engine one input and performs what comes of it. An input fed meanwhile waits its turn. */
  feed(input: Input): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#turning) return;
    this.#turning = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#turn(next);
    } finally {
      this.#turning = false;
      this.#setAlarm();
    }
  }

  /** No input is taken and no alarm fires any more. */
  close(): void {
    this.#closed = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  #turn(input: Input): void {
    const pending: Promise<Errno>[] = [];
    for (const action of this.#handle(input)) {
      const outcome = this.#perform(action, pending);
      if (outcome) pending.push(outcome);
    }
  }

  #handle(input: Input): Action[] {
    try {
      return this.#engine.handle(this.#clock.now(), input);
    } catch (error) {
      this.#outlets.event(bug(error));
      return [];
    }
  }

  /** A datagram waits for the kernel commands before it in its own list, and for nobody else's. */
  #perform(action: Action, pending: readonly Promise<Errno>[]): Promise<Errno> | undefined {
    switch (action.type) {
      case 'transmit':
        if (pending.length === 0) this.#transmit(action);
        else void Promise.all(pending).then(() => this.#transmit(action));
        return undefined;
      case 'event':
        this.#outlets.event(action.event);
        return undefined;
      case 'kernel': {
        const { command } = action;
        if (command.kind === 'deleteSa') this.#outlets.removing?.(command.id);
        return this.#settle(this.#lanes.run(command), (errno) => {
          if (errno !== undefined) this.feed({ type: 'kernelFailed', command, errno });
        });
      }
      case 'ask': {
        const { id, ask } = action;
        if (ask.kind === 'lastUse') {
          this.feed({ type: 'answer', id, answer: lastUse(this.#kernel, ask.ids) });
          return undefined;
        }
        if (ask.kind !== 'install') {
          this.#ask(id, ask);
          return undefined;
        }
        void this.#settle(this.#lanes.run(ask.command), (errno) =>
          this.feed({
            type: 'answer',
            id,
            answer: errno === undefined ? { ok: true } : { ok: false, errno },
          }),
        );
        return undefined;
      }
    }
  }

  #ask(id: number, question: Question): void {
    const answered = (answer: Answer): void => this.feed({ type: 'answer', id, answer });
    const failed = (error: unknown): void => {
      this.#outlets.event(bug(error));
      answered({ ok: false, errno: 'EIO' });
    };
    try {
      const answer = this.#outlets.answer(question);
      if (answer instanceof Promise) void answer.then(answered, failed);
      else answered(answer);
    } catch (error) {
      failed(error);
    }
  }

  #transmit(action: Extract<Action, { type: 'transmit' }>): void {
    if (!this.#closed) this.#outlets.transmit(action, action.octets);
  }

  #settle(outcome: Errno | Promise<Errno>, then: (errno: Errno) => void): Promise<Errno> | undefined {
    if (!(outcome instanceof Promise)) {
      then(outcome);
      return undefined;
    }
    void outcome.then(then);
    return outcome;
  }

  #setAlarm(): void {
    const at = this.#engine.wakeAt;
    if (at === this.#alarm?.at || this.#closed) return;
    this.#alarm?.cancel();
    this.#alarm = at === undefined ? undefined : { at, cancel: this.#clock.alarm(at, this.#wake) };
  }

  #wake = (): void => {
    this.#alarm = undefined;
    this.feed({ type: 'wake' });
  };
}

const bug = (error: unknown): EngineEvent => ({
  kind: 'bug',
  message: error instanceof Error ? error.message : String(error),
  stack: (error instanceof Error && error.stack) || '',
});

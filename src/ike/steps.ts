/** Runs the steps of an exchange, through the questions they ask, to their end. */
import type { Answer, Ask } from './actions.ts';
import { Context, type Services } from './context.ts';
import { isGenerator, type Steps } from './exchange.ts';
import type { IkeSa } from './ike-sa.ts';

/** Steps that wait for an answer. */
export interface Waiting {
  /** The SA dies: the generator returns, what it took goes back. */
  stop(): void;
}

/**
 * Calls exactly one of `done` and `failed`, at once or after the last answer; undefined when at once.
 * What the steps took through the context is kept on `done` and given back on `failed`.
 */
export function run<T>(
  services: Services,
  sa: IkeSa,
  begin: (cx: Context) => Steps<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): Waiting | undefined {
  const cx = new Context(services, sa);
  const first = attempt(() => begin(cx));
  if (first.ok && isGenerator(first.value)) return drive(services, sa, cx, first.value, done, failed);
  if (first.ok) {
    cx.commit();
    done(first.value as T);
  } else {
    cx.rollback();
    failed(first.error);
  }
  return undefined;
}

function drive<T>(
  services: Services,
  sa: IkeSa,
  cx: Context,
  generator: Generator<Ask, T, Answer>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): Waiting | undefined {
  let state: 'waiting' | 'over' = 'waiting';
  const advance = (next: () => ReturnType<typeof generator.next>): void => {
    const step = attempt(next);
    if (!step.ok) {
      state = 'over';
      cx.rollback();
      failed(step.error);
    } else if (step.value.done) {
      state = 'over';
      cx.commit();
      done(step.value.value);
    } else {
      services.ask(sa, step.value.value, (answer) => {
        if (state === 'waiting') advance(() => generator.next(answer));
      });
    }
  };
  const stop = (): void => {
    if (state === 'over') return;
    state = 'over';
    attempt(() => generator.return(undefined as T));
    cx.rollback();
  };
  advance(() => generator.next(never));
  return isOver(state) ? undefined : { stop };
}

/** The first call of `next` passes nothing in. */
const never: Answer = { ok: true };

/** Apart, because `state` changes behind the compiler's back. */
const isOver = (state: string): boolean => state === 'over';

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

function attempt<T>(step: () => T): Attempt<T> {
  try {
    return { ok: true, value: step() };
  } catch (error) {
    return { ok: false, error };
  }
}

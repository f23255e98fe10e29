/**
 * Questions to the data plane have each their own time limit, and those of other IKE SAs cost nothing.
 *
 *   peer                                       we
 *     | CREATE_CHILD_SA { ... } -->                  may the data plane take the inbound SA? no word
 *     |                                              later, for liveness: when was the last packet? answered
 *     |<-- CREATE_CHILD_SA { N(NO_PROPOSAL_CHOSEN) } ten seconds after the first question
 */
import { expect, it } from 'vitest';
import type { Action, Ask } from '../../src/ike/actions.ts';
import { Asks } from '../../src/ike/asks.ts';
import type { IkeSa } from '../../src/ike/ike-sa.ts';
import { type Alarms, Timers } from '../../src/ike/timers.ts';

function stage() {
  const actions: Action[] = [];
  const timers = new Timers<IkeSa>();
  const asks = new Asks((action) => actions.push(action), timers);
  const heard: string[] = [];
  const sa = (): IkeSa => ({ alarms: {} as Alarms, guard: (work: () => void) => work() }) as unknown as IkeSa;
  const ask: Ask = { kind: 'lastUse', ids: [] };
  return {
    timers,
    asks,
    heard,
    sa,
    ask: (of: IkeSa, name: string, now: number) =>
      asks.ask(of, ask, now, (answer) => heard.push(`${name} ${answer.ok ? 'ok' : answer.errno}`)),
    wake(now: number) {
      for (let due = timers.takeDue(now); due; due = timers.takeDue(now)) asks.expire(due.owner, now);
    },
  };
}

it('a later question does not put off the limit of an earlier one', () => {
  const { asks, ask, sa, wake, heard, timers } = stage();
  const one = sa();
  ask(one, 'first', 0);
  ask(one, 'second', 9_000);
  expect(timers.next).toBe(10_000);
  wake(10_000);
  expect(heard).toEqual(['first ETIMEDOUT']);
  expect(timers.next).toBe(19_000);
  wake(19_000);
  expect(heard).toEqual(['first ETIMEDOUT', 'second ETIMEDOUT']);
  expect(timers.next).toBeUndefined();
  expect(asks.size).toBe(0);
});

it('an answer clears the limit of its own question only', () => {
  const { asks, ask, sa, wake, heard, timers } = stage();
  const one = sa();
  ask(one, 'first', 0);
  ask(one, 'second', 5_000);
  asks.answer(2, { ok: true });
  expect(timers.next).toBe(10_000);
  wake(10_000);
  expect(heard).toEqual(['second ok', 'first ETIMEDOUT']);
});

it('the cost of an answer does not grow with the IKE SAs that wait', () => {
  const { asks, ask, sa, heard } = stage();
  const many = 100_000;
  for (let n = 0; n < many; n++) ask(sa(), `${n}`, n);
  const began = performance.now();
  for (let id = 1; id <= many; id++) asks.answer(id, { ok: true });
  // A walk through all that wait for each of them would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(heard).toHaveLength(many);
});

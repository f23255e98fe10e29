/** Named timers against a list that is searched. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Alarms, type TimerName, Timers } from '../../src/ike/timers.ts';

interface Owner {
  readonly name: string;
  readonly alarms: Alarms;
}

interface Listed {
  readonly owner: string;
  readonly name: TimerName;
  readonly at: number;
}

const names: readonly TimerName[] = ['retransmit', 'liveness', 'halfOpen', 'keepalive', 'tombstone'];
const owners = ['a', 'b', 'c', 'd'];

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      owner: fc.constantFrom(...owners),
      name: fc.constantFrom(...names),
      after: fc.nat(20),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('clear' as const),
      owner: fc.constantFrom(...owners),
      name: fc.constantFrom(...names),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clearAll' as const), owner: fc.constantFrom(...owners) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.nat(8) }) },
);

it('fires what is due, the earliest first and of equals the one set first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const timers = new Timers<Owner>();
      const byName = new Map(owners.map((name): [string, Owner] => [name, { name, alarms: {} }]));
      const owner = (name: string): Owner => byName.get(name) ?? { name, alarms: {} };
      let list: Listed[] = [];
      let now = 0;
      const without = (from: string, name: TimerName): Listed[] =>
        list.filter((each) => each.owner !== from || each.name !== name);
      for (const each of steps) {
        if (each.kind === 'set') {
          timers.set(owner(each.owner), each.name, now + each.after);
          list = [
            ...without(each.owner, each.name),
            { owner: each.owner, name: each.name, at: now + each.after },
          ];
        } else if (each.kind === 'clear') {
          timers.clear(owner(each.owner), each.name);
          list = without(each.owner, each.name);
        } else if (each.kind === 'clearAll') {
          timers.clearAll(owner(each.owner));
          list = list.filter((entry) => entry.owner !== each.owner);
        } else {
          now += each.time;
          const due = list.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
          list = list.filter(({ at }) => at > now);
          expect(allDue(timers, now)).toEqual(due.map(({ owner, name }) => `${owner} ${name}`));
        }
        expect(timers.next).toBe(list.length === 0 ? undefined : Math.min(...list.map(({ at }) => at)));
        expect(timers.size).toBe(list.length);
      }
      for (const name of owners) {
        const alarms = list.filter((entry) => entry.owner === name).map((entry) => entry.name);
        const set = Object.entries(owner(name).alarms).flatMap(([alarm, entry]) => (entry ? [alarm] : []));
        expect(set.sort()).toEqual(alarms.sort());
      }
    }),
  );
});

it('keeps no more than what is set, however often a timer is moved', () => {
  const timers = new Timers<Owner>();
  const all = owners.map((name): Owner => ({ name, alarms: {} }));
  for (let at = 0; at < 10_000; at++) for (const each of all) timers.set(each, 'liveness', 100_000 - at);
  expect(timers.size).toBe(all.length);
  expect(timers.next).toBe(90_001);
  expect(allDue(timers, 100_000)).toEqual(owners.map((name) => `${name} liveness`));
  expect(timers.next).toBeUndefined();
});

function allDue(timers: Timers<Owner>, now: number): string[] {
  const fired: string[] = [];
  for (let due = timers.takeDue(now); due !== undefined; due = timers.takeDue(now))
    fired.push(`${due.owner.name} ${due.name}`);
  return fired;
}

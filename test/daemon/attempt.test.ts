import { expect, it } from 'vitest';
import { attempt, patienceFor } from '../../src/daemon/attempt.ts';
import { connection } from '../../src/testing/index.ts';
import { FakeClock } from './fake-clock.ts';

it('an attempt of which nothing is heard has an end', async () => {
  const [entry] = connection({ name: 'a', address: '10.0.0.1', peer: { address: '10.0.0.2' } }).pad;
  if (entry === undefined) throw new Error('no connection');
  const clock = new FakeClock();
  let listening = true;
  const ended = () => {
    listening = false;
  };
  const outcome = attempt(
    entry,
    [],
    () => ended,
    () => {},
    () => {},
    new AbortController().signal,
    clock,
  );
  expect(patienceFor(entry)).toBe(240_000);
  clock.advance(240_000);
  await expect(outcome).rejects.toThrow('"a": no outcome within 240 s');
  expect(listening).toBe(false);
});

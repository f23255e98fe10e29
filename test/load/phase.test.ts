import { describe, expect, it } from 'vitest';
import { Phase, type PhaseClock } from '../../src/load/phase.ts';
import type { Limit, Pace } from '../../src/load/plan.ts';

/** Time that goes on when it is told to. */
class Clock implements PhaseClock {
  #now = 0;
  #alarms: { at: number; fire: () => void }[] = [];

  now = (): number => this.#now;

  later(milliseconds: number): number {
    this.#now += milliseconds;
    return this.#now;
  }

  alarm(at: number, fire: () => void): () => void {
    const one = { at, fire };
    this.#alarms.push(one);
    return () => {
      this.#alarms = this.#alarms.filter((each) => each !== one);
    };
  }

  /** In steps, as timers that fire late would have it. */
  pass(milliseconds: number, step = milliseconds): void {
    for (let gone = 0; gone < milliseconds; gone += step) {
      this.#now += step;
      const due = this.#alarms.filter(({ at }) => at <= this.#now);
      this.#alarms = this.#alarms.filter(({ at }) => at > this.#now);
      for (const { fire } of due) fire();
    }
  }
}

function begun(pace: Pace, limit: Limit, begin: (intended: number) => boolean = () => true) {
  const clock = new Clock();
  const intended: number[] = [];
  let isOver = false;
  const phase = new Phase(
    pace,
    limit,
    (at) => {
      const taken = begin(at);
      if (taken) intended.push(at);
      return taken;
    },
    clock,
  );
  void phase.over.then(() => {
    isOver = true;
  });
  phase.start();
  return { clock, intended, phase, isOver: () => Promise.resolve().then(() => isOver) };
}

const closed = { kind: 'closed', concurrency: 3 } as const;
const open = { kind: 'open', rate: 10 } as const;

describe('a closed loop', () => {
  it('has so many under way, and begins another when one is over', () => {
    const { intended, phase } = begun(closed, { kind: 'count', count: 10 });
    expect(intended).toHaveLength(3);
    phase.ended();
    expect(intended).toHaveLength(4);
    expect(phase.inFlight).toBe(3);
  });

  it('is over when the last one is', async () => {
    const { intended, phase, isOver } = begun(closed, { kind: 'count', count: 4 });
    for (let each = 0; each < 3; each++) phase.ended();
    expect(intended).toHaveLength(4);
    expect(await isOver()).toBe(false);
    phase.ended();
    expect(await isOver()).toBe(true);
  });

  it('begins none when its time is through, and waits for those under way', async () => {
    const { clock, intended, phase, isOver } = begun(closed, { kind: 'duration', milliseconds: 1000 });
    clock.pass(1000);
    expect(await isOver()).toBe(false);
    for (let each = 0; each < 3; each++) phase.ended();
    expect(intended).toHaveLength(3);
    expect(await isOver()).toBe(true);
  });

  it('counts what is over before it began to be under way', () => {
    const holder: { phase?: Phase } = {};
    const clock = new Clock();
    let count = 0;
    const phase = new Phase(
      closed,
      { kind: 'count', count: 1000 },
      () => {
        count++;
        holder.phase?.ended();
        return true;
      },
      clock,
    );
    holder.phase = phase;
    phase.start();
    expect(count).toBe(1000);
    expect(phase.inFlight).toBe(0);
  });

  it('waits for room', () => {
    let hasRoom = false;
    const { intended, phase } = begun(closed, { kind: 'count', count: 9 }, () => hasRoom);
    expect(intended).toHaveLength(0);
    hasRoom = true;
    phase.room();
    expect(intended).toHaveLength(3);
  });
});

describe('an open loop', () => {
  it('begins at the rate, whatever becomes of those before', () => {
    const { clock, intended, phase } = begun(open, { kind: 'count', count: 100 });
    clock.pass(950, 10);
    expect(intended).toHaveLength(10);
    expect(phase.inFlight).toBe(10);
  });

  it('counts latency from when each was to begin, however late that is', () => {
    const { clock, intended } = begun(open, { kind: 'count', count: 100 });
    clock.pass(1000);
    expect(intended).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  });

  it('owes what there was no room for', () => {
    let hasRoom = false;
    const { clock, intended, phase } = begun(open, { kind: 'count', count: 100 }, () => hasRoom);
    clock.pass(500);
    hasRoom = true;
    phase.room();
    expect(intended).toEqual([0, 100, 200, 300, 400, 500]);
  });

  it('begins as many as its time holds', async () => {
    const { clock, intended, phase, isOver } = begun(open, { kind: 'duration', milliseconds: 1000 });
    clock.pass(5000, 10);
    expect(intended).toHaveLength(10);
    for (let each = 0; each < 10; each++) phase.ended();
    expect(await isOver()).toBe(true);
  });

  it('goes on after all that began are over', async () => {
    const { clock, intended, phase, isOver } = begun(open, { kind: 'count', count: 3 });
    phase.ended();
    expect(await isOver()).toBe(false);
    clock.pass(200, 50);
    expect(intended).toHaveLength(3);
  });

  it('goes on when time passes while it looks', () => {
    const clock = new Clock();
    let count = 0;
    // 0.4 ms go by from one look at the clock to the next.
    const hasty: PhaseClock = { now: () => clock.later(0.4), alarm: (at, fire) => clock.alarm(at, fire) };
    const phase = new Phase(
      { kind: 'open', rate: 1000 },
      { kind: 'count', count: 50 },
      () => ++count > 0,
      hasty,
    );
    phase.start();
    clock.pass(100, 1);
    expect(count).toBe(50);
  });

  it('stops', async () => {
    const { clock, intended, phase, isOver } = begun(open, { kind: 'count', count: 100 });
    phase.stop();
    clock.pass(1000, 10);
    expect(intended).toHaveLength(1);
    phase.ended();
    expect(await isOver()).toBe(true);
  });
});

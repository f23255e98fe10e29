import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../src/daemon/supervisor.ts';
import type { EngineEvent, Failure, SaName } from '../../src/ike/actions.ts';
import type { PadEntry } from '../../src/policy/policy.ts';
import { FakeClock } from './fake-clock.ts';

const entry = (name: string, start: PadEntry['start'], more: Partial<PadEntry> = {}): PadEntry =>
  ({
    name,
    start,
    children: [{ name, action: 'protect' }],
    keyingTries: 0,
    dpdAction: 'hold',
    ...more,
  }) as unknown as PadEntry;

const sa = (connection: string): SaName => ({ spiI: '1', spiR: '2', role: 'initiator', connection });
const childOf = (connection: string, inboundSpi = 256) => ({
  connection,
  child: connection,
  inboundSpi,
  outboundSpi: 9,
});
const up = (connection: string, inboundSpi = 256): EngineEvent => ({
  kind: 'childEstablished',
  sa: sa(connection),
  child: childOf(connection, inboundSpi),
  suite: '',
  mode: 'tunnel',
  local: '',
  remote: '',
  selectors: { local: [], remote: [] },
  reqid: 1,
  encapsulated: false,
});
const down = (connection: string, inboundSpi = 256): EngineEvent => ({
  kind: 'childDeleted',
  sa: sa(connection),
  child: childOf(connection, inboundSpi),
  reason: 'deleted by the peer',
});
const failed = (connection: string): EngineEvent => ({
  kind: 'ikeFailed',
  sa: sa(connection),
  reason: { code: 'TIMEOUT', text: '' },
});
const deleted = (connection: string, code: Failure['code']): EngineEvent => ({
  kind: 'ikeDeleted',
  sa: sa(connection),
  reason: { code, text: '' },
});

function setUp(...entries: PadEntry[]) {
  const clock = new FakeClock();
  const started: [number, string][] = [];
  const gaveUp: [string, number][] = [];
  const supervisor = new Supervisor({
    clock,
    up: (name) => started.push([clock.time, name]),
    gaveUp: (name, tries) => gaveUp.push([name, tries]),
  });
  supervisor.update(entries);
  clock.advance(0);
  return { clock, started, supervisor, gaveUp };
}

describe('Supervisor', () => {
  it('plans nothing for what is forgotten: neither at its end nor later', () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'), entry('b', 'start'));
    supervisor.event(up('a'));
    supervisor.forgetOthers([entry('b', 'start')]);
    supervisor.event(down('a'));
    supervisor.event(deleted('a', 'POLICY_CHANGED'));
    clock.advance(1_000_000);
    expect(started.filter(([, name]) => name === 'a')).toEqual([[0, 'a']]);
  });

  it('starts what must be up and nothing else', () => {
    const { started } = setUp(
      entry('a', 'start'),
      entry('b', 'add'),
      entry('c', 'keep'),
      entry('d', 'ondemand'),
    );
    expect(started).toEqual([[0, 'a']]);
  });

  it('waits twice as long after each failure, up to a limit', () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'));
    const gaps: number[] = [];
    for (let i = 0; i < 12; i++) {
      const before = clock.time;
      supervisor.event(failed('a'));
      clock.advance(300_000);
      gaps.push((started.at(-1)?.[0] ?? 0) - before);
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1000));
    expect(started).toHaveLength(13);
  });

  it("comes back after the peer's Delete, early again once it was stable", () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'));
    supervisor.event(failed('a'));
    clock.advance(1_000);
    supervisor.event(failed('a'));
    clock.advance(2_000);
    supervisor.event(up('a'));
    clock.advance(60_000);
    supervisor.event(down('a'));
    supervisor.event(deleted('a', 'DELETED_BY_PEER'));
    clock.advance(1_000);
    supervisor.event(failed('a'));
    clock.advance(2_000);
    expect(started.map(([at]) => at)).toEqual([0, 1_000, 3_000, 64_000, 66_000]);
  });

  it('does not take a rekeyed child for a lost one', () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'));
    supervisor.event(up('a', 256));
    supervisor.event(up('a', 257));
    supervisor.event(down('a', 256));
    supervisor.event(deleted('a', 'REPLACED'));
    clock.advance(1_000_000);
    expect(started).toHaveLength(1);
    supervisor.event(down('a', 257));
    clock.advance(1_000_000);
    expect(started).toHaveLength(2);
  });

  it('follows a child through a rekey of its IKE SA', () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'));
    supervisor.event(up('a'));
    supervisor.event({ kind: 'ikeRekeyed', sa: sa('a'), by: { ...sa('a'), spiI: '3' } });
    supervisor.event(deleted('a', 'DELETED_BY_US'));
    clock.advance(1_000_000);
    expect(started).toHaveLength(1);
    supervisor.event({ ...deleted('a', 'TIMEOUT'), sa: { ...sa('a'), spiI: '3' } } as EngineEvent);
    clock.advance(1_000);
    expect(started).toHaveLength(2);
  });

  it('brings up children that are missing beside others', () => {
    const two = ['x', 'y'].map((name) => ({ name, action: 'protect' })) as unknown as PadEntry['children'];
    const { clock, started, supervisor } = setUp(entry('a', 'start', { children: two }));
    const child = (name: string, spi: number) => ({ ...childOf('a', spi), child: name });
    supervisor.event({ ...up('a'), child: child('x', 1) } as EngineEvent);
    supervisor.event({ ...up('a'), child: child('y', 2) } as EngineEvent);
    clock.advance(60_000);
    supervisor.event({ ...down('a'), child: child('y', 2) } as EngineEvent);
    clock.advance(1_000);
    expect(started.map(([at]) => at)).toEqual([0, 61_000]);
    supervisor.event({ ...up('a'), child: child('y', 3) } as EngineEvent);
    clock.advance(1_000_000);
    expect(started).toHaveLength(2);
  });

  it('gives up after keyingtries failures in a row', () => {
    const { clock, started, supervisor, gaveUp } = setUp(entry('a', 'start', { keyingTries: 3 }));
    for (let i = 0; i < 2; i++) supervisor.event(failed('a'));
    supervisor.event(up('a'));
    supervisor.event(down('a'));
    for (let i = 0; i < 6; i++) {
      clock.advance(300_000);
      supervisor.event(failed('a'));
    }
    expect(gaveUp).toContainEqual(['a', 3]);
    const before = started.length;
    clock.advance(1_000_000);
    expect(started).toHaveLength(before);
    supervisor.hold('a', false);
    supervisor.event(failed('a'));
    clock.advance(300_000);
    expect(started).toHaveLength(before + 1);
  });

  it('brings a dead peer back with dpdaction=restart, at once and until it answers, even with auto=add', () => {
    const { clock, started, supervisor } = setUp(
      entry('a', 'add', { dpdAction: 'restart' }),
      entry('b', 'add', { dpdAction: 'clear' }),
    );
    for (const name of ['a', 'b']) {
      supervisor.event(up(name));
      supervisor.event(down(name));
      supervisor.event(deleted(name, 'TIMEOUT'));
    }
    clock.advance(0);
    supervisor.event(failed('a'));
    clock.advance(1_000);
    expect(started).toEqual([
      [0, 'a'],
      [1_000, 'a'],
    ]);
    supervisor.event(up('a'));
    supervisor.event(down('a'));
    supervisor.event(deleted('a', 'DELETED_BY_PEER'));
    clock.advance(1_000_000);
    expect(started).toHaveLength(2);
  });

  it('brings back with its peer what was on the IKE SA of another connection, if it went with that', () => {
    for (const [reason, times] of [
      ['no answer', 1],
      ['deleted by the peer', 0],
    ] as const) {
      const { clock, started, supervisor } = setUp(
        entry('a', 'add', { dpdAction: 'clear' }),
        entry('b', 'add', { dpdAction: 'restart' }),
      );
      supervisor.event(up('a'));
      supervisor.event({ ...up('b', 257), sa: sa('a') } as EngineEvent);
      supervisor.event({ ...down('b', 257), sa: sa('a'), reason } as EngineEvent);
      supervisor.event(down('a'));
      supervisor.event({
        ...deleted('a', 'TIMEOUT'),
        reason: { code: 'TIMEOUT', text: 'no answer' },
      } as EngineEvent);
      clock.advance(0);
      expect(started).toEqual(Array.from({ length: times }, () => [0, 'b']));
    }
  });

  it('leaves down what the operator took down', () => {
    const { clock, started, supervisor } = setUp(entry('a', 'start'));
    supervisor.event(up('a'));
    supervisor.hold('a', true);
    supervisor.event(deleted('a', 'DELETED_BY_US'));
    clock.advance(1_000_000);
    expect(started).toHaveLength(1);
  });

  it('brings up auto=keep only once it was up, and auto=add never', () => {
    const { clock, started, supervisor } = setUp(entry('k', 'keep'), entry('b', 'add'));
    for (const name of ['k', 'b']) {
      supervisor.event(failed(name));
      supervisor.event(up(name));
      supervisor.event(down(name));
      clock.advance(5_000);
    }
    expect(started.map(([, name]) => name)).toEqual(['k']);
  });

  it('starts at once what a reload added, changed or left waiting, and forgets what it removed', () => {
    const { clock, started, supervisor } = setUp(
      entry('a', 'start'),
      entry('b', 'start'),
      entry('gone', 'start'),
    );
    supervisor.event(up('b'));
    for (let i = 0; i < 3; i++) supervisor.event(failed('a'));
    supervisor.event(failed('gone'));
    started.length = 0;
    supervisor.update([entry('a', 'start'), entry('b', 'start'), entry('new', 'start')]);
    supervisor.event(down('b'));
    supervisor.event(deleted('b', 'POLICY_CHANGED'));
    clock.advance(0);
    expect(started.map(([, name]) => name)).toEqual(['a', 'new', 'b']);
    supervisor.close();
    supervisor.event(failed('a'));
    clock.advance(1_000_000);
    expect(started).toHaveLength(3);
  });
});

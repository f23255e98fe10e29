import { describe, expect, it } from 'vitest';
import { type Engine, Loop } from '../../src/daemon/loop.ts';
import type { Action, EngineEvent, Input, Path } from '../../src/ike/actions.ts';
import { type Kernel, type KernelCommand, KernelError } from '../../src/kernel/port.ts';
import { FakeClock } from './fake-clock.ts';

const path: Path = {
  socket: 'ike',
  local: { address: '192.0.2.1', port: 500 },
  remote: { address: '192.0.2.2', port: 500 },
};

const transmit = (octet: number): Action => ({ type: 'transmit', octets: Uint8Array.of(octet), ...path });

function addSa(spi: number, reqid: number): Extract<KernelCommand, { kind: 'addSa' }> {
  const id = { spi, destination: '192.0.2.1' };
  return {
    kind: 'addSa',
    sa: {
      id,
      reqid,
      source: '192.0.2.2',
      direction: 'in',
      mode: 'tunnel',
      encryption: { transform: 20, keyBits: 128, key: new Uint8Array(20) },
      esn: false,
      replayWindow: 64,
      local: [],
      remote: [],
    },
  };
}

const deleteSa = (spi: number): KernelCommand => ({
  kind: 'deleteSa',
  id: { spi, destination: '192.0.2.1' },
});

/** A kernel whose answers come when the test gives them. */
class SlowKernel implements Kernel {
  readonly name = 'slow';
  readonly begun: { command: KernelCommand; done: (errno?: string) => void }[] = [];

  apply(command: KernelCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (errno?: string) => (errno ? reject(new KernelError(command.kind, errno)) : resolve());
      this.begun.push({ command, done });
    });
  }

  counters() {
    return undefined;
  }

  close() {}
}

function setUp(kernel: Kernel, answers: Action[][]) {
  const clock = new FakeClock();
  const inputs: Input[] = [];
  const log: string[] = [];
  const engine = {
    wakeAt: undefined as number | undefined,
    handle(_now: number, input: Input) {
      inputs.push(input);
      return answers.shift() ?? [];
    },
  } satisfies Engine;
  const loop = new Loop(engine, kernel, clock, {
    transmit: (_path, octets) => log.push(`transmit ${octets.join(' ')}`),
    event: (event: EngineEvent) =>
      log.push(event.kind === 'progress' ? event.detail : `${event.kind}: ${JSON.stringify(event)}`),
    answer: () => ({ ok: false, errno: 'ENOSYS' }),
  });
  return { clock, inputs, log, engine, loop };
}

const quick: Kernel = { name: 'quick', apply: () => {}, counters: () => undefined, close: () => {} };
const refusing = (errno: string): Kernel => ({
  ...quick,
  apply: (command) => {
    throw new KernelError(command.kind, errno);
  },
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Loop', () => {
  it('answers an ask in the same turn, after the rest of its list', () => {
    const install: Action = {
      type: 'ask',
      id: 7,
      ask: { kind: 'install', command: addSa(256, 1) },
      within: 1000,
    };
    const { loop, inputs, log } = setUp(quick, [[install, transmit(1)], [transmit(2)]]);
    loop.feed({ type: 'wake' });
    expect(inputs).toEqual([{ type: 'wake' }, { type: 'answer', id: 7, answer: { ok: true } }]);
    expect(log).toEqual(['transmit 1', 'transmit 2']);
  });

  it('tells the engine what the kernel refused', () => {
    const install: Action = {
      type: 'ask',
      id: 7,
      ask: { kind: 'install', command: addSa(256, 1) },
      within: 1000,
    };
    const command = deleteSa(9);
    const { loop, inputs } = setUp(refusing('ENOSYS'), [[install, { type: 'kernel', command }]]);
    loop.feed({ type: 'wake' });
    expect(inputs.slice(1)).toEqual([
      { type: 'answer', id: 7, answer: { ok: false, errno: 'ENOSYS' } },
      { type: 'kernelFailed', command, errno: 'ENOSYS' },
    ]);
  });

  it('holds a datagram for the kernel commands before it, and no other list', async () => {
    const kernel = new SlowKernel();
    const { loop, log } = setUp(kernel, [
      [{ type: 'kernel', command: addSa(256, 1) }, transmit(1)],
      [transmit(2)],
    ]);
    loop.feed({ type: 'wake' });
    loop.feed({ type: 'wake' });
    expect(log).toEqual(['transmit 2']);
    kernel.begun[0]?.done();
    await settled();
    expect(log).toEqual(['transmit 2', 'transmit 1']);
  });

  it('keeps the order of one child and lets others pass', async () => {
    const kernel = new SlowKernel();
    const { loop, inputs } = setUp(kernel, [
      [
        { type: 'kernel', command: addSa(256, 1) },
        { type: 'kernel', command: deleteSa(256) },
        { type: 'kernel', command: addSa(257, 2) },
      ],
    ]);
    loop.feed({ type: 'wake' });
    expect(kernel.begun.map(({ command }) => command)).toEqual([addSa(256, 1), addSa(257, 2)]);
    kernel.begun[0]?.done('ENOMEM');
    await settled();
    expect(kernel.begun[2]?.command).toEqual(deleteSa(256));
    expect(inputs.at(-1)).toEqual({ type: 'kernelFailed', command: addSa(256, 1), errno: 'ENOMEM' });
  });

  it('wakes the engine when it asked to be woken, and only then', () => {
    const { loop, engine, clock, inputs } = setUp(quick, []);
    engine.wakeAt = 500;
    loop.feed({ type: 'wake' });
    engine.wakeAt = undefined;
    clock.advance(499);
    expect(inputs).toHaveLength(1);
    clock.advance(1);
    expect(inputs).toEqual([{ type: 'wake' }, { type: 'wake' }]);
    expect(clock.due).toEqual([]);
  });

  it('takes nothing and wakes nobody once closed', () => {
    const { loop, engine, clock, inputs } = setUp(quick, []);
    engine.wakeAt = 500;
    loop.feed({ type: 'wake' });
    loop.close();
    loop.feed({ type: 'wake' });
    clock.advance(1000);
    expect(inputs).toHaveLength(1);
  });

  it('survives an engine and an adapter that throw', () => {
    const broken: Kernel = {
      ...quick,
      apply: () => {
        throw new TypeError('adapter');
      },
    };
    const { loop, engine, inputs, log } = setUp(broken, [[{ type: 'kernel', command: deleteSa(9) }]]);
    loop.feed({ type: 'wake' });
    expect(inputs[1]).toMatchObject({ type: 'kernelFailed', errno: 'EIO' });
    engine.handle = () => {
      throw new RangeError('engine');
    };
    loop.feed({ type: 'wake' });
    expect(log.map((line) => line.slice(0, 30))).toEqual([
      'bug: {"kind":"bug","message":"',
      'bug: {"kind":"bug","message":"',
    ]);
  });
});

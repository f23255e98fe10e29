import { spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { checked, libc } from '../../src/kernel/libc.ts';
import { Readiness } from '../../src/kernel/readiness.ts';
import { TunDevice } from '../../src/kernel/tun.ts';

const calls = libc();
const nonblocking = 0o4000 | 0o2000000;
const eventfd = (initial: number): number => checked(calls, 'eventfd', calls.eventfd(initial, nonblocking));
const one = new Uint8Array(new BigUint64Array([1n]).buffer);

describe('readiness', () => {
  it('tells of what is there, and of what comes', async () => {
    const fd = eventfd(1);
    const readiness = new Readiness(calls, fd);
    const octets = new Uint8Array(8);
    await new Promise<void>((ready) => readiness.once(ready));
    expect(calls.read(fd, octets, 8)).toBe(8);
    const again = new Promise<void>((ready) => readiness.once(ready));
    calls.write(fd, one, one.length);
    await again;
    await new Promise<void>((closed) => readiness.close(closed));
    calls.close(fd);
  });

  it('is closed while it waits, and tells no more', async () => {
    const fd = eventfd(0);
    const readiness = new Readiness(calls, fd);
    let told = false;
    readiness.once(() => {
      told = true;
    });
    await new Promise<void>((closed) => readiness.close(closed));
    readiness.once(() => {
      told = true;
    });
    calls.close(fd);
    expect(told).toBe(false);
  });

  it('of many descriptors takes one thread and one listener, and tells each of its own', async () => {
    const before = process.listenerCount('exit');
    const fds = Array.from({ length: 40 }, () => eventfd(0));
    const all = fds.map((fd) => new Readiness(calls, fd));
    const told: number[] = [];
    const ready = all.map(
      (readiness, i) =>
        new Promise<void>((resolve) =>
          readiness.once(() => {
            told.push(i);
            resolve();
          }),
        ),
    );
    expect(process.listenerCount('exit')).toBe(before + 1);
    // Both are of the same pool of four threads.
    await readFile('/proc/self/stat');
    await lookup('localhost');
    calls.write(fds[17] ?? -1, one, one.length);
    await ready[17];
    expect(told).toEqual([17]);
    for (const fd of fds) calls.write(fd, one, one.length);
    await Promise.all(ready);
    await Promise.all(all.map((readiness) => new Promise<void>((closed) => readiness.close(closed))));
    for (const fd of fds) calls.close(fd);
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('goes on for the others when one is closed', async () => {
    const [first, second] = [eventfd(1), eventfd(1)];
    const one = new Readiness(calls, first);
    const other = new Readiness(calls, second);
    const closed = new Promise<void>((resolve) => {
      one.once(() => one.close(resolve));
    });
    await closed;
    await new Promise<void>((ready) => other.once(ready));
    // Its descriptor's number is another's now.
    calls.close(first);
    const third = eventfd(0);
    const again = new Readiness(calls, third);
    let told = false;
    again.once(() => {
      told = true;
    });
    await new Promise<void>((ready) => other.once(ready));
    expect(told).toBe(false);
    await Promise.all([other, again].map((each) => new Promise<void>((done) => each.close(done))));
    for (const fd of [second, third]) calls.close(fd);
  });

  it('the end of a process does not wait for the thread that waits', () => {
    const koffi = createRequire(import.meta.url).resolve('koffi');
    // As in readiness.ts, whose TypeScript a bare process does not read.
    const script = `
      const koffi = require(${JSON.stringify(koffi)});
      const lib = koffi.load('libc.so.6');
      const eventfd = lib.func('int eventfd(unsigned int initial, int flags)');
      const write = lib.func('int64_t write(int fd, const uint8_t *octets, uint64_t length)');
      const poll = lib.func('int poll(_Inout_ uint8_t *fds, uint64_t nfds, int timeout)');
      const fd = eventfd(0, 0o2004000);
      const fds = Buffer.alloc(8);
      fds.writeInt32LE(fd, 0);
      fds.writeInt16LE(1, 4);
      poll.async(fds, 1, -1, () => {});
      process.on('exit', () => write(fd, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), 8));
      setTimeout(() => process.exit(7), 20);`;
    expect(spawnSync(process.execPath, ['-e', script], { timeout: 20_000 }).status).toBe(7);
  });
});

it.each(['', 'sixteen-octets-x', 'a b', 'a/b', '..'])('%j is no name of a device', (name) => {
  expect(() => new TunDevice({ name, packet() {}, failed() {} })).toThrow('is no name for a device');
});

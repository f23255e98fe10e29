/** What is closed makes no system call any more: its descriptor's number may be a stranger's by then. */
import { describe, expect, it } from 'vitest';
import { RouteSocket } from '../../../src/kernel/rtnetlink.ts';
import { flushPolicies, sadInfo } from '../../../src/kernel/xfrm/requests.ts';
import { XfrmSocket } from '../../../src/kernel/xfrm/socket.ts';
import { fakeKernel } from './fake-libc.ts';

const closed = expect.objectContaining({ code: 'SYSTEM', errno: 'EBADF' });

/** With every system call counted from now on. */
function counted() {
  const { calls } = fakeKernel();
  const made: string[] = [];
  const watched = new Proxy(calls, {
    get: (target, name: keyof typeof calls) => {
      const call = target[name] as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        made.push(name);
        return call(...given);
      };
    },
  });
  return { calls: watched, made };
}

describe('after its end', () => {
  it('a socket for XFRM', () => {
    const { calls, made } = counted();
    const socket = new XfrmSocket(calls);
    socket.close();
    const before = made.length;
    socket.close();
    for (const use of [
      () => socket.do(flushPolicies()),
      () => socket.doAll([flushPolicies()]),
      () => socket.ask(sadInfo()),
      () => socket.dump({ kind: 'DUMPPOLICY', body: {}, attributes: [] }),
    ])
      expect(use).toThrow(closed);
    expect(made.slice(before)).toEqual([]);
  });

  it('a socket for routes', () => {
    const { calls, made } = counted();
    const socket = new RouteSocket(calls);
    socket.close();
    const before = made.length;
    socket.close();
    const to = { address: Uint8Array.of(10, 1, 0, 0), length: 16 };
    for (const use of [
      () => socket.linkIndex('lo'),
      () => socket.setRoute({ to, table: 7 }),
      () => socket.deleteRoute({ to, table: 7 }),
      () => socket.routes(7, 7),
    ])
      expect(use).toThrow(closed);
    expect(made.slice(before)).toEqual([]);
  });
});

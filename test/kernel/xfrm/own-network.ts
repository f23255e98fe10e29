/** A network namespace of a test's own, which its thread enters and leaves: workers are shared with other tests. */
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';

const CLONE_NEWNET = 0x4000_0000;

export interface OwnNetwork {
  /** Moves this thread, and what it starts from then on, into the namespace. */
  enter(): void;
  /** Moves it back. The namespace goes when its last socket and process go. */
  leave(): void;
}

/** The namespace, not entered yet; or in one line why there is none. */
export function ownNetwork(): OwnNetwork | string {
  let calls: Calls;
  try {
    calls = load();
  } catch (error) {
    return `no koffi: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
  const home = openSync(current, 'r');
  if (calls.unshare(CLONE_NEWNET) !== 0) {
    closeSync(home);
    return 'no right to unshare';
  }
  const own = openSync(current, 'r');
  const move = (to: number): void => {
    if (calls.setns(to, CLONE_NEWNET) !== 0) throw new Error('setns failed');
  };
  move(home);
  return {
    enter: () => move(own),
    leave() {
      move(home);
      closeSync(own);
      closeSync(home);
    },
  };
}

interface Calls {
  readonly unshare: (flags: number) => number;
  readonly setns: (fd: number, type: number) => number;
}

const current = '/proc/thread-self/ns/net';

function load(): Calls {
  const library = createRequire(import.meta.url)('koffi').load('libc.so.6');
  return {
    unshare: library.func('int unshare(int flags)'),
    setns: library.func('int setns(int fd, int type)'),
  };
}

/** When descriptors that Node has no stream for can be read. */
import { checked, type Libc } from './libc.ts';

const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const POLLIN = 1;
const pollfd = 8;
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** One descriptor. All of the process wait in one `poll`, on one thread of libuv's pool. */
export class Readiness {
  readonly #poll: SharedPoll;
  readonly #fd: number;
  #closed = false;

  /** Throws SystemError EMFILE. */
  constructor(calls: Libc, fd: number) {
    this.#poll = sharedPoll(calls);
    this.#fd = fd;
    this.#poll.join();
  }

  /** `ready` is called once, when there is something to read or the descriptor broke; never after `close`. */
  once(ready: () => void): void {
    if (!this.#closed && !this.#poll.waits(this)) this.#poll.wait(this, { fd: this.#fd, ready });
  }

  /** `then` is called when no thread waits on the descriptor any more: only then may it be closed. */
  close(then: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll.leave(this, then);
  }
}

interface Waiting {
  readonly fd: number;
  readonly ready: () => void;
}

/**
 * Waits on a thread that an eventfd wakes when the descriptors change and at the end of the process: nothing runs while
 * there is nothing to read, no exit waits for it, and however many descriptors there are the pool has its other threads.
 */
class SharedPoll {
  readonly #calls: Libc;
  readonly #waiting = new Map<Readiness, Waiting>();
  #wake = -1;
  #users = 0;
  /** What the thread waits for now. */
  #polled: readonly Readiness[] | undefined;
  /** Held here: `poll` writes into it on its thread, and nothing else would keep it. */
  #descriptors = new Uint8Array(4 * pollfd);
  /** To be called when the thread does not wait any more. */
  #left: (() => void)[] = [];
  #isAwake = false;
  #inTurn = false;
  readonly #wakeUp = () => {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#calls.write(this.#wake, one, one.length);
  };

  constructor(calls: Libc) {
    this.#calls = calls;
  }

  join(): void {
    if (this.#wake < 0) {
      this.#wake = checked(this.#calls, 'eventfd', this.#calls.eventfd(0, EFD_CLOEXEC_NONBLOCK));
      process.on('exit', this.#wakeUp);
    }
    this.#users++;
  }

  waits(one: Readiness): boolean {
    return this.#waiting.has(one);
  }

  wait(one: Readiness, waiting: Waiting): void {
    this.#waiting.set(one, waiting);
    this.#begin();
  }

  leave(one: Readiness, then: () => void): void {
    this.#users--;
    this.#waiting.delete(one);
    if (this.#polled?.includes(one)) {
      this.#left.push(then);
      this.#wakeUp();
      return;
    }
    if (this.#polled && this.#users === 0) this.#wakeUp();
    this.#endUnlessUsed();
    then();
  }

  #begin(): void {
    if (this.#inTurn) return;
    if (this.#polled) return this.#wakeUp();
    this.#isAwake = false;
    const polled = [...this.#waiting];
    const size = (polled.length + 1) * pollfd;
    if (this.#descriptors.length < size) this.#descriptors = new Uint8Array(2 * size);
    const view = new DataView(this.#descriptors.buffer);
    for (const [i, fd] of [this.#wake, ...polled.map(([, { fd }]) => fd)].entries()) {
      view.setInt32(i * pollfd, fd, little);
      view.setUint32(i * pollfd + 4, 0, little);
      view.setUint16(i * pollfd + 4, POLLIN, little);
    }
    this.#polled = polled.map(([one]) => one);
    this.#calls.poll(this.#descriptors, polled.length + 1, -1, (result) => this.#settled(result));
  }

  #settled(result: number): void {
    const polled = this.#polled ?? [];
    this.#polled = undefined;
    this.#calls.read(this.#wake, new Uint8Array(8), 8);
    const view = new DataView(this.#descriptors.buffer);
    this.#inTurn = true;
    try {
      for (const then of this.#left.splice(0)) then();
      for (const [i, one] of polled.entries()) {
        // When the call failed, who waits finds out.
        const isReady = result < 0 || view.getUint16((i + 1) * pollfd + 6, little) !== 0;
        const waiting = this.#waiting.get(one);
        if (!isReady || waiting === undefined) continue;
        this.#waiting.delete(one);
        waiting.ready();
      }
    } finally {
      this.#inTurn = false;
      if (this.#waiting.size > 0) this.#begin();
      this.#endUnlessUsed();
    }
  }

  #endUnlessUsed(): void {
    if (this.#users > 0 || this.#polled || this.#wake < 0) return;
    process.off('exit', this.#wakeUp);
    this.#calls.close(this.#wake);
    this.#wake = -1;
  }
}

const polls = new WeakMap<Libc, SharedPoll>();

function sharedPoll(calls: Libc): SharedPoll {
  const poll = polls.get(calls) ?? new SharedPoll(calls);
  polls.set(calls, poll);
  return poll;
}

const one = new Uint8Array(8);
new DataView(one.buffer).setBigUint64(0, 1n, little);

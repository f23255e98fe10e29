/** When a descriptor that Node has no stream for can be read. */
import { checked, type Libc } from './libc.ts';

const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const POLLIN = 1;
const pollfd = 8;
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Waits in `poll` on a thread of libuv's pool, which `close` and the end of the process wake: nothing runs while there is
 * nothing to read, and no exit waits for it.
 */
export class Readiness {
  readonly #calls: Libc;
  readonly #wake: number;
  /** Held here: `poll` writes into it on its thread, and nothing else would keep it. */
  readonly #descriptors = new Uint8Array(2 * pollfd);
  readonly #wakeUp = () => this.#calls.write(this.#wake, one, one.length);
  #waiting = false;
  #closed: (() => void) | undefined;

  /** Throws SystemError EMFILE. */
  constructor(calls: Libc, fd: number) {
    this.#calls = calls;
    this.#wake = checked(calls, 'eventfd', calls.eventfd(0, EFD_CLOEXEC_NONBLOCK));
    const view = new DataView(this.#descriptors.buffer);
    for (const [i, each] of [fd, this.#wake].entries()) {
      view.setInt32(i * pollfd, each, little);
      view.setUint16(i * pollfd + 4, POLLIN, little);
    }
    process.on('exit', this.#wakeUp);
  }

  /** `ready` is called once, when there is something to read or the descriptor broke; never after `close`. */
  once(ready: () => void): void {
    if (this.#closed || this.#waiting) return;
    this.#waiting = true;
    this.#calls.poll(this.#descriptors, 2, -1, () => {
      this.#waiting = false;
      if (this.#closed) this.#end(this.#closed);
      else ready();
    });
  }

  /** `then` is called when no thread waits on the descriptor any more: only then may it be closed. */
  close(then: () => void): void {
    if (this.#closed) return;
    this.#closed = then;
    if (this.#waiting) this.#wakeUp();
    else this.#end(then);
  }

  #end(then: () => void): void {
    process.off('exit', this.#wakeUp);
    this.#calls.close(this.#wake);
    then();
  }
}

const one = new Uint8Array(8);
new DataView(one.buffer).setBigUint64(0, 1n, little);

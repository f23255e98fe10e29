/** Who has the IPsec state of a network namespace: one process at a time clears and makes what is ours in it. */
import { SystemError } from '../errno.ts';
import { checked, type Libc } from '../libc.ts';
import { host } from './socket.ts';
import { u16, viewOf } from './struct.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const name = new TextEncoder().encode('\0ikev2-xfrm');

/** Of EADDRINUSE. */
export const heldByAnother = 'another ikev2 daemon has this kernel';

/** A name of the namespace's abstract unix sockets, which goes with the process whatever ends it. */
export class XfrmLock {
  readonly #calls: Libc;
  readonly #fd: number;
  #closed = false;

  /** Throws SystemError EADDRINUSE when another has it. */
  constructor(calls: Libc) {
    this.#calls = calls;
    this.#fd = checked(calls, 'socket', calls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
    const address = new Uint8Array(2 + name.length);
    u16.write(viewOf(address), 0, AF_UNIX, host);
    address.set(name, 2);
    try {
      checked(calls, 'bind', calls.bind(this.#fd, address, address.length));
    } catch (error) {
      this.close();
      if (!(error instanceof SystemError) || error.errno !== 'EADDRINUSE') throw error;
      throw new SystemError(error.call, error.errno, heldByAnother);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#calls.close(this.#fd);
  }
}

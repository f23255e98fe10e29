/** What the kernel tells by itself: acquires, expirations, mappings and what others change. */

import { errnoName, SystemError } from '../errno.ts';
import { checked, type Libc, libc } from '../libc.ts';
import { parseDatagram } from './datagram.ts';
import type { XfrmMessage } from './messages.ts';
import { MulticastGroup } from './numbers.ts';
import { host, openNetlink, setOption } from './socket.ts';
import { s32, u16, u64, viewOf } from './struct.ts';

export interface MonitorOptions {
  readonly groups: readonly (keyof typeof MulticastGroup)[];
  readonly told: (message: XfrmMessage) => void;
  /** The kernel had more to tell than the socket could hold (ENOBUFS): what there is must be asked for. */
  readonly lost: () => void;
  /** The socket broke; nothing comes any more. */
  readonly failed: (error: SystemError) => void;
}

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const MSG_DONTWAIT = 0x40;
const EFD_CLOEXEC_NONBLOCK = 0o2000000 | 0o4000;
const POLLIN = 1;
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;
const pollfd = 8;
const largestDatagram = 256 * 1024;
/** Datagrams read before the rest of the program has its turn. */
const mostInOneTurn = 64;

/**
 * Waits in `poll` on a thread of libuv's pool, which `close` and the end of the process wake: it wakes nobody while
 * there is nothing, and no exit waits for it.
 */
export class XfrmMonitor {
  readonly #calls: Libc;
  readonly #options: MonitorOptions;
  readonly #fd: number;
  readonly #wake: number;
  readonly #buffer = new Uint8Array(largestDatagram);
  /** Held here: `poll` writes into it on its thread, and nothing else would keep it. */
  readonly #descriptors = new Uint8Array(2 * pollfd);
  readonly #wakeUp = () => this.#calls.write(this.#wake, one, one.length);
  #closed = false;

  /** Throws SystemError as XfrmSocket does; EPERM: the groups need CAP_NET_ADMIN. */
  constructor(options: MonitorOptions, calls: Libc = libc()) {
    this.#calls = calls;
    this.#options = options;
    this.#fd = openNetlink(calls);
    for (const group of options.groups) {
      const result = setOption(calls, this.#fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, MulticastGroup[group]);
      if (result < 0) {
        const error = new SystemError(`join ${group}`, errnoName(calls.errno()));
        calls.close(this.#fd);
        throw error;
      }
    }
    this.#wake = checked(calls, 'eventfd', calls.eventfd(0, EFD_CLOEXEC_NONBLOCK));
    const view = viewOf(this.#descriptors);
    for (const [i, fd] of [this.#fd, this.#wake].entries()) {
      s32.write(view, i * pollfd, fd, host);
      u16.write(view, i * pollfd + 4, POLLIN, host);
    }
    process.on('exit', this.#wakeUp);
    this.#wait();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wakeUp();
  }

  #wait(): void {
    this.#calls.poll(this.#descriptors, 2, -1, () => this.#ready());
  }

  #ready(): void {
    if (this.#closed) return this.#end();
    for (let read = 0; read < mostInOneTurn; read++) {
      const length = this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) {
        const errno = this.#calls.errno();
        if (errno === EAGAIN) break;
        if (errno === EINTR) continue;
        if (errno !== ENOBUFS) {
          this.#options.failed(new SystemError('recv', errnoName(errno)));
          this.#closed = true;
          return this.#end();
        }
        this.#options.lost();
      } else this.#tell(this.#buffer.subarray(0, length));
      if (this.#closed) return this.#end();
    }
    this.#wait();
  }

  #tell(octets: Uint8Array): void {
    for (const { message } of parseDatagram(octets, host)) {
      switch (message.kind) {
        case 'overrun':
          this.#options.lost();
          break;
        case 'acknowledgement':
        case 'done':
        case 'malformed':
        case 'unknown':
          break;
        default:
          this.#options.told(message);
      }
    }
  }

  /** Only here nobody waits on the descriptors any more. */
  #end(): void {
    process.off('exit', this.#wakeUp);
    this.#calls.close(this.#fd);
    this.#calls.close(this.#wake);
  }
}

const one = new Uint8Array(u64.size);
u64.write(viewOf(one), 0, 1n, host);

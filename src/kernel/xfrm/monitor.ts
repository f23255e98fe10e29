/** What the kernel tells by itself: acquires, expirations, mappings and what others change. */

import { errnoName, SystemError } from '../errno.ts';
import { type Libc, libc } from '../libc.ts';
import { Readiness } from '../readiness.ts';
import { parseDatagram } from './datagram.ts';
import type { XfrmMessage } from './messages.ts';
import { MulticastGroup } from './numbers.ts';
import { host, openNetlink, setOption } from './socket.ts';

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
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;
const largestDatagram = 256 * 1024;
/** Datagrams read before the rest of the program has its turn. */
const mostInOneTurn = 64;

/** It wakes nobody while there is nothing, and no exit waits for it: see readiness.ts. */
export class XfrmMonitor {
  readonly #calls: Libc;
  readonly #options: MonitorOptions;
  readonly #fd: number;
  readonly #readiness: Readiness;
  readonly #buffer = new Uint8Array(largestDatagram);
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
    try {
      this.#readiness = new Readiness(calls, this.#fd);
    } catch (error) {
      calls.close(this.#fd);
      throw error;
    }
    this.#wait();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness.close(() => this.#calls.close(this.#fd));
  }

  #wait(): void {
    this.#readiness.once(() => this.#ready());
  }

  #ready(): void {
    for (let read = 0; read < mostInOneTurn && !this.#closed; read++) {
      const length = this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) {
        const errno = this.#calls.errno();
        if (errno === EAGAIN) break;
        if (errno === EINTR) continue;
        if (errno !== ENOBUFS) {
          this.close();
          this.#options.failed(new SystemError('recv', errnoName(errno)));
          return;
        }
        this.#options.lost();
      } else this.#tell(this.#buffer.subarray(0, length));
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
}

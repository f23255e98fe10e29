/** What becomes of links and addresses of the host, by anybody: the groups of NETLINK_ROUTE. */
import { errnoName, SystemError } from './errno.ts';
import { checked, type Libc, libc } from './libc.ts';
import { Readiness } from './readiness.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const MSG_DONTWAIT = 0x40;
const groups = { link: 0x1, ipv4Address: 0x10, ipv6Address: 0x100 } as const;
const Message = { NEWLINK: 16, DELLINK: 17, NEWADDR: 20, DELADDR: 21 } as const;
const EAGAIN = 11;
const EINTR = 4;
const ENOBUFS = 105;
const headerLength = 16;
const largestDatagram = 64 * 1024;
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface RouteMonitorOptions {
  /** Something became of the link of this index, or of one the kernel had no room to tell. */
  readonly link: (index: number | undefined) => void;
  /** An address came or went. */
  readonly addresses: () => void;
  /** The socket broke; nothing comes any more. */
  readonly failed: (error: SystemError) => void;
}

export class RouteMonitor {
  readonly #calls: Libc;
  readonly #options: RouteMonitorOptions;
  readonly #fd: number;
  readonly #readiness: Readiness;
  readonly #buffer = new Uint8Array(largestDatagram);
  #closed = false;

  /** Throws SystemError. */
  constructor(options: RouteMonitorOptions, calls: Libc = libc()) {
    this.#calls = calls;
    this.#options = options;
    this.#fd = checked(calls, 'socket', calls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
    try {
      const address = new DataView(new ArrayBuffer(12));
      address.setUint16(0, AF_NETLINK, little);
      address.setUint32(8, groups.link | groups.ipv4Address | groups.ipv6Address, little);
      checked(calls, 'bind', calls.bind(this.#fd, new Uint8Array(address.buffer), address.byteLength));
      this.#readiness = new Readiness(calls, this.#fd);
    } catch (error) {
      calls.close(this.#fd);
      throw error;
    }
    this.#readiness.once(this.#read);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness.close(() => this.#calls.close(this.#fd));
  }

  /** All there is, then what it comes to: of each link once. */
  #read = (): void => {
    const links = new Set<number | undefined>();
    let addresses = false;
    for (;;) {
      const length = this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length < 0) {
        const errno = this.#calls.errno();
        if (errno === EAGAIN) break;
        if (errno === EINTR) continue;
        if (errno !== ENOBUFS) {
          this.close();
          return this.#options.failed(new SystemError('recv', errnoName(errno)));
        }
        links.add(undefined);
        addresses = true;
        continue;
      }
      for (const { type, index } of messagesOf(this.#buffer.subarray(0, length))) {
        if (type === Message.NEWLINK || type === Message.DELLINK) links.add(index);
        addresses ||= type === Message.NEWADDR || type === Message.DELADDR;
      }
    }
    for (const index of links) if (!this.#closed) this.#options.link(index);
    if (addresses && !this.#closed) this.#options.addresses();
    if (!this.#closed) this.#readiness.once(this.#read);
  };
}

/** The index stands at the same place in messages of links and of addresses. */
function* messagesOf(octets: Uint8Array): Generator<{ readonly type: number; readonly index: number }> {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + headerLength + 8 <= octets.length; ) {
    const length = view.getUint32(at, little);
    if (length < headerLength + 8 || at + length > octets.length) return;
    yield { type: view.getUint16(at + 4, little), index: view.getInt32(at + headerLength + 4, little) };
    at += (length + 3) & ~3;
  }
}

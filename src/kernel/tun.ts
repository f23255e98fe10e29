/** A TUN device: IP packets of the host's network stack, one a read and one a write. linux/if_tun.h. */
import { errnoName, SystemError } from './errno.ts';
import { type Libc, libc } from './libc.ts';
import { Readiness } from './readiness.ts';

const O_RDWR_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN_NO_PI = 0x0001 | 0x1000;
const IFNAMSIZ = 16;
const ifreq = 40;
const EAGAIN = 11;
const EINTR = 4;
/** The longest IP packet. */
const longest = 65_535;
/** Packets read before the rest of the program has its turn. */
const mostInOneTurn = 32;
const emptyTurns = 4;

export interface TunOptions {
  /** At most 15 octets; `%d` in it becomes the first free number. */
  readonly name: string;
  /** One packet, in octets that hold the next one afterwards. */
  readonly packet: (packet: Uint8Array) => void;
  /** Nothing is read while it says so, and packets wait in the device: asked again when the caller says `resume`. */
  readonly busy?: () => boolean;
  /** The device broke, or was deleted; nothing comes any more. */
  readonly failed: (error: SystemError) => void;
}

/** What became of a packet written: `full` when the device takes no more for now, `refused` when it is down or no packet. */
export type Written = 'written' | 'full' | 'refused';

/** It is gone from the host when its descriptor is closed, be it by the end of the process. */
export class TunDevice {
  readonly name: string;
  readonly #calls: Libc;
  readonly #options: TunOptions;
  readonly #fd: number;
  readonly #readiness: Readiness;
  readonly #buffer = new Uint8Array(longest);
  #idle = false;
  /** Turns in which there was nothing to read. */
  #empty = 0;
  #closed = false;

  /** Throws SystemError, whose message says what is to be done. */
  constructor(options: TunOptions, calls: Libc = libc()) {
    this.#calls = calls;
    this.#options = options;
    const opened = open(calls, options.name);
    this.name = opened.name;
    this.#fd = opened.fd;
    this.#readiness = new Readiness(calls, this.#fd);
    this.#readiness.once(this.#read);
  }

  write(packet: Uint8Array): Written {
    if (this.#closed) return 'refused';
    if (this.#calls.write(this.#fd, packet, packet.length) >= 0) return 'written';
    return this.#calls.errno() === EAGAIN ? 'full' : 'refused';
  }

  /** Reads on after `busy` has said so. */
  resume(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#read();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness.close(() => this.#calls.close(this.#fd));
  }

  /** An empty device is asked a few turns more: a thread that waits costs more than many such questions. */
  #read = (): void => {
    let read = 0;
    while (!this.#closed && read < mostInOneTurn) {
      if (this.#options.busy?.()) {
        this.#idle = true;
        return;
      }
      const length = this.#calls.read(this.#fd, this.#buffer, longest);
      if (length < 0) {
        const errno = this.#calls.errno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) break;
        this.close();
        this.#options.failed(new SystemError(`read ${this.name}`, errnoName(errno)));
        return;
      }
      read++;
      this.#options.packet(this.#buffer.subarray(0, length));
    }
    if (this.#closed) return;
    this.#empty = read > 0 ? 0 : this.#empty + 1;
    if (this.#empty < emptyTurns) setImmediate(this.#read);
    else this.#readiness.once(this.#read);
  };
}

function open(calls: Libc, name: string): { fd: number; name: string } {
  const octets = new TextEncoder().encode(name);
  if (octets.length === 0 || octets.length >= IFNAMSIZ || /[/\s:]/.test(name) || /^\.\.?$/.test(name)) {
    throw new SystemError('TUNSETIFF', 'EINVAL', `"${name}" is no name for a device: 1 to 15 characters`);
  }
  const fd = calls.open('/dev/net/tun', O_RDWR_NONBLOCK_CLOEXEC);
  if (fd < 0) throw refusal('open /dev/net/tun', errnoName(calls.errno()), name);
  const request = new Uint8Array(ifreq);
  request.set(octets);
  new Uint16Array(request.buffer, IFNAMSIZ, 1)[0] = IFF_TUN_NO_PI;
  if (calls.ioctl(fd, TUNSETIFF, request) < 0) {
    const errno = errnoName(calls.errno());
    calls.close(fd);
    throw refusal('TUNSETIFF', errno, name);
  }
  return { fd, name: new TextDecoder().decode(request.subarray(0, request.indexOf(0))) };
}

const refusal = (call: string, errno: string, name: string): SystemError =>
  new SystemError(call, errno, advice(errno, name));

function advice(errno: string, name: string): string {
  switch (errno) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return 'this kernel shows no TUN devices. Run: modprobe tun; a container needs --device /dev/net/tun';
    case 'EPERM':
    case 'EACCES':
      return `no right to make the TUN device ${name}. Run as root or with CAP_NET_ADMIN; a container needs --cap-add NET_ADMIN`;
    case 'EBUSY':
      return `another process has the TUN device ${name}. Stop it, or choose another name`;
    case 'EINVAL':
      return `${name} is there already, and is no TUN device. Choose another name`;
    default:
      return '';
  }
}

/**
 * UDP sockets past Node's streams, for ESP in user space: a datagram is one system call, and what lies in a socket is read
 * in one turn. Node still tells when there is something, and does all that is not so frequent.
 */
import type { Socket } from 'node:dgram';
import type { Endpoint } from '../ike/actions.ts';
import { errnoName } from '../kernel/errno.ts';
import { type Libc, libc } from '../kernel/libc.ts';
import { setOption } from '../kernel/xfrm/socket.ts';
import { formatAddress } from '../wire/address.ts';
import { bound, dgram, type OpenSocket } from './socket.ts';
import { openUdp, socketAddress } from './socket-xfrm.ts';

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const MSG_DONTWAIT = 0x40;
const sendBuffer = 4 * 1024 * 1024;
const largestDatagram = 65_535;
const largestAddress = 28;

export class DirectSocket {
  readonly #calls: Libc;
  readonly #fd: number;
  readonly #octets = new Uint8Array(largestDatagram);
  readonly #address = new Uint8Array(largestAddress);
  readonly #size = new Uint8Array(4);
  readonly #destinations = new WeakMap<Endpoint, Uint8Array>();
  #last: { readonly address: Uint8Array; readonly from: Endpoint } | undefined;
  #closed = false;

  constructor(fd: number, calls: Libc) {
    this.#fd = fd;
    this.#calls = calls;
  }

  /** Undefined when it is sent, else why not: EAGAIN when the network takes no more for now. */
  send(octets: Uint8Array, to: Endpoint): string | undefined {
    if (this.#closed) return 'EBADF';
    let address = this.#destinations.get(to);
    if (address === undefined) {
      address = socketAddress(to);
      this.#destinations.set(to, address);
    }
    const { length } = octets;
    const sent = this.#calls.sendto(this.#fd, octets, length, MSG_DONTWAIT, address, address.length);
    return sent < 0 ? errnoName(this.#calls.errno()) : undefined;
  }

  /** The next datagram, in octets that hold the one after it later; undefined when there is none. */
  receive(): { readonly octets: Uint8Array; readonly from: Endpoint } | undefined {
    if (this.#closed) return undefined;
    this.#size[0] = largestAddress;
    const octets = this.#octets;
    const length = this.#calls.recvfrom(
      this.#fd,
      octets,
      octets.length,
      MSG_DONTWAIT,
      this.#address,
      this.#size,
    );
    return length < 0 ? undefined : { octets: octets.subarray(0, length), from: this.#from() };
  }

  /** Before the descriptor is closed, which its Node socket does. */
  end(): void {
    this.#closed = true;
  }

  /** The same object while the same peer sends: its text is not made for each datagram. */
  #from(): Endpoint {
    const address = this.#address;
    if (this.#last?.address.every((octet, i) => octet === address[i])) return this.#last.from;
    const six = address[0] === 10 || address[1] === 10;
    const from = {
      address: formatAddress(six ? address.slice(8, 24) : address.slice(4, 8)),
      port: ((address[2] ?? 0) << 8) | (address[3] ?? 0),
    };
    this.#last = { address: address.slice(0, six ? 24 : 8), from };
    return from;
  }
}

const opened = new WeakMap<Socket, DirectSocket>();

/** Of a socket that `directSockets` opened. */
export const directOf = (socket: Socket): DirectSocket | undefined => opened.get(socket);

/** Throws SystemError without koffi. */
export function directSockets(calls: Libc = libc()): OpenSocket {
  return async (local) => {
    const fd = openUdp(local, { exempt: false, encapsulated: false }, calls);
    setOption(calls, fd, SOL_SOCKET, SO_SNDBUF, sendBuffer);
    const socket = await bound(local, dgram(local, {}), { fd }).catch((error) => {
      calls.close(fd);
      throw error;
    });
    setOption(calls, fd, SOL_SOCKET, SO_REUSEADDR, 0);
    opened.set(socket, new DirectSocket(fd, calls));
    return socket;
  };
}

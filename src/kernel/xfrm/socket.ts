/**
 * Requests to the kernel. It works on a netlink request within `send`, so its answer lies in the socket when that returns:
 * every request is one synchronous call, some microseconds long, but for the first SA of an algorithm, whose module the
 * kernel may load.
 */
import { endianness as hostEndianness } from 'node:os';
import { errnoName, SystemError } from '../errno.ts';
import { checked, type Libc, libc } from '../libc.ts';
import { type Acknowledgement, joinMessages, parseDatagram, type Received } from './datagram.ts';
import { XfrmError } from './errors.ts';
import { encodeMessage, type MessageKind, type XfrmMessage } from './messages.ts';
import { NlmFlag } from './numbers.ts';
import { isAnswered } from './requests.ts';
import { type Endianness, u16, u32, viewOf } from './struct.ts';

export const host: Endianness = hostEndianness() === 'LE' ? 'little' : 'big';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_XFRM = 6;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;

const receiveBuffer = 8 * 1024 * 1024;
/** More than the kernel puts into one part of a dump. */
const largestDatagram = 256 * 1024;
/** Requests of one `send`: their answers must fit the receive buffer. */
const mostAtOnce = 64;
/** A dump that changed while it was read is read again so many times. */
const mostDumps = 5;

export class XfrmSocket {
  readonly #calls: Libc;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(largestDatagram);
  #sequence = 0;

  /** Throws SystemError: ENOENT (no koffi), EPROTONOSUPPORT (a kernel without XFRM_USER). */
  constructor(calls: Libc = libc()) {
    this.#calls = calls;
    this.#fd = openNetlink(calls);
    // Refusals in the kernel's words, and without the request: it may hold keys.
    setOption(calls, this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    setOption(calls, this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  }

  /** Done when it returns. Throws XfrmError with the kernel's errno and words. */
  do(message: XfrmMessage, flags = 0): void {
    const [refused] = this.doAll([message], flags);
    if (refused) throw refused;
  }

  /** Each of many, in order, in few system calls: undefined where it is done. A refused one stops none behind it. */
  doAll(messages: readonly XfrmMessage[], flags = 0): (XfrmError | undefined)[] {
    const refusals: (XfrmError | undefined)[] = [];
    for (let at = 0; at < messages.length; at += mostAtOnce) {
      refusals.push(...this.#batch(messages.slice(at, at + mostAtOnce), flags));
    }
    return refusals;
  }

  /** The kernel's message in answer to a GET or ALLOCSPI. Throws XfrmError: ESRCH, ENOENT. */
  ask(message: XfrmMessage): XfrmMessage {
    if (!isAnswered(message)) throw new RangeError(`${message.kind} has no answer but done or refused`);
    const sequence = this.#send([message], 0);
    for (const { header, message: answer } of this.#receive(message.kind)) {
      if (header?.nlmsg_seq !== sequence) continue;
      if (answer.kind === 'acknowledgement') throw refusal(message.kind, answer);
      if (isXfrm(answer)) return answer;
    }
    throw new XfrmError(message.kind, 'ENODATA');
  }

  /** Everything of a dump, read anew while it changed under way. Throws XfrmError; EINTR when it never stood still. */
  dump(message: XfrmMessage): XfrmMessage[] {
    for (let tries = 0; tries < mostDumps; tries++) {
      const found = this.#dumpOnce(message);
      if (found) return found;
    }
    throw new XfrmError(message.kind, 'EINTR');
  }

  close(): void {
    this.#calls.close(this.#fd);
  }

  #dumpOnce(message: XfrmMessage): XfrmMessage[] | undefined {
    const sequence = this.#send([message], 0);
    const found: XfrmMessage[] = [];
    let interrupted = false;
    for (const { header, message: part } of this.#receive(message.kind)) {
      interrupted ||= part.kind === 'overrun';
      if (header?.nlmsg_seq !== sequence) continue;
      interrupted ||= (header.nlmsg_flags & NlmFlag.DUMP_INTR) !== 0;
      if (part.kind === 'acknowledgement') throw refusal(message.kind, part);
      if (part.kind === 'done') {
        if (part.errno !== undefined) throw new XfrmError(message.kind, part.errno);
        return interrupted ? undefined : found;
      }
      if (isXfrm(part)) found.push(part);
    }
    if (interrupted) return undefined;
    throw new XfrmError(message.kind, 'ENODATA');
  }

  #batch(messages: readonly XfrmMessage[], flags: number): (XfrmError | undefined)[] {
    const first = (this.#sequence + 1) >>> 0;
    const answers = new Map<number, Acknowledgement>();
    let broken = 'ENODATA';
    try {
      this.#send(messages, flags | NlmFlag.ACK);
      for (const { header, message } of this.#receive(messages[0]?.kind ?? 'batch')) {
        if (message.kind === 'acknowledgement') answers.set(header?.nlmsg_seq ?? 0, message);
        if (answers.size === messages.length) break;
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      broken = error.errno;
    }
    return messages.map(({ kind }, i) => {
      const answer = answers.get((first + i) >>> 0);
      if (answer === undefined) return new XfrmError(kind, broken);
      return answer.errno === undefined ? undefined : refusal(kind, answer);
    });
  }

  /** The sequence number of the first. What an earlier request left unread is thrown away. */
  #send(messages: readonly XfrmMessage[], flags: number): number {
    while (this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT) > 0);
    const first = (this.#sequence + 1) >>> 0;
    const encoded = messages.map((message) => {
      this.#sequence = (this.#sequence + 1) >>> 0;
      const envelope = { sequence: this.#sequence, flags: flags | NlmFlag.REQUEST };
      return encodeMessage(message, envelope, host);
    });
    const octets = joinMessages(encoded);
    try {
      const sent = this.#calls.send(this.#fd, octets, octets.length, 0);
      checked(this.#calls, messages[0]?.kind ?? 'send', sent);
    } finally {
      // Keys may be in there.
      for (const each of [octets, ...encoded]) each.fill(0);
    }
    return first;
  }

  /** What lies in the socket, until nothing does. */
  *#receive(kind: string): Generator<Received> {
    for (;;) {
      const length = this.#calls.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (length >= 0) {
        const octets = this.#buffer.subarray(0, length);
        const received = parseDatagram(octets, host);
        // The SAs in it have their keys with them.
        octets.fill(0);
        yield* received;
        continue;
      }
      const errno = errnoName(this.#calls.errno());
      if (errno === 'EAGAIN') return;
      if (errno === 'ENOBUFS') yield { message: { kind: 'overrun' } };
      else if (errno !== 'EINTR') throw new SystemError(kind, errno);
    }
  }
}

/** A bound NETLINK_XFRM socket with a wide receive buffer; multicast groups by their bits. */
export function openNetlink(calls: Libc): number {
  const fd = checked(calls, 'socket', calls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_XFRM));
  const address = new Uint8Array(12);
  u16.write(viewOf(address), 0, AF_NETLINK, host);
  if (calls.bind(fd, address, address.length) < 0) {
    calls.close(fd);
    checked(calls, 'bind', -1);
  }
  // Without CAP_NET_ADMIN as much as net.core.rmem_max allows.
  if (setOption(calls, fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) < 0) {
    setOption(calls, fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  }
  return fd;
}

export function setOption(calls: Libc, fd: number, level: number, option: number, value: number): number {
  const octets = new Uint8Array(4);
  u32.write(viewOf(octets), 0, value, host);
  return calls.setsockopt(fd, level, option, octets, octets.length);
}

const refusal = (kind: MessageKind, { errno = 'EPROTO', extack }: Acknowledgement): XfrmError =>
  new XfrmError(kind, errno, extack);

const isXfrm = (message: Received['message']): message is XfrmMessage =>
  !['unknown', 'acknowledgement', 'done', 'overrun', 'malformed'].includes(message.kind);

/** A kernel behind the system calls that says what a test wants: two netlink sockets, the first for requests. */
import type { Libc } from '../../../src/kernel/libc.ts';
import { joinMessages, parseDatagram } from '../../../src/kernel/xfrm/datagram.ts';
import { encodeMessage, type XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import { NlmFlag, NlmsgType } from '../../../src/kernel/xfrm/numbers.ts';
import { host } from '../../../src/kernel/xfrm/socket.ts';
import { viewOf } from '../../../src/kernel/xfrm/struct.ts';
import { nlmsgerr, nlmsghdr } from '../../../src/kernel/xfrm/structs.ts';

/** A request as the kernel reads it. */
export interface Asked {
  readonly message: XfrmMessage;
  readonly sequence: number;
}

export interface FakeKernel {
  readonly calls: Libc;
  /** Every message of every request, in order. */
  readonly asked: readonly XfrmMessage[];
  /** The very octets of every `send`. */
  readonly sent: readonly Uint8Array[];
  /** Answers to what comes; done, and of a dump nothing, unless said. */
  answer: (asked: Asked) => Uint8Array[] | undefined;
  /** Errno of the next calls of `send`. */
  readonly refusals: number[];
  /** What the multicast socket gets. */
  tell(octets: Uint8Array): void;
}

export function fakeKernel(): FakeKernel {
  const queues = new Map<number, Uint8Array[]>();
  const asked: XfrmMessage[] = [];
  const sent: Uint8Array[] = [];
  let errno = 0;
  let polled: { readonly descriptors: Uint8Array; readonly settled: (result: number) => void } | undefined;
  let fds = 1000;
  const fail = (number: number): number => {
    errno = number;
    return -1;
  };
  /** Every descriptor that waits can be read: there may be nothing. */
  const wake = (): void => {
    const waited = polled;
    polled = undefined;
    for (let at = 6; waited && at < waited.descriptors.length; at += 8) waited.descriptors[at] = 1;
    waited?.settled(1);
  };
  const fake: FakeKernel = {
    asked,
    sent,
    refusals: [],
    answer: () => undefined,
    tell(octets) {
      [...queues.values()].at(-1)?.push(octets);
      wake();
    },
    calls: {
      ...nothing,
      socket() {
        queues.set(++fds, []);
        return fds;
      },
      bind: () => 0,
      setsockopt: () => 0,
      eventfd: () => ++fds,
      read: () => 8,
      write() {
        wake();
        return 8;
      },
      close: () => 0,
      errno: () => errno,
      poll(descriptors, _count, _timeout, settled) {
        polled = { descriptors, settled };
      },
      send(fd, octets, length) {
        sent.push(octets);
        const refusal = fake.refusals.shift();
        if (refusal !== undefined) return fail(refusal);
        for (const { header, message } of parseDatagram(octets.slice(0, length), host)) {
          if (header === undefined || !('body' in message)) throw new Error(`no request: ${message.kind}`);
          asked.push(message);
          const one = { message, sequence: header.nlmsg_seq };
          queues.get(fd)?.push(...(fake.answer(one) ?? [done(one)]));
        }
        return length;
      },
      recv(fd, octets, length) {
        const next = queues.get(fd)?.shift();
        if (next === undefined) return fail(11);
        octets.set(next.subarray(0, length));
        return Math.min(next.length, length);
      },
    },
  };
  return fake;
}

/** What is not said below must not be called. */
const nothing = {} as Libc;

/** The kernel's message in answer. */
export const answerWith = ({ sequence }: Asked, message: XfrmMessage): Uint8Array =>
  encodeMessage(message, { sequence, flags: 0 }, host);

/** What the kernel sends for done or, with a positive errno, refused. */
export function acknowledged({ sequence }: Asked, errno = 0): Uint8Array {
  const octets = new Uint8Array(nlmsghdr.size + nlmsgerr.size);
  const header = { nlmsg_len: octets.length, nlmsg_type: NlmsgType.ERROR, nlmsg_flags: NlmFlag.CAPPED };
  nlmsghdr.write(viewOf(octets), 0, { ...header, nlmsg_seq: sequence, nlmsg_pid: 0 }, host);
  const body = { ...nlmsgerr.zero(), error: -errno };
  nlmsgerr.write(viewOf(octets), nlmsghdr.size, body, host);
  return octets;
}

function done(asked: Asked): Uint8Array {
  if (!asked.message.kind.startsWith('DUMP')) return acknowledged(asked);
  const octets = new Uint8Array(nlmsghdr.size + 4);
  const header = { nlmsg_len: octets.length, nlmsg_type: NlmsgType.DONE, nlmsg_flags: NlmFlag.MULTI };
  nlmsghdr.write(viewOf(octets), 0, { ...header, nlmsg_seq: asked.sequence, nlmsg_pid: 0 }, host);
  return joinMessages([octets]);
}

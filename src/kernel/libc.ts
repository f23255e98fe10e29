/** The system calls that Node has no names for, through koffi: no compiler, one prebuilt binary a platform. */
import { createRequire } from 'node:module';
import { errnoName, SystemError } from './errno.ts';

/** Negative results are failures; `errno()` then tells which. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  send(fd: number, octets: Uint8Array, length: number, flags: number): number;
  recv(fd: number, octets: Uint8Array, length: number, flags: number): number;
  sendto(
    fd: number,
    octets: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  /** `address` and its length (4 octets, the room there is) are filled in. */
  recvfrom(
    fd: number,
    octets: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Uint8Array,
  ): number;
  close(fd: number): number;
  eventfd(initial: number, flags: number): number;
  open(path: string, flags: number): number;
  /** `argument` is read and written. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  read(fd: number, octets: Uint8Array, length: number): number;
  write(fd: number, octets: Uint8Array, length: number): number;
  /**
   * `struct pollfd[]`, which is filled in; settles when one is ready. It waits on a thread of libuv's pool: the caller
   * keeps the octets, for nothing else does.
   */
  poll(descriptors: Uint8Array, count: number, timeout: number, settled: (result: number) => void): void;
  /** Of the last call of this thread. */
  errno(): number;
}

interface Koffi {
  load(name: string): { func(prototype: string): Native };
  errno(): number;
}
type Native = ((...given: unknown[]) => unknown) & { async(...given: unknown[]): void };

let loaded: Libc | undefined;

/** Throws SystemError ENOENT when koffi is not installed, or has no binary for this platform, or it is none of Linux. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

/** Negative results become SystemError of this name and the errno. */
export function checked(calls: Libc, name: string, result: number): number {
  if (result < 0) throw new SystemError(name, errnoName(calls.errno()));
  return result;
}

function load(): Libc {
  let koffi: Koffi;
  let library: ReturnType<Koffi['load']>;
  try {
    koffi = createRequire(import.meta.url)('koffi');
    library = koffi.load('libc.so.6');
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : error;
    throw new SystemError('load', 'ENOENT', `koffi is not here: ${why}`);
  }
  const number = (prototype: string) => {
    const native = library.func(prototype);
    return (...given: unknown[]) => Number(native(...given));
  };
  const poll = library.func('int poll(_Inout_ uint8_t *fds, uint64_t nfds, int timeout)');
  return {
    socket: number('int socket(int domain, int type, int protocol)'),
    bind: number('int bind(int fd, const uint8_t *address, uint32_t length)'),
    setsockopt: number(
      'int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)',
    ),
    send: number('int64_t send(int fd, const uint8_t *octets, uint64_t length, int flags)'),
    recv: number('int64_t recv(int fd, _Out_ uint8_t *octets, uint64_t length, int flags)'),
    sendto: number(
      'int64_t sendto(int fd, const uint8_t *octets, uint64_t length, int flags, const uint8_t *address, uint32_t size)',
    ),
    recvfrom: number(
      'int64_t recvfrom(int fd, _Out_ uint8_t *octets, uint64_t length, int flags, _Out_ uint8_t *address, _Inout_ uint8_t *size)',
    ),
    close: number('int close(int fd)'),
    eventfd: number('int eventfd(unsigned int initial, int flags)'),
    open: number('int open(const char *path, int flags)'),
    ioctl: number('int ioctl(int fd, uint64_t request, _Inout_ uint8_t *argument)'),
    read: number('int64_t read(int fd, _Out_ uint8_t *octets, uint64_t length)'),
    write: number('int64_t write(int fd, const uint8_t *octets, uint64_t length)'),
    poll: (descriptors, count, timeout, settled) =>
      poll.async(descriptors, count, timeout, (error: unknown, result: unknown) =>
        settled(error ? -1 : Number(result)),
      ),
    errno: () => koffi.errno(),
  };
}

/** What the system answers when it does not do what it is asked. */

/** A system call failed. */
export class SystemError extends Error {
  readonly code = 'SYSTEM';

  constructor(
    /** `bind`. */
    readonly call: string,
    /** Symbolic errno: `EADDRINUSE`. */
    readonly errno: string,
    detail = '',
  ) {
    super(`${call}: ${errno}${detail && ` (${detail})`}`);
    this.name = 'SystemError';
  }
}

/** Those of linux/errno.h that XFRM, netlink and the crypto layer answer with. */
const errnos: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  24: 'EMFILE',
  28: 'ENOSPC',
  34: 'ERANGE',
  38: 'ENOSYS',
  61: 'ENODATA',
  74: 'EBADMSG',
  75: 'EOVERFLOW',
  77: 'EBADFD',
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
  110: 'ETIMEDOUT',
  113: 'EHOSTUNREACH',
  115: 'EINPROGRESS',
};

/** The symbolic name of a positive errno; the number as text (`E524`) when it has none here. */
export const errnoName = (errno: number): string => errnos[errno] ?? `E${errno}`;

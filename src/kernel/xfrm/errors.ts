/** What goes wrong between us and the kernel's netlink socket. */

/** Octets that are no netlink message, or none of the kind they say. The only thing the decoders throw. */
export class NetlinkError extends Error {
  readonly code = 'NETLINK';

  constructor(
    /** As the uapi headers call it. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
    this.name = 'NetlinkError';
  }
}

/** Extended acknowledgement: the kernel's own words, and which octet of the request it means. */
export interface ExtendedAck {
  readonly message?: string;
  /** Octets from the start of the request's nlmsghdr. */
  readonly offset?: number;
}

/** The kernel refused a request. */
export class XfrmError extends Error {
  readonly code = 'XFRM';

  constructor(
    /** The request's kind: `NEWSA`. */
    readonly command: string,
    /** Symbolic errno: `ESRCH`. */
    readonly errno: string,
    readonly extack: ExtendedAck = {},
  ) {
    super(`${command}: ${errno}${extack.message === undefined ? '' : ` (${extack.message})`}`);
    this.name = 'XfrmError';
  }
}

/** Those of linux/errno.h that XFRM, netlink and the crypto layer answer with. */
const errnos: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
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
  90: 'EMSGSIZE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  95: 'EOPNOTSUPP',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
  110: 'ETIMEDOUT',
  113: 'EHOSTUNREACH',
  115: 'EINPROGRESS',
};

/** The symbolic name of a positive errno; the number as text (`E524`) when it has none here. */
export const errnoName = (errno: number): string => errnos[errno] ?? `E${errno}`;

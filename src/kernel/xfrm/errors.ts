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

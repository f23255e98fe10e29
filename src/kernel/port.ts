/** What the engine asks of a data plane, and what it hears from it. Types only. */
import type { DataPlaneSettings } from '../policy/policy.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';

/** Names one SA of the data plane: destination and SPI. */
export interface SaId {
  readonly spi: number;
  readonly destination: string;
}

/** One direction of a Child SA. Key octets belong to the command; the adapter copies what it keeps. */
export interface SaCommand {
  readonly id: SaId;
  readonly source: string;
  readonly direction: 'in' | 'out';
  readonly mode: 'tunnel' | 'transport';
  /** Groups the SAs and policies of one child. */
  readonly reqid: number;
  readonly encryption: { readonly transform: number; readonly keyBits: number; readonly key: Uint8Array };
  readonly integrity?: { readonly transform: number; readonly key: Uint8Array };
  readonly esn: boolean;
  readonly replayWindow: number;
  /** An `expire` notice comes at these counts (hard) and somewhat before (soft); 0 or absent: no limit. */
  readonly limits?: { readonly octets: number; readonly packets: number };
  /** UDP encapsulation, RFC 3948. */
  readonly encapsulation?: { readonly sourcePort: number; readonly destinationPort: number };
  /** Ours and the peer's ends of the traffic, by direction `out`. */
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
  readonly label?: Uint8Array;
  /** `sequence` of the acquire it was made for: what waits in the data plane gives way to it. */
  readonly acquire?: number;
  readonly settings?: DataPlaneSettings;
}

/**
 * Equal selectors may be named by several commands at once (an on-demand policy, the child made by it, its successor):
 * all hold until each is deleted, and the newest of the best rank decides.
 */
export interface PolicyCommand {
  readonly direction: 'in' | 'out' | 'fwd';
  readonly reqid: number;
  readonly mode: 'tunnel' | 'transport';
  readonly local: TrafficSelector;
  readonly remote: TrafficSelector;
  /** Tunnel ends, by direction `out`. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly label?: Uint8Array;
  /**
   * `protect` by the SAs of its reqid unless said; while there is none, a packet that goes out is an acquire and waits or
   * is lost. `bypass`: in clear.
   */
  readonly action?: 'protect' | 'bypass' | 'discard';
  /** What comes before what where several select a packet; a `connection` unless said. A `shunt` is of one flow, for a while. */
  readonly rank?: 'shunt' | 'connection' | 'opportunistic' | 'anonymous';
  /** Of a connection that may be with several peers, or of part of its traffic, made for one: before the others of its rank. */
  readonly instance?: true;
  readonly settings?: DataPlaneSettings;
}

export type KernelCommand =
  | { readonly kind: 'addSa'; readonly sa: SaCommand }
  /** Policies of its reqid that name its ends go with it, where packets find their SA by them. */
  | {
      readonly kind: 'updateSa';
      readonly id: SaId;
      readonly source: string;
      readonly destination: string;
      readonly encapsulation?: SaCommand['encapsulation'];
    }
  | { readonly kind: 'deleteSa'; readonly id: SaId }
  | { readonly kind: 'addPolicy'; readonly policy: PolicyCommand }
  | { readonly kind: 'deletePolicy'; readonly policy: PolicyCommand };

export type KernelNotice =
  | {
      readonly kind: 'acquire';
      readonly reqid: number;
      /** Names what waits for the SA, see SaCommand. */
      readonly sequence?: number;
      readonly local: TrafficSelector;
      readonly remote: TrafficSelector;
      readonly label?: Uint8Array;
      /** The packet has a label in place of that, of another security module or domain of interpretation than SELinux's. */
      readonly foreign?: { readonly doi: number; readonly alg: number };
    }
  | { readonly kind: 'expire'; readonly id: SaId; readonly hard: boolean }
  /** A packet of the peer's did not fit the SA it came on; its first octets. */
  | { readonly kind: 'selectors'; readonly id: SaId; readonly packet: Uint8Array }
  | { readonly kind: 'mapping'; readonly id: SaId; readonly address: string; readonly port: number };

/** An address in canonical text and a UDP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Octets and packets an SA carried, and the monotonic milliseconds of its last packet. */
export interface SaCounters {
  readonly octets: number;
  readonly packets: number;
  readonly lastUse: number | undefined;
}

/** The data plane refused a command. */
export class KernelError extends Error {
  readonly code = 'KERNEL';
  constructor(
    readonly command: KernelCommand['kind'],
    /** Symbolic errno, such as `EEXIST` or `ENOSYS`. */
    readonly errno: string,
    detail = '',
  ) {
    super(`${command}: ${errno}${detail && ` (${detail})`}`);
  }
}

/** A data plane. `apply` returns when the command holds, or throws KernelError. */
export interface Kernel {
  readonly name: string;
  /** It carries ESP in UDP only (RFC 3948): the engine must then behave as `encapsulation=yes`. */
  readonly encapsulationOnly?: boolean;
  /** Why it cannot do ESP by these transforms, in one line; undefined when it can. Absent: it can do all. */
  lacks?(transforms: {
    readonly encr: number;
    readonly keyBits: number;
    readonly integ: number;
  }): string | undefined;
  apply(command: KernelCommand): void | Promise<void>;
  counters(id: SaId): SaCounters | undefined;
  close(): void;
}

/** What the engine asks of a data plane, and what it hears from it. Types only. */
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
}

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
}

export type KernelCommand =
  | { readonly kind: 'addSa'; readonly sa: SaCommand }
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
      readonly local: TrafficSelector;
      readonly remote: TrafficSelector;
      readonly label?: Uint8Array;
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
  /** ESP transforms (ENCR, INTEG) it can do; a proposal outside them is not offered. */
  apply(command: KernelCommand): void | Promise<void>;
  counters(id: SaId): SaCounters | undefined;
  close(): void;
}

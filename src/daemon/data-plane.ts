/** The data planes a daemon can have. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { SystemError } from '../kernel/errno.ts';
import { MemoryKernel } from '../kernel/memory.ts';
import type { Endpoint, KernelNotice } from '../kernel/port.ts';
import { type DatagramPath, UserspaceKernel } from '../kernel/userspace.ts';
import { TunKernel } from '../kernel/userspace-tun.ts';
import { XfrmError } from '../kernel/xfrm/errors.ts';
import { XfrmKernel } from '../kernel/xfrm/kernel.ts';
import { heldByAnother } from '../kernel/xfrm/lock.ts';
import { ControlError } from './control-protocol.ts';

export const kernelNames = ['auto', 'xfrm', 'userspace', 'memory'] as const;
/** As it is asked for. */
export type KernelName = (typeof kernelNames)[number];
export type PlaneName = Exclude<KernelName, 'auto'>;

export interface DataPlaneOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly transmit: (octets: Uint8Array, path: DatagramPath) => void;
  readonly notice: (notice: KernelNotice) => void;
  readonly dropped: (reason: string) => void;
  /** Something the operator should know. */
  readonly remark: (text: string) => void;
  /** Reqids the configuration names. */
  readonly reqids: readonly number[];
  /** Seconds after which another packet of a flow that waits for an SA of the kernel's asks for it again; 30 unless said. */
  readonly acquireExpiry?: number | undefined;
  /** A TUN device before `userspace`. */
  readonly tun?: TunSettings | undefined;
}

export interface TunSettings {
  readonly name: string;
  /** Our UDP sockets there are now. */
  readonly sockets: () => readonly Endpoint[];
  readonly busy: () => boolean;
  readonly failed: (error: SystemError) => void;
}

const usualAcquireExpiry = 30;

/**
 * `memory` carries no packets; `userspace` carries ESP in UDP, and answers echoes or has a TUN device; `xfrm` is the
 * kernel's own. Throws ControlError CONFIG.
 */
export function makeKernel(
  name: PlaneName,
  options: DataPlaneOptions,
): MemoryKernel | UserspaceKernel | XfrmKernel {
  if (name === 'memory') return new MemoryKernel();
  const { tun, acquireExpiry = usualAcquireExpiry } = options;
  const now = () => performance.now();
  if (name === 'xfrm') {
    try {
      return new XfrmKernel({ ...options, now, unixTime: Date.now, acquireExpiry });
    } catch (error) {
      if (error instanceof SystemError && error.errno === 'EADDRINUSE')
        throw new ControlError('CONFIG', `--kernel xfrm: ${heldByAnother}`);
      if (error instanceof SystemError || error instanceof XfrmError)
        throw new ControlError('CONFIG', `--kernel xfrm: ${error.message}`);
      throw error;
    }
  }
  if (tun === undefined) return new UserspaceKernel({ ...options, now });
  try {
    return new TunKernel({ ...options, ...tun, tun: tun.name, now });
  } catch (error) {
    if (error instanceof SystemError) throw new ControlError('CONFIG', `--tun ${tun.name}: ${error.message}`);
    throw error;
  }
}

/** The data planes a daemon can have. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { SystemError } from '../kernel/errno.ts';
import { MemoryKernel } from '../kernel/memory.ts';
import type { Endpoint, KernelNotice } from '../kernel/port.ts';
import { type DatagramPath, UserspaceKernel } from '../kernel/userspace.ts';
import { TunKernel } from '../kernel/userspace-tun.ts';
import { ControlError } from './control-protocol.ts';

export const kernelNames = ['userspace', 'memory'] as const;
export type KernelName = (typeof kernelNames)[number];

export interface DataPlaneOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly transmit: (octets: Uint8Array, path: DatagramPath) => void;
  readonly notice: (notice: KernelNotice) => void;
  readonly dropped: (reason: string) => void;
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

/** `memory` carries no packets; `userspace` carries ESP in UDP, and answers echoes or has a TUN device. */
export function makeKernel(name: KernelName, options: DataPlaneOptions): MemoryKernel | UserspaceKernel {
  if (name === 'memory') return new MemoryKernel();
  const { tun } = options;
  const now = () => performance.now();
  if (tun === undefined) return new UserspaceKernel({ ...options, now });
  try {
    return new TunKernel({ ...options, ...tun, tun: tun.name, now });
  } catch (error) {
    if (error instanceof SystemError) throw new ControlError('CONFIG', `--tun ${tun.name}: ${error.message}`);
    throw error;
  }
}

/** The data planes a daemon can have. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { MemoryKernel } from '../kernel/memory.ts';
import type { KernelNotice } from '../kernel/port.ts';
import { type DatagramPath, UserspaceKernel } from '../kernel/userspace.ts';

export const kernelNames = ['userspace', 'memory'] as const;
export type KernelName = (typeof kernelNames)[number];

export interface DataPlaneOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly transmit: (octets: Uint8Array, path: DatagramPath) => void;
  readonly notice: (notice: KernelNotice) => void;
  readonly dropped: (reason: string) => void;
}

/** `memory` carries no packets; `userspace` carries ESP in UDP and answers echoes. */
export function makeKernel(name: KernelName, options: DataPlaneOptions): MemoryKernel | UserspaceKernel {
  if (name === 'memory') return new MemoryKernel();
  return new UserspaceKernel({ ...options, now: () => performance.now() });
}

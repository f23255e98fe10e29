/** ESP in user space with a TUN device before it: a VPN for hosts whose kernel has no ESP, or may not use it. */
import { networkInterfaces } from 'node:os';
import type { SpdPolicy } from '../esp/spd.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import { SystemError } from './errno.ts';
import { type Libc, libc } from './libc.ts';
import { type Endpoint, KernelError, type PolicyCommand } from './port.ts';
import { TunRoutes } from './routes.ts';
import { type Prefix, RouteSocket } from './rtnetlink.ts';
import { TunDevice } from './tun.ts';
import { UserspaceKernel, type UserspaceOptions } from './userspace.ts';

export interface TunKernelOptions extends UserspaceOptions {
  /** Of the device. */
  readonly tun: string;
  /** `usualMtu` unless said. */
  readonly mtu?: number;
  /** Our UDP sockets, whose datagrams never go into the device. */
  readonly sockets: () => readonly Endpoint[];
  /** The network takes no datagrams for now: packets wait in the device until `resume`. */
  readonly busy?: () => boolean;
  /** The device broke, or somebody deleted it. */
  readonly failed: (error: SystemError) => void;
}

/**
 * The most that ESP in UDP adds: IPv6 and UDP headers, SPI and sequence number, IV, padding and trailer of 16-octet
 * blocks, and the longest ICV.
 */
const overhead = 40 + 8 + 8 + 16 + 17 + 32;

/** What fits the 1500 octets of an Ethernet whatever the suite; the kernel fragments, or tells senders, by it. */
export const usualMtu = 1500 - overhead;

export class TunKernel extends UserspaceKernel {
  readonly #options: TunKernelOptions;
  readonly #device: TunDevice;
  readonly #link: RouteSocket;
  readonly #index: number;
  readonly #routes: TunRoutes;
  #addresses: readonly Prefix[] = [];

  /** Throws SystemError, whose message says what is to be done; then nothing is left behind. */
  constructor(options: TunKernelOptions, calls: Libc = libc()) {
    let device: TunDevice | undefined;
    super({
      ...options,
      deliver: (packet) => {
        const outcome = device?.write(packet);
        return outcome === 'written' ? undefined : outcome === 'full' ? 'device-full' : 'device-refused';
      },
    });
    this.#options = options;
    this.#device = new TunDevice(
      {
        name: options.tun,
        packet: (packet) => void this.send(packet),
        ...(options.busy && { busy: options.busy }),
        failed: options.failed,
      },
      calls,
    );
    device = this.#device;
    try {
      this.#link = new RouteSocket(calls);
      this.#index = this.#link.linkIndex(this.#device.name);
      this.#link.linkUp(this.#index, options.mtu ?? usualMtu);
      const addresses = () => [...this.#addresses.map(({ address }) => address), ...hostAddresses()];
      this.#routes = new TunRoutes(this.#link, { name: this.#device.name, device: this.#index, addresses });
    } catch (error) {
      this.#device.close();
      throw error;
    }
  }

  /** The device's name. */
  get device(): string {
    return this.#device.name;
  }

  /** The device has these addresses from now on, and no others. Throws SystemError. */
  own(addresses: readonly Prefix[]): void {
    const before = new Set(this.#addresses.map(textOf));
    const after = new Set(addresses.map(textOf));
    for (const each of addresses) if (!before.has(textOf(each))) this.#link.addAddress(this.#index, each);
    for (const each of this.#addresses)
      if (!after.has(textOf(each))) this.#link.deleteAddress(this.#index, each);
    this.#addresses = addresses;
    this.#routes.refresh();
  }

  /** The network takes datagrams again. */
  resume(): void {
    this.#device.resume();
  }

  override close(): void {
    this.#routes.clear();
    this.#link.close();
    this.#device.close();
    super.close();
  }

  protected override addPolicy(direction: PolicyCommand['direction'], policy: SpdPolicy): void {
    super.addPolicy(direction, policy);
    if (direction !== 'out') return;
    try {
      this.#routes.sockets(this.#options.sockets().map(ownSocket));
      this.#routes.add(policy);
    } catch (error) {
      super.deletePolicy(direction, policy);
      if (error instanceof SystemError) throw new KernelError('addPolicy', error.errno, error.message);
      throw error;
    }
  }

  protected override deletePolicy(
    direction: PolicyCommand['direction'],
    policy: SpdPolicy,
  ): SpdPolicy | undefined {
    const deleted = super.deletePolicy(direction, policy);
    if (deleted && direction === 'out') this.#routes.remove(deleted);
    return deleted;
  }
}

const ownSocket = ({ address, port }: Endpoint) => ({
  address: parseAddress(address) ?? new Uint8Array(4),
  port,
});

const textOf = ({ address, length }: Prefix): string => `${formatAddress(address)}/${length}`;

/** Those that packets to others can come from. */
function hostAddresses(): Uint8Array[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => address !== '127.0.0.1' && address !== '::1' && !address.startsWith('fe80:'))
    .map(({ address }) => parseAddress(address))
    .filter((address) => address !== undefined);
}

/** ESP in user space with a TUN device before it: a VPN for hosts whose kernel has no ESP, or may not use it. */
import { networkInterfaces } from 'node:os';
import type { SpdPolicy } from '../esp/spd.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import { SystemError } from './errno.ts';
import { type Libc, libc } from './libc.ts';
import { type Endpoint, KernelError, type PolicyCommand } from './port.ts';
import { TunRoutes } from './routes.ts';
import { type Prefix, RouteSocket } from './rtnetlink.ts';
import { RouteMonitor } from './rtnetlink-monitor.ts';
import { TunDevice } from './tun.ts';
import { type UserspaceDrop, UserspaceKernel, type UserspaceOptions } from './userspace.ts';

export interface TunKernelOptions extends UserspaceOptions {
  /** Of the device. */
  readonly tun: string;
  /** `usualMtu` unless said. */
  readonly mtu?: number;
  /** Our UDP sockets, whose datagrams never go into the device. */
  readonly sockets: () => readonly Endpoint[];
  /** The network takes no datagrams for now: packets wait in the device until `resume`. */
  readonly busy?: () => boolean;
  /** Nothing that is to be protected goes out: the device is down, or gone and could not be made again. */
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
  readonly #calls: Libc;
  readonly #link: RouteSocket;
  readonly #routes: TunRoutes;
  readonly #monitor: RouteMonitor;
  #device: TunDevice;
  #index: number;
  #isUp = true;
  #closed = false;
  #addresses: readonly Prefix[] = [];

  /** Throws SystemError, whose message says what is to be done; then nothing is left behind. */
  constructor(options: TunKernelOptions, calls: Libc = libc()) {
    super({ ...options, deliver: (packet) => this.#deliver(packet) });
    this.#options = options;
    this.#calls = calls;
    this.#device = this.#open(options.tun);
    let link: RouteSocket | undefined;
    let routes: TunRoutes | undefined;
    try {
      link = new RouteSocket(calls);
      this.#link = link;
      this.#index = this.#raise();
      const addresses = () => [...this.#addresses.map(({ address }) => address), ...hostAddresses()];
      routes = new TunRoutes(link, { name: this.#device.name, device: this.#index, addresses });
      this.#routes = routes;
      this.#monitor = new RouteMonitor(
        {
          link: (index) => this.#observe(index),
          addresses: () => this.#tolerant(() => this.#routes.refresh()),
          failed: (error) =>
            this.#options.remark?.(`links and addresses are watched no more: ${error.message}`),
        },
        calls,
      );
    } catch (error) {
      routes?.clear();
      link?.close();
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
    const before = this.#addresses;
    this.#addresses = addresses;
    const [had, has] = [new Set(before.map(textOf)), new Set(addresses.map(textOf))];
    if (this.#isUp) {
      for (const each of addresses) if (!had.has(textOf(each))) this.#link.addAddress(this.#index, each);
      for (const each of before) if (!has.has(textOf(each))) this.#link.deleteAddress(this.#index, each);
    }
    this.#routes.refresh();
  }

  /** Sockets have come: their datagrams do not go into the device from now on. Throws SystemError. */
  listening(): void {
    this.#routes.sockets(this.#options.sockets().map(ownSocket));
  }

  /** The network takes datagrams again. */
  resume(): void {
    this.#device.resume();
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#monitor.close();
    this.#routes.clear();
    this.#link.close();
    this.#device.close();
    super.close();
  }

  protected override addPolicy(direction: PolicyCommand['direction'], policy: SpdPolicy): void {
    super.addPolicy(direction, policy);
    if (direction !== 'out') return;
    try {
      this.listening();
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

  #deliver(packet: Uint8Array): UserspaceDrop | undefined {
    const outcome = this.#device.write(packet);
    return outcome === 'written' ? undefined : outcome === 'full' ? 'device-full' : 'device-refused';
  }

  #open(name: string): TunDevice {
    const { busy } = this.#options;
    return new TunDevice(
      {
        name,
        packet: (packet) => void this.send(packet),
        ...(busy && { busy }),
        failed: (error) => this.#again(error),
      },
      this.#calls,
    );
  }

  /** Its index. */
  #raise(): number {
    const index = this.#link.linkIndex(this.#device.name);
    this.#link.linkUp(index, this.#options.mtu ?? usualMtu);
    return index;
  }

  /** Somebody deleted the device: another takes its place; till then what would go into it is refused. */
  #again(error: SystemError): void {
    const { name } = this.#device;
    this.#tolerant(() => this.#down());
    try {
      this.#device = this.#open(name);
      this.#index = this.#raise();
      this.#up();
      this.#options.remark?.(`the TUN device ${name} was deleted (${error.message}), and is made again`);
    } catch (refused) {
      if (!(refused instanceof SystemError)) throw refused;
      this.#options.failed(new SystemError(error.call, error.errno, `${name} is gone: ${refused.message}`));
    }
  }

  #observe(index: number | undefined): void {
    if (index !== undefined && index !== this.#index) return;
    this.#tolerant(() => {
      // When it is gone the device itself says so.
      const isUp = this.#link.isLinkUp(this.#index);
      const was = this.#isUp;
      if (isUp) this.#up();
      else this.#down();
      if (was && !isUp) {
        const advice = `run: ip link set ${this.device} up`;
        this.#options.failed(new SystemError(`link ${this.device}`, 'ENETDOWN', advice));
      } else if (!was && isUp) this.#options.remark?.(`the TUN device ${this.device} is up again`);
    });
  }

  /** The kernel takes its routes and IPv6 addresses away when it goes down, be it for a moment. */
  #up(): void {
    this.#isUp = true;
    for (const each of this.#addresses) this.#link.addAddress(this.#index, each);
    this.#routes.device(this.#index);
    this.#routes.refresh();
  }

  #down(): void {
    this.#isUp = false;
    this.#routes.device(undefined);
  }

  /** What the host refuses outside of any command is said. */
  #tolerant(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno !== 'ENODEV') this.#options.remark?.(`routes of ${this.device}: ${error.message}`);
    }
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

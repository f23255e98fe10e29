/** A data plane that carries packets and can be looked into: userspace ESP, and beside it the one that remembers. */
import type { Crypto, Random } from '../../src/crypto/provider.ts';
import { makePacket } from '../../src/esp/ip.ts';
import { MemoryKernel } from '../../src/kernel/memory.ts';
import type { KernelCommand, KernelNotice } from '../../src/kernel/port.ts';
import { UserspaceKernel } from '../../src/kernel/userspace.ts';
import type { VirtualNetwork } from '../../src/testing/index.ts';

export class TalkingKernel extends UserspaceKernel {
  readonly memory = new MemoryKernel({ history: 1 });
  /** The other end's packets that arrived here, by their number; how often each. */
  readonly arrivals: Map<number, number>;
  /** Packets without an SA, by their number: they may be kept for one. */
  readonly waiting = new Set<number>();
  readonly #subnets: readonly [own: number, peer: number];
  #packets = 0;

  constructor(
    network: VirtualNetwork,
    subnets: readonly [own: number, peer: number],
    { crypto, random }: { readonly crypto: Crypto; readonly random: Random },
    notice: (notice: KernelNotice) => void,
  ) {
    const arrivals = new Map<number, number>();
    super({
      crypto,
      random,
      now: () => network.now,
      transmit: (octets, { local, remote }) => network.send(local, remote, octets),
      notice,
      deliver: (packet) => {
        const number = numberOf(packet);
        arrivals.set(number, (arrivals.get(number) ?? 0) + 1);
      },
    });
    this.arrivals = arrivals;
    this.#subnets = subnets;
  }

  /** Throws as either would; an Error that is no KernelError when only one of them refuses. */
  override apply(command: KernelCommand): void {
    this.memory.apply(command);
    try {
      super.apply(command);
    } catch (cause) {
      throw new Error(`${command.kind}: userspace refuses what it should take`, { cause });
    }
  }

  override close(): void {
    this.memory.close();
    super.close();
  }

  /** A packet by the policies' choice of child; its number, or undefined when it was dropped. */
  talk(): number | undefined {
    const number = this.#next();
    const [own, peer] = this.#subnets;
    const udp = makePacket(Uint8Array.of(10, own, 0, 1), addressOf(peer, number), 17, new Uint8Array(8));
    if (this.send(udp)) return number;
    this.waiting.add(number);
    return undefined;
  }

  /** A packet through the newest SA of a reqid; its number, or undefined when there is none. */
  talkOn(reqid: number): number | undefined {
    const number = this.#next();
    const [own, peer] = this.#subnets;
    const target = { reqid, from: `10.${own}.0.1`, to: addressOf(peer, number).join('.') };
    const ping = this.ping(target, () => undefined);
    ping?.cancel();
    return ping && number;
  }

  #next(): number {
    this.#packets = (this.#packets + 1) & 0xffff;
    return this.#packets;
  }
}

/** A packet's number is the host it goes to, of 65,536. */
const addressOf = (net: number, number: number): Uint8Array =>
  Uint8Array.of(10, net, number >> 8, number & 255);

const numberOf = (packet: Uint8Array): number => ((packet[18] ?? 0) << 8) | (packet[19] ?? 0);

/** A data plane without a kernel: ESP in UDP (RFC 3948) through `esp/`, and echo for want of a device. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { type InboundDrop, receive } from '../esp/inbound.ts';
import { type IpHeader, readHeader } from '../esp/ip.ts';
import { encapsulate, type OutboundRefusal } from '../esp/outbound.ts';
import { destroy, parseHeader } from '../esp/packet.ts';
import type { EspSa, InboundSa, OutboundSa } from '../esp/sa.ts';
import { Sad } from '../esp/sad.ts';
import { Spd, type SpdPolicy } from '../esp/spd.ts';
import type { LabelAccess } from '../policy/label.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { Echoes, type Ping, type PingReply } from './echoes.ts';
import {
  type Endpoint,
  type Kernel,
  type KernelCommand,
  KernelError,
  type KernelNotice,
  type PolicyCommand,
  type SaCounters,
  type SaId,
} from './port.ts';
import { Acquires, type Carriage } from './userspace-acquires.ts';
import { exactSelectors, policyOf, saFrom, saPath } from './userspace-sa.ts';
import { PassedOver } from './userspace-settings.ts';

export type UserspaceDrop =
  | InboundDrop
  | OutboundRefusal
  | 'unknown-spi'
  | 'not-ip'
  | 'no-policy'
  /** A policy says so. */
  | 'discard'
  /** It should leave in clear, which it cannot from here: the host's routes did not let it pass by. */
  | 'bypass'
  | 'no-sa'
  | 'no-device'
  /** The device takes no more packets for now. */
  | 'device-full'
  /** The device is down, or it is no packet the host takes. */
  | 'device-refused';

/** The two ends of a datagram. */
export interface DatagramPath {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface UserspaceOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Sends ESP octets as a datagram of the nat socket, as they are. */
  readonly transmit: (octets: Uint8Array, path: DatagramPath) => void;
  readonly notice?: (notice: KernelNotice) => void;
  /**
   * A device: takes inner packets, or says why not, and echo is then its own matter. Replies to our pings still come back
   * here.
   */
  readonly deliver?: (packet: Uint8Array, label: Uint8Array | undefined) => UserspaceDrop | undefined;
  /** Which labels may go by policies of which; equal ones unless said. */
  readonly labels?: LabelAccess;
  /** Something the operator should know. */
  readonly remark?: (text: string) => void;
  /** Each packet dropped. */
  readonly dropped?: (reason: UserspaceDrop, path?: DatagramPath) => void;
}

/** The part of an SA's limits at which it is time to rekey. */
const softPart = 0.75;

interface Limits {
  readonly octets: number;
  readonly packets: number;
  told: 'nothing' | 'soft' | 'hard';
}

export class UserspaceKernel implements Kernel {
  readonly name = 'userspace';
  readonly encapsulationOnly = true;
  readonly #options: UserspaceOptions;
  readonly #sad = new Sad();
  readonly #outbound: Spd;
  readonly #inbound = new Spd();
  readonly #forward = new Spd();
  readonly #echoes: Echoes;
  readonly #drops = new Map<UserspaceDrop, number>();
  /** The endpoint last told of, for each inbound SA. */
  readonly #mappings = new WeakMap<InboundSa, string>();
  readonly #acquires: Acquires;
  readonly #passedOver: PassedOver;
  readonly #limits = new WeakMap<EspSa, Limits>();

  constructor(options: UserspaceOptions) {
    this.#options = options;
    this.#echoes = new Echoes(options.random, options.now);
    this.#acquires = new Acquires(options.now);
    const { labels } = options;
    this.#outbound = new Spd(
      labels && ((flow, template) => labels.denial(fromHex(flow), fromHex(template)) === undefined),
    );
    this.#passedOver = new PassedOver((text) => options.remark?.(text));
  }

  /** Packets dropped so far, by reason. */
  get drops(): ReadonlyMap<UserspaceDrop, number> {
    return this.#drops;
  }

  /** Throws KernelError: EEXIST, ESRCH, ENOENT, ENOSYS (unknown transform), EINVAL (key length), EOPNOTSUPP. */
  apply(command: KernelCommand): void {
    switch (command.kind) {
      case 'addSa': {
        const sa = saFrom(this.#options.crypto, command.sa);
        this.#passedOver.see(command.sa.settings);
        if (!this.#sad.add(sa)) {
          destroy(sa.protection);
          throw new KernelError(command.kind, 'EEXIST', nameOf(command.sa.id));
        }
        if (sa.direction === 'out') this.#release(sa, command.sa.acquire);
        if (command.sa.limits) this.#limits.set(sa, { ...command.sa.limits, told: 'nothing' });
        break;
      }
      case 'updateSa': {
        const outcome = this.#sad.move(command.id, saPath(command.kind, command));
        if (outcome === 'moved') break;
        throw new KernelError(command.kind, outcome === 'missing' ? 'ESRCH' : 'EEXIST', nameOf(command.id));
      }
      case 'deleteSa':
        if (!this.#sad.remove(command.id)) throw new KernelError(command.kind, 'ESRCH', nameOf(command.id));
        break;
      case 'addPolicy':
        this.addPolicy(command.policy.direction, policyOf(command.kind, command.policy));
        this.#passedOver.see(command.policy.settings);
        break;
      case 'deletePolicy':
        if (!this.deletePolicy(command.policy.direction, policyOf(command.kind, command.policy))) {
          throw new KernelError(command.kind, 'ENOENT');
        }
        break;
    }
  }

  counters(id: SaId): SaCounters | undefined {
    const sa = this.#sad.find(id);
    return sa && { ...sa.counters };
  }

  /** Zeroes all keys and forgets pending pings. */
  close(): void {
    this.#sad.clear();
    this.#outbound.clear();
    this.#inbound.clear();
    this.#forward.clear();
    this.#echoes.clear();
    this.#acquires.clear();
  }

  /** ESP octets that came by the nat socket. Never throws on what is in them. */
  input(octets: Uint8Array, path: DatagramPath): void {
    const reason = this.#receive(octets, path.remote);
    if (reason !== undefined) this.#drop(reason, path);
  }

  /**
   * An inner packet from a device: protects it by policy and transmits it. False when it was dropped. One of a `label`
   * (with its NUL) goes by SAs of that label alone, and one without by those without.
   */
  send(packet: Uint8Array, label?: Uint8Array): boolean {
    return this.#sendOf(packet, label && toHex(label));
  }

  #sendOf(packet: Uint8Array, label: string | undefined): boolean {
    const header = readHeader(packet);
    if (header === undefined) return this.#refuse('not-ip');
    const policy = this.#outbound.find(header, label);
    if (policy === undefined) return this.#refuse('no-policy');
    if (policy.action !== 'protect') return this.#refuse(policy.action);
    // A policy without a label is for all packets, and its SAs have none.
    const carried = policy.label === undefined ? undefined : label;
    const sa = this.#sad.outbound(policy.reqid, header, carried);
    if (sa !== undefined) return this.#sendOn(sa, packet, header);
    this.#acquire({ reqid: policy.reqid, label: carried }, header, packet);
    return this.#refuse('no-sa');
  }

  protected addPolicy(direction: PolicyCommand['direction'], policy: SpdPolicy): void {
    this.#spd(direction).add(policy);
  }

  /** The policy that was added; undefined when there is none. */
  protected deletePolicy(direction: PolicyCommand['direction'], policy: SpdPolicy): SpdPolicy | undefined {
    return this.#spd(direction).remove(policy);
  }

  /**
   * Sends an echo request through the newest SA of a reqid and a label. `reply` is called once, if the answer comes.
   * Undefined when there is no SA, or the addresses are not of its traffic.
   */
  ping(
    target: {
      readonly reqid: number;
      readonly label?: Uint8Array;
      readonly to?: string;
      readonly from?: string;
      readonly size?: number;
    },
    reply: (reply: PingReply) => void,
  ): Ping | undefined {
    const label = target.label && toHex(target.label);
    const sa = this.#sad.outbound(target.reqid, undefined, label);
    const started = sa && this.#echoes.start(sa, target, reply);
    if (started === undefined) return undefined;
    const header = readHeader(started.packet);
    const carrier = header && this.#sad.outbound(target.reqid, header, label);
    if (header !== undefined && carrier !== undefined && this.#sendOn(carrier, started.packet, header)) {
      return started.ping;
    }
    started.ping.cancel();
    return undefined;
  }

  #receive(octets: Uint8Array, from: Endpoint): UserspaceDrop | undefined {
    const esp = parseHeader(octets);
    if (esp === undefined) return 'malformed';
    const sa = this.#sad.inbound(esp.spi);
    if (sa === undefined) return 'unknown-spi';
    const received = receive(sa, octets, this.#options.now());
    if (received.kind === 'drop') {
      if (received.packet)
        this.#options.notice?.({ kind: 'selectors', id: idOf(sa), packet: received.packet });
      return received.reason;
    }
    this.#countDown(sa);
    if (received.newest) this.#observe(sa, from);
    return received.kind === 'packet' ? this.#arrived(sa, received.packet, received.header) : undefined;
  }

  #arrived(sa: InboundSa, packet: Uint8Array, header: IpHeader): UserspaceDrop | undefined {
    if (this.#echoes.replied(sa, packet, header)) return undefined;
    if (this.#options.deliver !== undefined)
      return this.#options.deliver(packet, sa.label === undefined ? undefined : fromHex(sa.label));
    const answer = this.#echoes.answer(packet, header);
    if (answer === undefined) return 'no-device';
    const answerHeader = readHeader(answer);
    const out = answerHeader && this.#sad.outbound(sa.reqid, answerHeader, sa.label);
    if (answerHeader === undefined || out === undefined) return 'no-sa';
    this.#sendOn(out, answer, answerHeader);
    return undefined;
  }

  #sendOn(sa: OutboundSa, packet: Uint8Array, header: IpHeader): boolean {
    const octets = encapsulate(sa, packet, header, this.#options.random, this.#options.now());
    if (typeof octets === 'string') return this.#refuse(octets);
    this.#countDown(sa);
    this.#options.transmit(octets, { local: sa.path.source, remote: sa.path.destination });
    return true;
  }

  /** Tells once when three quarters of an SA's octets or packets are spent, and once when all are. */
  #countDown(sa: EspSa): void {
    const limits = this.#limits.get(sa);
    if (limits === undefined || limits.told === 'hard') return;
    const { octets, packets } = sa.counters;
    const spent = (part: number): boolean =>
      (limits.octets > 0 && octets >= limits.octets * part) ||
      (limits.packets > 0 && packets >= limits.packets * part);
    const hard = spent(1);
    if (!hard && (limits.told === 'soft' || !spent(softPart))) return;
    limits.told = hard ? 'hard' : 'soft';
    this.#options.notice?.({ kind: 'expire', id: idOf(sa), hard });
  }

  /** The peer's endpoint as the newest authenticated packet shows it: told once for each change. RFC 7296 §2.23. */
  #observe(sa: InboundSa, { address, port }: Endpoint): void {
    const { source } = sa.path;
    if (source.address === address && source.port === port) {
      this.#mappings.delete(sa);
      return;
    }
    const seen = `${address} ${port}`;
    if (this.#mappings.get(sa) === seen) return;
    this.#mappings.set(sa, seen);
    this.#options.notice?.({ kind: 'mapping', id: idOf(sa), address, port });
  }

  #acquire(of: Carriage, header: IpHeader, packet: Uint8Array): void {
    const sequence = this.#acquires.wait(of, header.destination, packet);
    if (sequence === undefined) return;
    const { reqid, label } = of;
    this.#options.notice?.({
      ...{ kind: 'acquire', reqid, sequence },
      ...exactSelectors(header),
      ...(label !== undefined && { label: fromHex(label) }),
    });
  }

  /** What waited goes out when the commands that come with the SA are done too. */
  #release(of: Carriage, sequence: number | undefined): void {
    const packets = this.#acquires.answered(of, sequence);
    if (packets.length > 0)
      setImmediate(() => packets.forEach((packet) => void this.#sendOf(packet, of.label)));
  }

  #spd(direction: PolicyCommand['direction']): Spd {
    return { out: this.#outbound, in: this.#inbound, fwd: this.#forward }[direction];
  }

  #refuse(reason: UserspaceDrop): false {
    this.#drop(reason);
    return false;
  }

  #drop(reason: UserspaceDrop, path?: DatagramPath): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
    this.#options.dropped?.(reason, path);
  }
}

const idOf = (sa: EspSa): SaId => ({ spi: sa.spi, destination: sa.path.destination.address });

const nameOf = (id: SaId): string => `SPI ${id.spi.toString(16).padStart(8, '0')} to ${id.destination}`;

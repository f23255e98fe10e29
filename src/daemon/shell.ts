/** The world around one engine: sockets, data plane, clock, log, capture and counters. */
import { systemRandom } from '../crypto/node/random.ts';
import type { Crypto } from '../crypto/provider.ts';
import type { Command, EngineEvent, Millis, Path } from '../ike/actions.ts';
import type { Engine } from '../ike/recording.ts';
import type { EngineStatus, IkeSaStatus } from '../ike/status.ts';
import { SystemError } from '../kernel/errno.ts';
import type { Kernel } from '../kernel/port.ts';
import type { Prefix } from '../kernel/rtnetlink.ts';
import { UserspaceKernel } from '../kernel/userspace.ts';
import { TunKernel } from '../kernel/userspace-tun.ts';
import { ourReqids } from '../kernel/xfrm/leftovers.ts';
import type { LabelAccess } from '../policy/label.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import type { Clock } from './clock.ts';
import { makeKernel, type PlaneName, type TunSettings } from './data-plane.ts';
import { formatEndpoint } from './endpoint.ts';
import { suited } from './esp-lacks.ts';
import { labelled } from './labels.ts';
import { type Logger, logEvent } from './log.ts';
import { type Answerer, Loop } from './loop.ts';
import { Metrics } from './metrics.ts';
import { RemovedCounters } from './removed-counters.ts';
import type { Trace } from './trace.ts';
import { TunAddresses } from './tun-addresses.ts';
import type { UdpSockets } from './udp.ts';

export interface ShellOptions {
  readonly clock: Clock;
  readonly crypto: Crypto;
  /** Signatures, revocation, EAP. */
  readonly answer: Answerer;
  readonly kernel: PlaneName;
  /** The name of a TUN device. */
  readonly tun?: string | undefined;
  readonly policy: Policy;
  readonly labels: LabelAccess;
  /** Seconds a packet waits for an SA of the kernel's. */
  readonly acquireExpiry?: number | undefined;
  readonly keyLog: boolean;
  readonly log: Logger;
  readonly trace: Trace;
  /** Bound already. */
  readonly udp: UdpSockets;
}

/** Milliseconds between two warnings of one kind. */
const warningInterval = 60_000;

export class Shell {
  readonly metrics = new Metrics();
  readonly kernel: Kernel;
  readonly counters: RemovedCounters;
  readonly #options: ShellOptions;
  readonly #engine: Engine;
  readonly #loop: Loop;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #warned = new Map<string, Millis>();
  /** What was said of the data plane's lacks. */
  readonly #lacking = new Set<string>();
  readonly #addresses: TunAddresses | undefined;

  constructor(options: ShellOptions) {
    this.#options = options;
    const { clock, crypto, keyLog, udp } = options;
    const random = systemRandom();
    this.kernel = makeKernel(options.kernel, {
      crypto,
      random,
      transmit: (octets, { local, remote }) => this.#transmit({ socket: 'nat', local, remote }, octets),
      notice: (notice) => this.#loop.feed({ type: 'kernel', notice }),
      dropped: (reason) => this.metrics.count(`esp.drop.${reason}`),
      tun: options.tun === undefined ? undefined : this.#tunSettings(options.tun),
      remark: (text) => options.log.warn(text),
      reqids: fixedReqids(options.policy),
      acquireExpiry: options.acquireExpiry,
    });
    const { kernel } = this;
    this.counters = new RemovedCounters(kernel);
    if (kernel instanceof TunKernel)
      this.#addresses = new TunAddresses((addresses) => this.#own(kernel, addresses));
    const [first] = udp.locals;
    this.#engine = options.trace.engine({
      now: clock.now(),
      unixTime: clock.unixTime() / 1000,
      policy: this.#adapt(options.policy),
      crypto,
      random,
      keyLog,
      labels: options.labels,
      ...(first && { ports: { ike: first.ike, nat: first.nat } }),
      ...(kernel.name === 'xfrm' && { firstReqid: ourReqids.first }),
    });
    this.#loop = new Loop(this.#engine, labelled(kernel, options.labels), clock, {
      transmit: (path, octets) => this.#transmit(path, octets),
      event: (event) => this.#event(event),
      removing: (id) => this.counters.keep(id),
      answer: options.answer,
    });
    udp.deliverTo({
      ike: (path, octets) => {
        this.#received(path, octets);
        this.#loop.feed({ type: 'datagram', ...path, octets });
      },
      esp: (path, octets) => {
        this.#received(path, octets);
        this.metrics.count('esp.in');
        if (this.kernel instanceof UserspaceKernel) this.kernel.input(octets, path);
      },
      keepalive: (path) => {
        this.#received(path, Uint8Array.of(0xff));
        this.metrics.count('keepalive.in');
      },
      unsent: (path, errno) => {
        this.metrics.count(`unsent.${errno}`);
        this.#warn(`cannot send to ${formatEndpoint(path.remote)}: ${errno}`, errno);
      },
    });
  }

  /** What a TUN device is to know of `leftsourceip=`. */
  connections(entries: readonly PadEntry[]): void {
    this.#addresses?.connections(entries);
  }

  /** Sockets have come, which no tunnel there is may hold. Throws SystemError. */
  listening(): void {
    if (this.kernel instanceof TunKernel) this.kernel.listening();
  }

  get status(): EngineStatus {
    return this.#engine.status();
  }

  get ikeSas(): readonly IkeSaStatus[] {
    return this.status.ikeSas;
  }

  /** Hears every event from now on, keys excepted; returns what ends that. */
  subscribe = (listener: (event: EngineEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  command(command: Command): void {
    this.#loop.feed({ type: 'command', command });
  }

  policy(policy: Policy): void {
    this.#loop.feed({ type: 'policy', policy: this.#adapt(policy) });
  }

  /** Deletes everything at every peer; resolves when that is done, or after `limit` milliseconds. */
  async shutdown(limit: Millis): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limit);
      const quiet = (): void => {
        if (!this.#engine.idle) return;
        clearTimeout(timer);
        resolve();
      };
      this.subscribe(quiet);
      this.command({ kind: 'shutdown' });
      quiet();
    });
  }

  close(): void {
    this.#loop.close();
    this.#options.udp.deliverTo({ ike() {}, esp() {}, keepalive() {}, unsent() {} });
    this.kernel.close();
  }

  /**
   * A data plane without IP protocol 50 needs ESP in UDP, NAT or not; and what it cannot do at all is not to be agreed on.
   */
  #adapt(policy: Policy): Policy {
    const { kernel } = this;
    if (kernel.encapsulationOnly)
      return { ...policy, pad: policy.pad.map((entry) => ({ ...entry, encapsulation: 'yes' as const })) };
    if (kernel.lacks === undefined) return policy;
    const { policy: able, remarks } = suited(policy, (of) => kernel.lacks?.(of), this.#options.crypto);
    for (const remark of remarks) {
      if (!this.#lacking.has(remark)) this.#options.log.warn(`not offered, the kernel lacks it: ${remark}`);
      this.#lacking.add(remark);
    }
    return able;
  }

  #tunSettings(name: string): TunSettings {
    const { log, udp } = this.#options;
    return {
      name,
      sockets: () => udp.bound,
      busy: () => udp.isBehind(() => this.kernel instanceof TunKernel && this.kernel.resume()),
      failed: (error) =>
        log.error(`no protected traffic goes out, the TUN device is not there: ${error.message}`),
    };
  }

  #own(kernel: TunKernel, addresses: readonly Prefix[]): void {
    try {
      kernel.own(addresses);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#options.log.error(`addresses of ${kernel.device}: ${error.message}`);
    }
  }

  #transmit(path: Path, octets: Uint8Array): void {
    this.#options.trace.datagram('out', path, octets);
    this.metrics.count('datagrams.out');
    this.metrics.count('octets.out', octets.length);
    this.#options.udp.send(path, octets);
  }

  #received(path: Path, octets: Uint8Array): void {
    this.#options.trace.datagram('in', path, octets);
    this.metrics.count('datagrams.in');
    this.metrics.count('octets.in', octets.length);
  }

  #event(event: EngineEvent): void {
    this.#options.trace.event(event);
    if (event.kind === 'keys' || event.kind === 'childKeys') return;
    this.metrics.event(event);
    this.#addresses?.event(event);
    logEvent(this.#options.log, event);
    for (const listener of [...this.#listeners]) listener(event);
  }

  #warn(text: string, key: string): void {
    const now = this.#options.clock.now();
    const last = this.#warned.get(key);
    const { log } = this.#options;
    if (last !== undefined && now - last < warningInterval) log.debug(text);
    else log.warn(text);
    if (last === undefined || now - last >= warningInterval) this.#warned.set(key, now);
  }
}

const fixedReqids = (policy: Policy): number[] =>
  policy.pad.flatMap(({ children }) => children.flatMap(({ settings }) => settings?.reqid ?? []));

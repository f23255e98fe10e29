/** A machine of the virtual network: its addresses, an engine, and a data plane. */

import { nobleCrypto } from '../crypto/noble/index.ts';
import type { Crypto, PrivateKey, Random } from '../crypto/provider.ts';
import type {
  Action,
  Answer,
  Command,
  Endpoint,
  EngineEvent,
  Failure,
  Input,
  Millis,
  Question,
  SocketName,
} from '../ike/actions.ts';
import { type EngineOptions, type Held, IkeEngine } from '../ike/engine.ts';
import { PrivateKeys } from '../ike/private-keys.ts';
import { type Engine, record } from '../ike/recording.ts';
import { toJson } from '../ike/run-json.ts';
import type { ChildSaStatus, EngineStatus, IkeSaStatus } from '../ike/status.ts';
import { lastUse } from '../kernel/last-use.ts';
import { MemoryKernel } from '../kernel/memory.ts';
import { type Kernel, type KernelCommand, KernelError } from '../kernel/port.ts';
import { UserspaceKernel } from '../kernel/userspace.ts';
import type { LabelAccess } from '../policy/label.ts';
import type { Policy } from '../policy/policy.ts';
import { isKeepalive, stripMarker } from '../wire/udp-encap.ts';
import type { KernelFate, KernelOutcome, KernelWord } from './faults/kernel-rules.ts';
import { checkWord, commandKinds } from './options.ts';
import type { Seeded } from './seeded.ts';

export interface HostOptions {
  /** Names it in reports. */
  readonly name: string;
  /** The first is the one it is known by. */
  readonly addresses: readonly string[];
  readonly policy: Policy;
  /** The portable provider unless said. */
  readonly crypto?: Crypto;
  /** In front of the host's seeded stream: a wrapper, to count or to fail. */
  readonly random?: (random: Random) => Random;
  /** `memory` unless said. */
  readonly kernel?: 'memory' | 'userspace' | Kernel;
  /** Which labels may be used by which; equal ones unless said. */
  readonly labels?: LabelAccess;
  /** 500 and 4500 unless said. */
  readonly ports?: Readonly<Record<SocketName, number>>;
  /** How long the data plane takes to install an inbound SA; 0 answers in the same turn, `never` does not answer. */
  readonly installing?: Millis | 'never';
  /** Signs for it; of its own certificates and raw keys. */
  readonly privateKeys?: readonly PrivateKey[];
  /** Answers what the private keys do not: revocation, EAP; or any question instead of them. */
  readonly answer?: (question: Question) => Answer | Late | undefined;
  /** Keep the run as lines, for `replay`. */
  readonly record?: boolean;
  /** Keep a `bug` event as any other, rather than end the run with it: for tests that make the engine fail. */
  readonly tolerateBugs?: boolean;
}

/** An answer that takes its time, or never comes. */
export interface Late {
  readonly after: Millis | 'never';
  readonly answer: Answer;
}

/** What a host needs of its network. */
export interface Wire {
  readonly now: Millis;
  readonly seeded: Seeded;
  send(source: Endpoint, destination: Endpoint, octets: Uint8Array): void;
  after(delay: Millis, work: () => void): void;
  /** Each event, before anybody else sees it. */
  observe(host: Host, event: EngineEvent): void;
  /** The host has had a turn: its `wakeAt` may be another. */
  turned?(host: Host): void;
}

type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

export class Host {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly kernel: Kernel;
  readonly crypto: Crypto;
  readonly ports: Readonly<Record<SocketName, number>>;
  /** Names of the connections it was made with, and of those it was given since. */
  readonly connections: string[];
  /** Commands to the data plane and its notices ask these in turn; the first that says anything decides. */
  readonly kernelFates: KernelFate[] = [];
  /** Everything the engine told, in order. */
  readonly events: EngineEvent[] = [];
  /** Lines of the run, when it was made with `record`. */
  readonly recording: string[] = [];
  /** What the engine answered to each line of `recording`, as `toJson` writes it. */
  readonly answers: string[] = [];
  readonly tolerateBugs: boolean;
  readonly #wire: Wire;
  readonly #answer: (question: Question) => Answer | Late | undefined;
  readonly #installing: HostOptions['installing'];
  readonly #inputs: Input[] = [];
  readonly #times = new WeakMap<EngineEvent, Millis>();
  #engine: Engine;
  readonly #restart: () => Engine;
  #turning = false;

  constructor(options: HostOptions, wire: Wire) {
    this.name = options.name;
    this.connections = options.policy.pad.map(({ name }) => name);
    this.addresses = options.addresses;
    this.crypto = options.crypto ?? nobleCrypto;
    this.ports = options.ports ?? { ike: 500, nat: 4500 };
    this.tolerateBugs = options.tolerateBugs ?? false;
    this.#wire = wire;
    this.#installing = options.installing;
    const seeded = wire.seeded.fork(options.name);
    const random = options.random?.(seeded.random) ?? seeded.random;
    const keys = new PrivateKeys(options.privateKeys ?? [], this.crypto, seeded.fork('sign').random);
    this.#answer = (question) => options.answer?.(question) ?? keys.answer(question);
    this.kernel = this.#kernel(options, seeded.fork('kernel').random);
    this.#restart = () => {
      const given: EngineOptions = {
        now: wire.now,
        unixTime: 1_700_000_000 + Math.floor(wire.now / 1000),
        policy: suited(options.policy, this.kernel),
        crypto: this.crypto,
        random,
        ports: this.ports,
        keyLog: true,
        ...(options.labels && { labels: options.labels }),
      };
      if (!options.record) return new IkeEngine(given);
      return record(given, (line, actions) => {
        this.recording.push(line);
        this.answers.push(toJson(actions));
      });
    };
    this.#engine = this.#restart();
  }

  /** The address it is known by. */
  get address(): string {
    return this.addresses[0] ?? '';
  }

  /** The data plane that only remembers. Throws TypeError when it was given another. */
  get memory(): MemoryKernel {
    if (this.kernel instanceof MemoryKernel) return this.kernel;
    throw new TypeError(`${this.name} has the ${this.kernel.name} kernel`);
  }

  /** The data plane of userspace. Throws TypeError when it was given another. */
  get userspace(): UserspaceKernel {
    if (this.kernel instanceof UserspaceKernel) return this.kernel;
    throw new TypeError(`${this.name} has the ${this.kernel.name} kernel`);
  }

  get wakeAt(): Millis | undefined {
    return this.#engine.wakeAt;
  }

  /** What the engine holds memory for. */
  get held(): Held {
    return this.#engine.held;
  }

  /** No IKE SA lives. */
  get idle(): boolean {
    return this.#engine.idle;
  }

  get ikeSas(): readonly IkeSaStatus[] {
    return this.status.ikeSas;
  }

  get status(): EngineStatus {
    return this.#engine.status();
  }

  /** IKE SAs whose peer has proven who it is. */
  get established(): readonly IkeSaStatus[] {
    return this.ikeSas.filter(({ phase }) => phase === 'established');
  }

  get children(): readonly ChildSaStatus[] {
    return this.ikeSas.flatMap(({ children }) => children);
  }

  /** Why negotiations failed and SAs ended, in order. */
  get failures(): readonly Failure[] {
    return this.events.flatMap((event) =>
      event.kind === 'ikeFailed' || event.kind === 'ikeDeleted' || event.kind === 'childFailed'
        ? [event.reason]
        : [],
    );
  }

  /** The events of one kind, in order. */
  told<K extends EngineEvent['kind']>(kind: K): EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.kind === kind);
  }

  /** When it told of an event. */
  when(event: EngineEvent): Millis | undefined {
    return this.#times.get(event);
  }

  /** All that is still there: nothing, when every negotiation has been cleaned up. For a report, one line each. */
  get leftovers(): string[] {
    const left = this.ikeSas.map(({ spiI, phase }) => `IKE SA ${spiI} ${phase}`);
    for (const [what, count] of Object.entries(this.#engine.held)) {
      if (count > 0) left.push(`${count} ${what} held`);
    }
    if (!(this.kernel instanceof MemoryKernel)) return left;
    return [
      ...left,
      ...this.kernel.sas.map(
        ({ direction, id }) => `SA ${direction} ${id.spi.toString(16)} to ${id.destination}`,
      ),
      ...this.kernel.policies.map(({ direction, reqid }) => `policy ${direction} of ${reqid}`),
    ];
  }

  /** Throws TypeError on a command or a connection there is not. */
  command(command: Command): void {
    checkWord('command.kind', command.kind, commandKinds);
    if ('name' in command)
      checkWord(`${command.kind}: connection of ${this.name}`, command.name, this.connections);
    if (command.kind === 'rekey') checkWord('rekey.what', command.what, ['children', 'ike']);
    this.feed({ type: 'command', command });
  }

  up(name: string): void {
    this.command({ kind: 'up', name });
  }

  down(name: string): void {
    this.command({ kind: 'down', name });
  }

  setPolicy(policy: Policy): void {
    const { pad, shunts = [] } = policy;
    for (const name of [...pad.map((each) => each.name), ...shunts.map(({ connection }) => connection)])
      if (!this.connections.includes(name)) this.connections.push(name);
    this.feed({ type: 'policy', policy: suited(policy, this.kernel) });
  }

  /** The engine forgets everything without telling anybody: the machine lost power. The data plane is empty too. */
  crash(): void {
    this.kernel.close();
    this.#inputs.length = 0;
    this.#engine = this.#restart();
  }

  /** A datagram arrives. ESP goes to the data plane, keepalives nowhere; false when no socket listens there. */
  receive(octets: Uint8Array, local: Endpoint, remote: Endpoint): boolean {
    if (local.port === this.ports.nat) {
      if (isKeepalive(octets)) return true;
      if (stripMarker(octets) === undefined && octets.length >= 4 && this.kernel instanceof UserspaceKernel) {
        this.kernel.input(octets, { local, remote });
        return true;
      }
      this.feed({ type: 'datagram', socket: 'nat', local, remote, octets });
      return true;
    }
    if (local.port !== this.ports.ike) return false;
    this.feed({ type: 'datagram', socket: 'ike', local, remote, octets });
    return true;
  }

  /** Gives the engine one input and performs what comes of it, in order. An input fed meanwhile waits its turn. */
  feed(input: Input): void {
    if (input.type === 'kernel' && this.#kernelFate({ notice: input.notice })) return;
    this.#inputs.push(input);
    if (this.#turning) return;
    this.#turning = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        for (const action of this.#engine.handle(this.#wire.now, next)) this.#perform(action);
      }
    } finally {
      this.#turning = false;
      this.#wire.turned?.(this);
    }
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'transmit':
        return this.#wire.send(action.local, action.remote, action.octets);
      case 'event':
        this.#wire.observe(this, action.event);
        this.events.push(action.event);
        this.#times.set(action.event, this.#wire.now);
        return;
      case 'kernel': {
        const errno = this.#outcome(action.command).errno;
        if (errno !== undefined) this.feed({ type: 'kernelFailed', command: action.command, errno });
        return;
      }
      case 'ask': {
        const { id, ask } = action;
        if (ask.kind === 'lastUse')
          return this.feed({ type: 'answer', id, answer: lastUse(this.kernel, ask.ids) });
        if (ask.kind !== 'install') return this.#ask(id, ask);
        const { errno, late } = this.#outcome(ask.command);
        const answer = (): void =>
          this.feed({
            type: 'answer',
            id,
            answer: errno === undefined ? { ok: true } : { ok: false, errno },
          });
        const after = late ?? this.#installing;
        if (after === 'never') return;
        if (after) return this.#wire.after(after, answer);
        return answer();
      }
    }
  }

  #ask(id: number, question: Question): void {
    const answer = this.#answer(question) ?? { ok: false, errno: 'ENOSYS' };
    if (!('after' in answer)) return this.feed({ type: 'answer', id, answer });
    if (answer.after === 'never') return;
    this.#wire.after(answer.after, () => this.feed({ type: 'answer', id, answer: answer.answer }));
  }

  /** What comes of a command: done, refused, or answered late. */
  #outcome(command: KernelCommand): { readonly errno?: string | undefined; readonly late?: Millis } {
    const fate = this.#kernelFate({ command });
    switch (fate?.kind) {
      case 'refuse':
        return { errno: fate.errno };
      case 'ignore':
        return {};
      case 'delay':
        return { errno: this.#apply(command), late: fate.by };
      default:
        return { errno: this.#apply(command) };
    }
  }

  #kernelFate(word: KernelWord): KernelOutcome | undefined {
    for (const fate of this.kernelFates) {
      const outcome = fate(word);
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  /** The errno, or undefined when the command holds. */
  #apply(command: KernelCommand): string | undefined {
    try {
      void this.kernel.apply(command);
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error.errno;
      throw error;
    }
  }

  #kernel({ kernel = 'memory', labels }: HostOptions, random: Random): Kernel {
    if (typeof kernel !== 'string') return kernel;
    if (kernel === 'memory') return new MemoryKernel();
    return new UserspaceKernel({
      crypto: this.crypto,
      random,
      now: () => this.#wire.now,
      transmit: (octets, { local, remote }) => this.#wire.send(local, remote, octets),
      notice: (notice) => this.feed({ type: 'kernel', notice }),
      ...(labels && { labels }),
    });
  }
}

/** A data plane that knows ESP in UDP only makes every connection encapsulate. */
function suited(policy: Policy, kernel: Kernel): Policy {
  if (!kernel.encapsulationOnly) return policy;
  return { ...policy, pad: policy.pad.map((entry) => ({ ...entry, encapsulation: 'yes' as const })) };
}

/** What a step of an exchange is given, and the way it takes things: all of it goes back if the step throws. */
import type { Crypto, Random } from '../crypto/provider.ts';
import type { KernelCommand } from '../kernel/port.ts';
import type { LabelAccess } from '../policy/label.ts';
import type { Pad } from '../policy/pad.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import type { AddressPools, PoolPolicy } from '../policy/pool.ts';
import type { Answer, Ask, DropReason, EngineEvent, Failure, Millis, Path, SocketName } from './actions.ts';
import type { Trust } from './auth/trust.ts';
import type { ChildSa } from './child-sa.ts';
import { Bug } from './errors.ts';
import type { Flows } from './flows.ts';
import type { IkeSa } from './ike-sa.ts';
import type { Initiation } from './initiation.ts';
import type { Phase } from './phase.ts';
import type { Route, Routes } from './routes.ts';
import type { Timers } from './timers.ts';

/** What the engine does for its SAs. */
export interface Services {
  readonly now: Millis;
  readonly unixTime: number;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly policy: Policy;
  /** The policy's PAD, indexed. */
  readonly pad: Pad;
  /** The policy's authorities, parsed. */
  readonly trust: Trust;
  /** Who holds which internal address. */
  readonly pools: AddressPools;
  readonly labels: LabelAccess;
  readonly timers: Timers<IkeSa | Flows>;
  /** On-demand policies and shunts. */
  readonly routes: Routes;
  /** Packets that asked for children. */
  readonly flows: Flows;
  /** IKE SAs we begin. */
  readonly initiation: Initiation;
  /** Our UDP ports by socket. */
  readonly ports: Readonly<Record<SocketName, number>>;
  readonly keyLog: boolean;
  /** Whether `message` events are wanted. */
  readonly messages: boolean;
  act(action: { type: 'kernel'; command: KernelCommand }): void;
  transmit(path: Path, octets: Uint8Array): void;
  emit(event: EngineEvent): void;
  ask(sa: IkeSa, question: Ask, answered: (answer: Answer) => void): void;
  /** False when the SPI is taken. */
  claimChildSpi(spi: number, sa: IkeSa): boolean;
  releaseChildSpi(spi: number): void;
  /** Other SAs whose peer proved the same identity. */
  sameIdentities(sa: IkeSa): readonly IkeSa[];
  /** SAs of a connection, in any phase, and those of others that carry children of it. */
  sasOf(connection: string): readonly IkeSa[];
  takeReqid(): number;
  freshSpi(): bigint;
  /** When this turn has done all else: what is made stands before what it replaces goes. */
  afterwards(effect: () => void): void;
  /** The time limit of an SA's oldest question has come. */
  expireAsks(sa: IkeSa): void;
  /** An IKE SA that a rekey made: into the tables. */
  add(sa: IkeSa): void;
  drop(reason: DropReason, path: Path, detail: string): void;
  /** The peer is authenticated: other tries for the same negotiation go. */
  established(sa: IkeSa): void;
  /** Told once; silent while another try for the same negotiation lives. */
  dead(sa: IkeSa, kind: 'ikeDeleted' | 'ikeFailed' | undefined, why: Failure): void;
  /** No other try for the same negotiation lives. */
  alone(sa: IkeSa): boolean;
  /** IKE_SA_INIT retransmissions need no answer from it any more. */
  forgetOpening(sa: IkeSa): void;
  /** Out of all tables. */
  forget(sa: IkeSa): void;
}

export class Context {
  readonly #services: Services;
  readonly #sa: IkeSa;
  readonly #undo: (() => void)[] = [];
  readonly #commit: (() => void)[] = [];

  constructor(services: Services, sa: IkeSa) {
    this.#services = services;
    this.#sa = sa;
  }

  get now(): Millis {
    return this.#services.now;
  }

  get unixTime(): number {
    return this.#services.unixTime;
  }

  get crypto(): Crypto {
    return this.#services.crypto;
  }

  get random(): Random {
    return this.#services.random;
  }

  get policy(): Policy {
    return this.#services.policy;
  }

  get pad(): Pad {
    return this.#services.pad;
  }

  get trust(): Trust {
    return this.#services.trust;
  }

  /** Whether labels may be used. */
  get labels(): LabelAccess {
    return this.#services.labels;
  }

  get ports(): Services['ports'] {
    return this.#services.ports;
  }

  get keyLog(): boolean {
    return this.#services.keyLog;
  }

  /** Once the step is through. */
  emit(event: EngineEvent): void {
    this.#commit.push(() => this.#services.emit(event));
  }

  /** Once the step is through. */
  kernel(command: KernelCommand): void {
    this.#commit.push(() => this.#services.act({ type: 'kernel', command }));
  }

  /** Once the step is through. */
  afterwards(effect: () => void): void {
    this.#commit.push(effect);
  }

  /** When the step is through, and all that came of it. */
  lastOfAll(effect: () => void): void {
    this.#commit.push(() => this.#services.afterwards(effect));
  }

  /** Run if the step throws. */
  onThrow(giveBack: () => void): void {
    this.#undo.push(giveBack);
  }

  setPhase(phase: Phase): void {
    const before = this.#sa.phase;
    this.#sa.phase = phase;
    this.#undo.push(() => {
      this.#sa.phase = before;
    });
  }

  /** The IKE SA is of this connection from now on. */
  belongTo(entry: PadEntry): void {
    const before = this.#sa.entry;
    this.#sa.entry = entry;
    this.#undo.push(() => {
      this.#sa.entry = before;
    });
  }

  /** A fresh inbound SPI for a Child SA, above the reserved 0-255 (RFC 4303 §2.1). */
  takeChildSpi(): number {
    for (let attempt = 0; attempt < 64; attempt++) {
      const octets = this.random(4);
      const spi = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
      if (spi < 256 || !this.#services.claimChildSpi(spi, this.#sa)) continue;
      this.#undo.push(() => this.#services.releaseChildSpi(spi));
      return spi;
    }
    throw new Bug('no free SPI in 64 draws');
  }

  /** A fresh SPI for an IKE SA. */
  freshSpi(): bigint {
    return this.#services.freshSpi();
  }

  releaseChildSpi(spi: number): void {
    this.#services.releaseChildSpi(spi);
  }

  addChild(child: ChildSa): void {
    this.#sa.children.add(child);
    this.#commit.push(() => this.#sa.upkeep.begin(child));
    this.#undo.push(() => this.#sa.children.takeBack(child));
  }

  /** An address for the peer, which goes back with the IKE SA; false when the pool has none left. */
  takeLease(pool: PoolPolicy, wished: Uint8Array | undefined): boolean {
    const { leases, owner } = this.#sa.internal;
    const lease = this.#services.pools.take(pool, owner, wished);
    if (lease === undefined) return false;
    leases.push(lease);
    this.#undo.push(() => {
      const at = leases.indexOf(lease);
      if (at < 0) return;
      leases.splice(at, 1);
      this.#services.pools.giveBack(lease);
    });
    return true;
  }

  sameIdentities(): readonly IkeSa[] {
    return this.#services.sameIdentities(this.#sa);
  }

  sasOf(connection: string): readonly IkeSa[] {
    return this.#services.sasOf(connection);
  }

  /**
   * What groups a child's SAs and policies: what its settings say; that of the on-demand policy that selects just the
   * same, whose place it takes; else one of its own.
   */
  reqidFor(child: Pick<ChildSa, 'connection' | 'spd' | 'local' | 'remote'>): number {
    const { connection, spd, local, remote } = child;
    const { routes } = this.#services;
    const said = spd.settings?.reqid ?? routes.reqidOf(connection, spd.name, local, remote);
    return said ?? this.#services.takeReqid();
  }

  /** What stands for the child's label and others: policies that it shares with their children. */
  templateOf(child: Pick<ChildSa, 'connection' | 'spd'>): Route | undefined {
    return this.#services.routes.templateOf(child, this.#sa.path.remote.address);
  }

  /** The connection's policies for labels are there before any child of theirs, and as long as the IKE SA. */
  stand(entry: PadEntry): void {
    const { routes } = this.#services;
    const { children, path } = this.#sa;
    if (!entry.children.some((spd) => spd.template)) return;
    routes.stand(entry, path.remote.address, children);
    this.#undo.push(() => routes.fall(children));
  }

  get flows(): Flows {
    return this.#services.flows;
  }

  /** The step is through: what it wanted done is done, in its order. */
  commit(): void {
    for (const effect of this.#commit.splice(0)) effect();
    this.#undo.length = 0;
  }

  /** The step threw: everything goes back, last first. */
  rollback(): void {
    for (const giveBack of this.#undo.splice(0).reverse()) giveBack();
    this.#commit.length = 0;
  }
}

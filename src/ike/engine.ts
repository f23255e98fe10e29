/** The protocol engine: octets, time and answers in; octets, kernel commands and events out. Synchronous. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { type LabelAccess, simpleLabels } from '../policy/label.ts';
import { Pad, sameEntry } from '../policy/pad.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import { AddressPools } from '../policy/pool.ts';
import { pskFor } from '../policy/secrets.ts';
import type {
  Action,
  Answer,
  Ask,
  Command,
  DropReason,
  EngineEvent,
  Failure,
  Input,
  Millis,
  Path,
  SocketName,
} from './actions.ts';
import { Asks } from './asks.ts';
import { noSharedKey } from './auth/proof.ts';
import { Trust } from './auth/trust.ts';
import type { Services } from './context.ts';
import { DataPlane } from './data-plane.ts';
import { Drops } from './drops.ts';
import { start } from './exchange.ts';
import { ikeSaInit, opening } from './exchanges/ike-sa-init.ts';
import { checkLiveness, deleteChild, wantChild, wantIkeRekey, wantRekey } from './exchanges/index.ts';
import { IkeSa } from './ike-sa.ts';
import type { PhaseName } from './phase.ts';
import { Router } from './router.ts';
import { SaTable } from './sa-table.ts';
import { type IkeSaStatus, statusOf } from './status.ts';
import { Timers } from './timers.ts';
import { keepOne, whoIs } from './uniqueness.ts';

export interface EngineOptions {
  readonly now: Millis;
  /** Seconds since 1970 at `now`, with their fraction. */
  readonly unixTime: number;
  readonly policy: Policy;
  readonly crypto: Crypto;
  readonly random: Random;
  /** Our UDP ports; 500 and 4500 unless said. */
  readonly ports?: Readonly<Record<SocketName, number>>;
  /** Emit `keys` and `childKeys` events. Off unless said. */
  readonly keyLog?: boolean;
  /** Emit a `message` event for each message. On unless said. */
  readonly messages?: boolean;
  /** Which labels may be used by which; `simpleLabels` unless said. */
  readonly labels?: LabelAccess;
  /** What SAs and policies are grouped by counts up from here; 1 unless said. */
  readonly firstReqid?: number;
}

/** How much of what the engine holds. */
export interface Held {
  /** With those that are dead and only answer retransmissions. */
  readonly ikeSas: number;
  readonly halfOpen: number;
  /** IKE_SA_INIT requests whose answers are kept. */
  readonly strangers: number;
  /** Inbound SPIs of Child SAs that are up or offered. */
  readonly childSpis: number;
  readonly timers: number;
  readonly asks: number;
  /** Internal addresses of peers. */
  readonly leases: number;
}

export class IkeEngine {
  readonly #services: Services;
  readonly #start: { readonly now: Millis; readonly unixTime: number };
  readonly #table = new SaTable();
  readonly #timers = new Timers<IkeSa>();
  readonly #pools = new AddressPools();
  readonly #asks: Asks;
  readonly #drops = new Drops();
  readonly #router: Router;
  readonly #plane: DataPlane;
  #now: Millis;
  #policy: Policy;
  #pad: Pad;
  #trust: Trust;
  #actions: Action[] = [];
  #reqid: number;

  constructor(options: EngineOptions) {
    this.#now = options.now;
    this.#start = { now: options.now, unixTime: options.unixTime };
    this.#reqid = options.firstReqid ?? 1;
    this.#policy = options.policy;
    this.#pad = new Pad(options.policy);
    this.#trust = new Trust(options.policy.pki, options.crypto);
    this.#asks = new Asks((action) => this.#actions.push(action), this.#timers);
    this.#services = this.#makeServices(options);
    this.#router = new Router(this.#services, this.#table);
    this.#plane = new DataPlane(this.#services, this.#table);
  }

  /** Never throws on what came from outside. The returned actions are to be performed in their order. */
  handle(now: Millis, input: Input): Action[] {
    this.#now = now;
    try {
      this.#take(input);
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      this.#emit({ kind: 'bug', message, stack });
    }
    return this.#actions.splice(0);
  }

  /** When `wake` is due: the earliest of all named timers. */
  get wakeAt(): Millis | undefined {
    return this.#timers.next;
  }

  /** No IKE SA lives: after `shutdown`, all is said. */
  get idle(): boolean {
    return this.#table.live === 0;
  }

  /** What memory is held for: with nothing up and all timers through, every number is 0. */
  get held(): Held {
    return {
      ...this.#table.held,
      timers: this.#timers.size,
      asks: this.#asks.size,
      leases: this.#pools.held,
    };
  }

  status(): { readonly ikeSas: readonly IkeSaStatus[] } {
    return { ikeSas: [...this.#table.all()].filter(({ phase }) => phase.name !== 'dead').map(statusOf) };
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'datagram':
        return this.#router.take(input.octets, {
          socket: input.socket,
          local: input.local,
          remote: input.remote,
        });
      case 'wake':
        return this.#wake();
      case 'command':
        return this.#command(input.command);
      case 'policy':
        return this.#newPolicy(input.policy);
      case 'kernel':
        return this.#plane.notice(input.notice);
      case 'kernelFailed':
        return this.#plane.failed(input.command, input.errno);
      case 'answer':
        return this.#asks.answer(input.id, input.answer);
    }
  }

  #wake(): void {
    for (
      let due = this.#timers.takeDue(this.#now);
      due !== undefined;
      due = this.#timers.takeDue(this.#now)
    ) {
      if (due.name === 'ask') this.#asks.expire(due.owner, this.#now);
      else due.owner.alarm(due.name);
    }
  }

  // Commands and policy

  #command(command: Command): void {
    switch (command.kind) {
      case 'up':
        return this.#up(command.name, command.peer);
      case 'down':
        for (const sa of this.#table.ofConnection(command.name))
          sa.quit({ code: 'DELETED_BY_US', text: 'taken down' });
        return;
      case 'liveness':
        for (const sa of this.#table.ofConnection(command.name))
          if (sa.phase.name === 'established') sa.want(checkLiveness);
        return;
      case 'upChild':
        return this.#upChild(command.name, command.child);
      case 'rekey':
        for (const sa of this.#table.ofConnection(command.name)) this.#rekey(sa, command.what);
        return;
      case 'deleteChild': {
        const { owner, child } = this.#plane.childOf(command.spi);
        if (owner && child) owner.want(deleteChild(child));
        return;
      }
      case 'shutdown':
        for (const sa of [...this.#table.all()]) sa.quit({ code: 'SHUTDOWN', text: 'shutting down' });
        return;
    }
  }

  #upChild(name: string, child: string): void {
    const sa = this.#table.ofConnection(name).find(inCharge);
    const spd = this.#pad.named(name)?.children.find((each) => each.name === child);
    if (sa === undefined || spd === undefined)
      return this.#cannot(name, `${name} is not up, or has no child ${child}`);
    sa.want(wantChild(spd, sa));
  }

  #rekey(sa: IkeSa, what: 'children' | 'ike'): void {
    if (!inCharge(sa)) return;
    if (what === 'ike') sa.want(wantIkeRekey(sa));
    // A child the peer has not moved over to is fresh already.
    else
      for (const child of sa.children.values())
        if (!child.heir && !child.outboundHeld) sa.want(wantRekey(child, sa));
  }

  #up(name: string, peer: string | undefined): void {
    const entry = this.#pad.named(name);
    if (entry === undefined) return this.#cannot(name, `there is no connection ${name}`);
    const address = entry.remote.address ?? peer;
    if (address === undefined) return this.#cannot(name, `${name} has no peer address to initiate to`);
    const living = this.#table
      .ofConnection(name)
      .find(({ phase, path }) => isAlive(phase.name) && (!peer || path.remote.address === peer));
    if (living?.phase.name === 'established') return this.#upMissing(living, entry);
    if (living !== undefined) return living.progress('up', `already ${living.phase.name}`);
    // Known beforehand: the peer is spared a half-open SA.
    const { identity, auth } = entry.local;
    const keys = this.#policy.preSharedKeys;
    const needsKey = auth.every(({ kind }) => kind === 'psk');
    if (needsKey && !pskFor(keys, identity, entry.remote.identity, entry.local.address, address)) {
      return this.#cannot(name, noSharedKey(entry, entry.remote.identity));
    }
    this.#initiate(entry, address);
  }

  /** Children of the connection that are not there. */
  #upMissing(sa: IkeSa, entry: PadEntry): void {
    const up = new Set([...sa.children.values()].map(({ spd }) => spd.name));
    const missing = entry.children.filter(({ name, action }) => action === 'protect' && !up.has(name));
    if (missing.length === 0) sa.progress('up', 'already established');
    for (const spd of missing) sa.want(wantChild(spd, sa));
  }

  #initiate(entry: PadEntry, address: string): IkeSa {
    const spis = { local: this.#table.freshSpi(this.#services.random), remote: 0n };
    const sa = new IkeSa(this.#services, 'initiator', spis, this.#firstPath(entry, address), entry);
    this.#table.add(sa);
    sa.want({ key: 'up', begin: (of, cx) => start(ikeSaInit, of, opening(entry, cx), cx) });
    return sa;
  }

  /** The old SA goes when the new one is authenticated, or before the new one is begun. §2.8.3. */
  #reauthenticate(old: IkeSa): void {
    const { entry, path } = old;
    const begun = this.#table.ofConnection(entry?.name ?? '').some(({ replaces }) => replaces === old);
    if (entry === undefined || begun) return;
    const address = entry.remote.address ?? path.remote.address;
    if (entry.lifetime.reauth === 'break-before-make')
      old.leave(reauthenticated, undefined, () => this.#initiate(entry, address));
    else this.#initiate(entry, address).replaces = old;
  }

  /** A peer with a port of its own always gets the marker. */
  #firstPath(entry: PadEntry, address: string): Path {
    const socket = entry.remote.port === 500 ? 'ike' : 'nat';
    const { ports } = this.#services;
    return {
      socket,
      local: { address: entry.local.address, port: ports[socket] },
      remote: { address, port: entry.remote.port },
    };
  }

  #cannot(connection: string, text: string): void {
    const none = '0'.repeat(16);
    this.#emit({
      kind: 'ikeFailed',
      sa: { spiI: none, spiR: none, role: 'initiator', connection },
      reason: { code: 'LOCAL', text },
    });
  }

  /** An unchanged connection keeps its SAs; changed and removed ones are deleted at their peers. */
  #newPolicy(policy: Policy): void {
    const before = this.#pad;
    this.#policy = policy;
    this.#pad = new Pad(policy);
    this.#trust = this.#trust.under(policy.pki);
    this.#pools.keep(policy.pad.flatMap(poolsOf));
    for (const sa of [...this.#table.all()]) {
      const { connection } = sa;
      if (connection === undefined || sa.phase.name === 'dead') continue;
      const [old, fresh] = [before.named(connection), this.#pad.named(connection)];
      if (old && fresh && sameEntry(old, fresh)) sa.entry = fresh;
      else
        sa.quit({
          code: 'POLICY_CHANGED',
          text: fresh ? `${connection} has changed` : `${connection} is gone`,
        });
    }
  }

  // What SAs are given

  #emit(event: EngineEvent): void {
    this.#actions.push({ type: 'event', event });
  }

  #drop(reason: DropReason, path: Path, detail: string): void {
    const count = this.#drops.count(reason, this.#now);
    if (count > 0) this.#emit({ kind: 'drop', reason, path, detail, count });
  }

  #forget(sa: IkeSa): void {
    this.#timers.clearAll(sa);
    this.#table.remove(sa);
  }

  #dead(sa: IkeSa, kind: 'ikeDeleted' | 'ikeFailed' | undefined, reason: Failure): void {
    this.#table.died(sa);
    this.#asks.forget(sa);
    if (kind && this.#others(sa).length === 0) this.#emit({ kind, sa: sa.name, reason });
  }

  /** Other living tries for the same negotiation. */
  #others(sa: IkeSa): readonly IkeSa[] {
    const tries = this.#table.bySpi(sa.localSpi) ?? [];
    return tries.filter((other) => other !== sa && other.phase.name !== 'dead');
  }

  #established(sa: IkeSa): void {
    for (const rival of [...(this.#table.bySpi(sa.localSpi) ?? [])]) {
      if (rival === sa) continue;
      rival.die({ code: 'REPLACED', text: 'another responder authenticated first' });
      this.#forget(rival);
    }
    if (sa.phase.name !== 'established') return;
    sa.replaces?.leave(reauthenticated);
    sa.replaces = undefined;
    this.#table.established(sa, whoIs(sa.phase, sa.path));
    if (sa.entry?.unique && !sa.isHeir) keepOne(sa, this.#table.sameIdentities(sa), this.#now);
  }

  #makeServices(options: EngineOptions): Services {
    const { crypto, random, ports = { ike: 500, nat: 4500 }, keyLog = false, messages = true } = options;
    const engine = this;
    return {
      crypto,
      random,
      ports,
      keyLog,
      messages,
      timers: this.#timers,
      pools: this.#pools,
      labels: options.labels ?? simpleLabels,
      get now() {
        return engine.#now;
      },
      get unixTime() {
        return Math.floor(engine.#start.unixTime + (engine.#now - engine.#start.now) / 1000);
      },
      get policy() {
        return engine.#policy;
      },
      get pad() {
        return engine.#pad;
      },
      get trust() {
        return engine.#trust;
      },
      act: (action) => this.#actions.push(action),
      transmit: (path, octets) => this.#actions.push({ type: 'transmit', ...path, octets }),
      emit: (event) => this.#emit(event),
      drop: (reason, path, detail) => this.#drop(reason, path, detail),
      ask: (sa: IkeSa, question: Ask, answered: (answer: Answer) => void) =>
        this.#asks.ask(sa, question, this.#now, answered),
      claimChildSpi: (spi, sa) => this.#table.claimChild(spi, sa.children),
      releaseChildSpi: (spi) => this.#table.releaseChild(spi),
      sameIdentities: (sa) => this.#table.sameIdentities(sa),
      sasOf: (connection) => this.#table.ofConnection(connection),
      takeReqid: () => this.#reqid++,
      reauthenticate: (sa) => this.#reauthenticate(sa),
      freshSpi: () => this.#table.freshSpi(random),
      add: (sa) => this.#table.add(sa),
      established: (sa) => this.#established(sa),
      dead: (sa, kind, why) => this.#dead(sa, kind, why),
      alone: (sa) => this.#others(sa).length === 0,
      forgetOpening: (sa) => this.#table.forgetStranger(sa),
      forget: (sa) => this.#forget(sa),
    };
  }
}

const poolsOf = ({ configuration }: PadEntry) =>
  configuration?.role === 'server' ? configuration.pools : [];

const reauthenticated: Failure = { code: 'REPLACED', text: 'authenticated anew' };

/** Established, and no heir that waits for our own rekey of the same SA. */
const inCharge = (sa: IkeSa): boolean => sa.phase.name === 'established' && sa.children.owner === sa;

const isAlive = (phase: PhaseName): boolean =>
  phase === 'init' || phase === 'authenticating' || phase === 'established';

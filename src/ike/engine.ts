/** The protocol engine: octets, time and answers in; octets, kernel commands and events out. Synchronous. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { type LabelAccess, simpleLabels } from '../policy/label.ts';
import { Pad, sameEntry } from '../policy/pad.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import { AddressPools } from '../policy/pool.ts';
import type {
  Action,
  Answer,
  Ask,
  DropReason,
  EngineEvent,
  Failure,
  Input,
  Millis,
  Path,
  SocketName,
} from './actions.ts';
import { carriesFor } from './alike.ts';
import { Asks } from './asks.ts';
import { Trust } from './auth/trust.ts';
import { Commands } from './commands.ts';
import type { Services } from './context.ts';
import { DataPlane } from './data-plane.ts';
import { Drops } from './drops.ts';
import { deleteSpi } from './exchanges/index.ts';
import { Flows } from './flows.ts';
import type { IkeSa } from './ike-sa.ts';
import { Initiation, reauthenticated, wantLabels } from './initiation.ts';
import { Router } from './router.ts';
import { Routes } from './routes.ts';
import { SaTable } from './sa-table.ts';
import { type EngineStatus, statusOf } from './status.ts';
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
  /** Packets whose child is negotiated, or could not be. */
  readonly flows: number;
}

export class IkeEngine {
  readonly #services: Services;
  readonly #start: { readonly now: Millis; readonly unixTime: number };
  readonly #table = new SaTable();
  readonly #timers = new Timers<IkeSa | Flows>();
  readonly #pools = new AddressPools();
  readonly #asks: Asks;
  readonly #drops = new Drops<DropReason>();
  readonly #router: Router;
  readonly #plane: DataPlane;
  readonly #commands: Commands;
  readonly #routes: Routes;
  readonly #flows: Flows;
  readonly #initiation: Initiation;
  #now: Millis;
  #policy: Policy;
  #pad: Pad;
  #trust: Trust;
  #actions: Action[] = [];
  /** When the turn has done all else. */
  readonly #afterwards: (() => void)[] = [];
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
    this.#routes = new Routes(this.#services);
    this.#flows = new Flows(this.#services);
    this.#initiation = new Initiation(this.#services, this.#table);
    this.#router = new Router(this.#services, this.#table);
    this.#plane = new DataPlane(this.#services, this.#table);
    this.#commands = new Commands(this.#services, this.#table, this.#plane);
    this.#routes.load(options.policy);
  }

  /** Never throws on what came from outside. The returned actions are to be performed in their order. */
  handle(now: Millis, input: Input): Action[] {
    this.#now = now;
    try {
      this.#take(input);
      for (const effect of this.#afterwards.splice(0)) effect();
      this.#flows.turned();
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      this.#emit({ kind: 'bug', message, stack });
    }
    return this.#actions.splice(0);
  }

  /** When `wake` is due: the earliest of all named timers; at once where the first policy has to be performed. */
  get wakeAt(): Millis | undefined {
    return this.#actions.length > 0 ? this.#now : this.#timers.next;
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
      flows: this.#flows.size,
    };
  }

  status(): EngineStatus {
    return {
      ikeSas: [...this.#table.all()].filter(({ phase }) => phase.name !== 'dead').map(statusOf),
      routes: this.#routes.status((route) => this.#flows.negotiating(route)),
      shunts: [...this.#routes.shunts.status, ...this.#flows.shunts],
    };
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
        return this.#commands.take(input.command);
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
      due.owner.alarm(due.name);
    }
  }

  // Policy

  /** An unchanged connection keeps its SAs; changed and removed ones are deleted at their peers. */
  #newPolicy(policy: Policy): void {
    const before = this.#pad;
    this.#policy = policy;
    this.#pad = new Pad(policy);
    this.#trust = this.#trust.under(policy.pki);
    this.#pools.keep(policy.pad.flatMap(poolsOf));
    const takeAway = this.#routes.load(policy);
    for (const sa of [...this.#table.all()]) {
      const { connection } = sa;
      if (connection === undefined || sa.phase.name === 'dead') continue;
      const [old, fresh] = [before.named(connection), this.#pad.named(connection)];
      if (old && fresh && sameEntry(old, fresh)) {
        sa.entry = fresh;
        this.#dropStrangers(sa, before);
      } else
        sa.quit({
          code: 'POLICY_CHANGED',
          text: fresh ? `${connection} has changed` : `${connection} is gone`,
        });
    }
    takeAway();
    this.#flows.prune();
  }

  /** Children of other connections that have changed go: at their peer too. */
  #dropStrangers(sa: IkeSa, before: Pad): void {
    if (sa.children.owner !== sa) return;
    for (const child of [...sa.children.values()]) {
      const old = before.named(child.connection);
      if (child.connection === sa.connection || (old && this.#pad.unchanged(old))) continue;
      sa.dropChild(child, `${child.connection} is gone, or has changed`);
      sa.want(deleteSpi(child.inboundSpi));
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
    const [other] = this.#others(sa);
    if (other) this.#flows.passed(sa.children, other.children);
    else if (kind) this.#flows.lost(sa, reason, kind === 'ikeDeleted');
    if (kind && other === undefined) this.#emit({ kind, sa: sa.name, reason });
  }

  /** Other living tries for the same negotiation. */
  #others(sa: IkeSa): readonly IkeSa[] {
    const tries = this.#table.bySpi(sa.localSpi) ?? [];
    return tries.filter((other) => other !== sa && other.phase.name !== 'dead');
  }

  #established(sa: IkeSa): void {
    for (const rival of [...(this.#table.bySpi(sa.localSpi) ?? [])]) {
      if (rival === sa) continue;
      this.#flows.passed(rival.children, sa.children);
      for (const want of rival.takeWants()) sa.want(want);
      rival.die({ code: 'REPLACED', text: 'another responder authenticated first' });
      this.#forget(rival);
    }
    if (sa.phase.name !== 'established') return;
    const { replaces } = sa;
    sa.replaces = undefined;
    this.#table.established(sa, whoIs(sa.phase, sa.path));
    // Its child is to stand before those it takes the place of go.
    this.#afterwards.push(() => {
      if (replaces) wantLabels(replaces, sa);
      replaces?.leave(reauthenticated);
      if (sa.entry?.unique && !sa.isHeir && sa.phase.name === 'established')
        keepOne(sa, this.#table.sameIdentities(sa), this.#now);
    });
  }

  #sasOf(connection: string): readonly IkeSa[] {
    const own = this.#table.ofConnection(connection);
    const entry = this.#pad.named(connection);
    if (entry === undefined) return own;
    const [, ...others] = this.#pad.alike(entry);
    const shared = others.flatMap(({ name }) => this.#table.ofConnection(name));
    return [...own, ...shared.filter((sa) => carriesFor(sa, connection))];
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
      sasOf: (connection) => this.#sasOf(connection),
      takeReqid: () => this.#reqid++,
      get routes() {
        return engine.#routes;
      },
      get flows() {
        return engine.#flows;
      },
      get initiation() {
        return engine.#initiation;
      },
      afterwards: (effect) => this.#afterwards.push(effect),
      expireAsks: (sa) => this.#asks.expire(sa, this.#now),
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

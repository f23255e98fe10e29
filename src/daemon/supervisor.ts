/** Keeps `auto=start` and `auto=keep` connections up: after a failure or a Delete they come back, later each time. */
import type { EngineEvent, Failure, Millis, SaName } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import { Alive, type Key } from './alive.ts';
import type { Clock } from './clock.ts';
import { childrenOf } from './status.ts';

export interface Delays {
  /** Milliseconds before the first new attempt; each further one waits twice as long. */
  readonly first: Millis;
  readonly longest: Millis;
  /** A connection that was up this long begins with `first` again. */
  readonly stable: Millis;
}

export const defaultDelays: Delays = { first: 1_000, longest: 300_000, stable: 60_000 };

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly delays?: Delays;
  /** Starts an attempt at what is not up. Its outcome comes as an event. */
  readonly up: (name: string) => void;
  /** An attempt was planned, `delay` milliseconds from now. */
  readonly planned?: (name: string, delay: Millis) => void;
  /** `keyingtries=` attempts failed: there will be no more. */
  readonly gaveUp?: (name: string, tries: number) => void;
}

interface Watched {
  entry: PadEntry;
  /** The operator took it down. */
  held: boolean;
  /** The operator took it up. */
  asked: boolean;
  /** Children that the operator took down. */
  readonly heldChildren: Set<string>;
  /** Delayed attempts since it was last stable. */
  attempts: number;
  /** Attempts that failed since it was last up. */
  failures: number;
  upSince: Millis | undefined;
  /** The peer was found dead, and `dpdaction=restart`. */
  restart: boolean;
  /** The IKE SA of the child that went last, and why that went. */
  left: string | undefined;
  readonly alive: Alive;
  cancel: (() => void) | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #delays: Delays;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#delays = options.delays ?? defaultDelays;
  }

  /** The connections that are loaded now; what must be up and is not is started at once. */
  update(entries: readonly PadEntry[]): void {
    this.forgetOthers(entries);
    for (const entry of entries) {
      const known = this.#watched.get(entry.name);
      if (known) known.entry = entry;
      else this.#watched.set(entry.name, newlyWatched(entry));
      const watched = known ?? this.#watched.get(entry.name);
      if (watched === undefined || entry.start !== 'start') continue;
      watched.failures = 0;
      this.#unplan(watched);
      this.#plan(watched, 0);
    }
  }

  /** Those that are not among `entries` are gone: what becomes of their SAs from now on is nobody's business. */
  forgetOthers(entries: readonly PadEntry[]): void {
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, watched] of this.#watched) {
      if (names.has(name)) continue;
      watched.cancel?.();
      this.#watched.delete(name);
    }
  }

  /** The operator said `up` or `down`; what is down stays down until `up`. */
  hold(name: string, held: boolean): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    watched.heldChildren.clear();
    Object.assign(watched, { held, asked: !held, attempts: 0, failures: 0, restart: false });
    this.#unplan(watched);
  }

  /** Whether the operator, or `auto=start`, wants it up. */
  wants(name: string): boolean {
    const watched = this.#watched.get(name);
    return watched !== undefined && !watched.held && (watched.asked || watched.entry.start === 'start');
  }

  /** One of its children is to stay down until `up`. */
  holdChild(name: string, child: string): void {
    this.#watched.get(name)?.heldChildren.add(child);
  }

  event(event: EngineEvent): void {
    switch (event.kind) {
      case 'childEstablished':
        this.#gained(event.child.connection, event.child.inboundSpi, event.child.child, event.sa);
        break;
      case 'ikeEstablished':
        if (this.#find(event.sa.connection)?.entry.children.length !== 0) break;
        this.#gained(event.sa.connection, 'ike', undefined, event.sa);
        break;
      case 'ikeRekeyed':
        for (const { alive } of this.#watched.values()) alive.handOver(saKey(event.sa), saKey(event.by));
        break;
      case 'childDeleted':
        this.#left(event);
        this.#lost(event.child.connection);
        break;
      case 'childFailed':
        if (event.sa.role === 'initiator' || this.#knows(event.sa)) this.#failed(event.connection);
        break;
      case 'ikeFailed':
        if (event.sa.role === 'initiator') this.#failed(event.sa.connection);
        break;
      case 'ikeDeleted':
        this.#deleted(event.sa, event.reason);
        break;
    }
  }

  /** No more attempts. */
  close(): void {
    this.#closed = true;
    for (const watched of this.#watched.values()) watched.cancel?.();
  }

  #find(name: string | undefined): Watched | undefined {
    return name === undefined ? undefined : this.#watched.get(name);
  }

  #knows(sa: SaName): boolean {
    return this.#find(sa.connection)?.alive.owns(saKey(sa)) ?? false;
  }

  /** The IKE SA may be another connection's of the same ends: what becomes of it concerns both. */
  #left({ child, sa, reason }: Extract<EngineEvent, { kind: 'childDeleted' }>): void {
    const watched = this.#find(child.connection);
    if (watched === undefined) return;
    watched.alive.delete(child.inboundSpi);
    watched.left = `${saKey(sa)} ${reason}`;
  }

  #gained(name: string | undefined, what: Key, child: string | undefined, sa: SaName): void {
    const watched = this.#find(name);
    if (watched === undefined) return;
    watched.alive.add(what, child, saKey(sa));
    if (!isWhole(watched)) return;
    watched.upSince ??= this.#options.clock.now();
    watched.failures = 0;
    watched.restart = false;
    this.#unplan(watched);
  }

  #deleted(sa: SaName, { code, text }: Failure): void {
    if (code === 'REPLACED') return;
    for (const watched of this.#watched.values()) {
      const { name, dpdAction } = watched.entry;
      if (name !== sa.connection && watched.left !== `${saKey(sa)} ${text}`) continue;
      watched.alive.deleteOf(saKey(sa));
      if (code === 'TIMEOUT' && dpdAction === 'restart') watched.restart = true;
      this.#lost(name, (name === sa.connection && code === 'POLICY_CHANGED') || watched.restart);
    }
  }

  #failed(name: string | undefined): void {
    const watched = this.#find(name);
    if (watched === undefined || watched.cancel || isWhole(watched)) return;
    watched.failures++;
    const { keyingTries: tries } = watched.entry;
    if (tries > 0 && watched.failures >= tries) {
      if (this.#isWanted(watched)) this.#options.gaveUp?.(watched.entry.name, watched.failures);
      watched.restart = false;
      watched.upSince = undefined;
      return;
    }
    this.#lost(name);
  }

  #lost(name: string | undefined, atOnce = false): void {
    const watched = this.#find(name);
    if (watched === undefined || isWhole(watched)) return;
    if (atOnce) this.#unplan(watched);
    if (watched.cancel) return;
    const { clock } = this.#options;
    const { first, longest, stable } = this.#delays;
    if (watched.upSince !== undefined && clock.now() - watched.upSince >= stable) watched.attempts = 0;
    const wanted = this.#isWanted(watched);
    watched.upSince = undefined;
    if (wanted) this.#plan(watched, atOnce ? 0 : Math.min(longest, first * 2 ** watched.attempts));
  }

  /** `auto=start` always, `auto=keep` once it was up, any other after its peer died and `dpdaction=restart`. */
  #isWanted({ entry, upSince, attempts, restart, held }: Watched): boolean {
    if (held) return false;
    return (
      restart ||
      entry.start === 'start' ||
      (entry.start === 'keep' && (upSince !== undefined || attempts > 0))
    );
  }

  #unplan(watched: Watched): void {
    watched.cancel?.();
    watched.cancel = undefined;
  }

  #plan(watched: Watched, delay: Millis): void {
    if (this.#closed || watched.held || watched.cancel || isWhole(watched)) return;
    const { clock, planned, up } = this.#options;
    const { name } = watched.entry;
    if (delay > 0) planned?.(name, delay);
    watched.cancel = clock.alarm(clock.now() + delay, () => {
      watched.cancel = undefined;
      if (isWhole(watched)) return;
      if (delay > 0) watched.attempts++;
      up(name);
    });
  }
}

/** Every child is there. */
function isWhole({ entry, alive, heldChildren }: Watched): boolean {
  if (entry.children.length === 0) return alive.size > 0;
  return childrenOf(entry).every((child) => alive.has(child) || heldChildren.has(child));
}

const newlyWatched = (entry: PadEntry): Watched => ({
  entry,
  held: false,
  asked: false,
  heldChildren: new Set(),
  attempts: 0,
  failures: 0,
  upSince: undefined,
  restart: false,
  left: undefined,
  alive: new Alive(),
  cancel: undefined,
});

const saKey = ({ spiI, spiR }: SaName): string => `${spiI} ${spiR}`;

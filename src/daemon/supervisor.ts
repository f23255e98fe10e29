/** Keeps `auto=start` and `auto=keep` connections up: after a failure or a Delete they come back, later each time. */
import type { EngineEvent, Millis, SaName } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import type { Clock } from './clock.ts';

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
  /** Starts an attempt. Its outcome comes as an event. */
  readonly up: (name: string) => void;
  /** An attempt was planned, `delay` milliseconds from now. */
  readonly planned?: (name: string, delay: Millis) => void;
}

interface Watched {
  entry: PadEntry;
  /** The operator took it down. */
  held: boolean;
  /** Attempts since it was last stable. */
  attempts: number;
  upSince: Millis | undefined;
  /** Our inbound SPIs, or the IKE SA of a childless connection, each with its IKE SA. */
  readonly alive: Map<number | 'ike', string>;
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
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, watched] of this.#watched) {
      if (names.has(name)) continue;
      watched.cancel?.();
      this.#watched.delete(name);
    }
    for (const entry of entries) {
      const known = this.#watched.get(entry.name);
      if (known) known.entry = entry;
      else this.#watched.set(entry.name, newlyWatched(entry));
      const watched = known ?? this.#watched.get(entry.name);
      if (watched === undefined || entry.start !== 'start') continue;
      this.#unplan(watched);
      this.#plan(watched, 0);
    }
  }

  /** The operator said `up` or `down`; what is down stays down until `up`. */
  hold(name: string, held: boolean): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    watched.held = held;
    watched.attempts = 0;
    this.#unplan(watched);
  }

  event(event: EngineEvent): void {
    switch (event.kind) {
      case 'childEstablished':
        this.#gained(event.child.connection, event.child.inboundSpi, event.sa);
        break;
      case 'ikeEstablished':
        if (this.#find(event.sa.connection)?.entry.children.length !== 0) break;
        this.#gained(event.sa.connection, 'ike', event.sa);
        break;
      case 'childDeleted':
        this.#find(event.child.connection)?.alive.delete(event.child.inboundSpi);
        this.#lost(event.child.connection);
        break;
      case 'childFailed':
        if (event.sa.role === 'initiator') this.#lost(event.connection);
        break;
      case 'ikeFailed':
        if (event.sa.role === 'initiator') this.#lost(event.sa.connection);
        break;
      case 'ikeDeleted':
        if (event.reason.code === 'REPLACED') break;
        this.#forget(event.sa);
        this.#lost(event.sa.connection, event.reason.code === 'POLICY_CHANGED');
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

  #gained(name: string | undefined, what: number | 'ike', sa: SaName): void {
    const watched = this.#find(name);
    if (watched === undefined) return;
    watched.alive.set(what, saKey(sa));
    watched.upSince ??= this.#options.clock.now();
    this.#unplan(watched);
  }

  #forget(sa: SaName): void {
    const alive = this.#find(sa.connection)?.alive;
    for (const [what, owner] of alive ?? []) if (owner === saKey(sa)) alive?.delete(what);
  }

  #lost(name: string | undefined, atOnce = false): void {
    const watched = this.#find(name);
    if (watched === undefined || watched.alive.size > 0) return;
    if (atOnce) this.#unplan(watched);
    if (watched.cancel) return;
    const { clock } = this.#options;
    const { first, longest, stable } = this.#delays;
    const wasUp = watched.upSince !== undefined;
    if (watched.upSince !== undefined && clock.now() - watched.upSince >= stable) watched.attempts = 0;
    watched.upSince = undefined;
    const { start } = watched.entry;
    if (start !== 'start' && !(start === 'keep' && (wasUp || watched.attempts > 0))) return;
    this.#plan(watched, atOnce ? 0 : Math.min(longest, first * 2 ** watched.attempts++));
  }

  #unplan(watched: Watched): void {
    watched.cancel?.();
    watched.cancel = undefined;
  }

  #plan(watched: Watched, delay: Millis): void {
    if (this.#closed || watched.held || watched.cancel || watched.alive.size > 0) return;
    const { clock, planned, up } = this.#options;
    const { name } = watched.entry;
    if (delay > 0) planned?.(name, delay);
    watched.cancel = clock.alarm(clock.now() + delay, () => {
      watched.cancel = undefined;
      if (watched.alive.size === 0) up(name);
    });
  }
}

const newlyWatched = (entry: PadEntry): Watched => ({
  entry,
  held: false,
  attempts: 0,
  upSince: undefined,
  alive: new Map(),
  cancel: undefined,
});

const saKey = ({ spiI, spiR }: SaName): string => `${spiI} ${spiR}`;

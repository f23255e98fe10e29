/** Whole handshakes by our own engine: from IKE_SA_INIT to the last child, a rekey where one is wanted, and the Delete. */
import type { Crypto } from '../crypto/provider.ts';
import type { EngineEvent, Failure, Millis } from '../ike/actions.ts';
import { PrivateKeys } from '../ike/private-keys.ts';
import { NotifyType, nameOf } from '../wire/numbers.ts';
import type { Attempts, Listener } from './attempts.ts';
import { policyFor } from './connection.ts';
import { type Proof, proofOf } from './credentials.ts';
import type { LoadPlan } from './plan.ts';
import { SourceSockets } from './sockets.ts';
import { random, Source } from './source.ts';
import { count, type Tally } from './tally.ts';

/** IKE SAs of one source; another is opened when they are used up. */
const mostSlots = 512;
/** Slots free at the least, before another source is opened. */
const fewSlots = 64;
/** Deletes under way at once in the end, and how long they may take. */
const deletesAtOnce = 64;
const endMillis = 10_000;

type State = 'free' | 'starting' | 'rekeying' | 'held' | 'deleting';

/** One IKE SA at a time, under a connection of its own. */
interface Slot {
  readonly name: string;
  readonly pool: Pool;
  state: State;
  intended: Millis;
  children: number;
}

/** A source and those of its slots that are free. */
interface Pool {
  readonly source: Source;
  readonly free: Slot[];
}

export class Handshakes implements Attempts {
  readonly #plan: LoadPlan;
  readonly #crypto: Crypto;
  readonly #proof: Proof;
  readonly #privateKeys: PrivateKeys;
  readonly #listener: Listener;
  readonly #slots = new Map<string, Slot>();
  /** Sources with free slots; attempts go round them. */
  readonly #ready: Pool[] = [];
  #turn = 0;
  #free = 0;
  readonly #sources: Source[] = [];
  #tally: Tally;
  #next: number;
  #opening: Promise<void> | undefined;
  #held = 0;
  #ending: (() => void) | undefined;

  private constructor(plan: LoadPlan, crypto: Crypto, listener: Listener, tally: Tally) {
    this.#plan = plan;
    this.#crypto = crypto;
    this.#listener = listener;
    this.#tally = tally;
    this.#next = plan.numbers.first;
    this.#proof = proofOf(plan.credentials, crypto);
    this.#privateKeys = new PrivateKeys(this.#proof.privateKeys, crypto, random);
  }

  /** Opens the first sources. Throws SourceError and what the plan's texts throw. */
  static async open(plan: LoadPlan, crypto: Crypto, listener: Listener, tally: Tally): Promise<Handshakes> {
    const handshakes = new Handshakes(plan, crypto, listener, tally);
    for (const address of plan.sources) await handshakes.#open(address);
    return handshakes;
  }

  get held(): number {
    return this.#held;
  }

  begin(intended: Millis): boolean {
    const slot = this.#take();
    if (this.#free < fewSlots && this.#needsMore) this.#openMore();
    if (slot === undefined) return false;
    slot.state = 'starting';
    slot.intended = intended;
    slot.children = 0;
    slot.pool.source.command({ kind: 'up', name: slot.name });
    return true;
  }

  countIn(tally: Tally): void {
    this.#tally = tally;
    for (const source of this.#sources) source.countIn(tally);
  }

  async end(): Promise<void> {
    await this.#opening;
    if (!this.#plan.leave) await this.#deleteHeld();
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  /** A closed loop that deletes what it made never has more than its share. */
  get #needsMore(): boolean {
    const { pace, keep } = this.#plan;
    return keep || pace.kind === 'open' || this.#slots.size < pace.concurrency;
  }

  #openMore(): void {
    const { sources } = this.#plan;
    this.#opening ??= this.#open(sources[this.#sources.length % sources.length] ?? '')
      .catch((error: Error) => count(this.#tally.trouble, error.message))
      .then(() => {
        this.#opening = undefined;
        this.#listener.room();
      });
  }

  async #open(address: string): Promise<void> {
    const { numbers, pace, keep } = this.#plan;
    const most = keep || pace.kind === 'open' ? mostSlots : Math.min(mostSlots, pace.concurrency);
    const own = Array.from({ length: most }, (_, at) => this.#next + at * numbers.step);
    this.#next += most * numbers.step;
    const sockets = await SourceSockets.open(address, this.#plan.target, this.#tally);
    const source = new Source({
      sockets,
      policy: policyFor(this.#plan, this.#proof, address, own),
      crypto: this.#crypto,
      privateKeys: this.#privateKeys,
      tally: this.#tally,
      event: (event) => this.#event(event),
    });
    this.#sources.push(source);
    const pool: Pool = { source, free: [] };
    for (const number of own.reverse()) {
      const slot: Slot = { name: String(number), pool, state: 'free', intended: 0, children: 0 };
      this.#slots.set(slot.name, slot);
      this.#giveBack(slot);
    }
  }

  #take(): Slot | undefined {
    const at = this.#turn++ % this.#ready.length;
    const pool = this.#ready[at];
    const slot = pool?.free.pop();
    if (slot !== undefined) this.#free--;
    if (pool?.free.length === 0) this.#ready.splice(at, 1);
    return slot;
  }

  #giveBack(slot: Slot): void {
    const { pool } = slot;
    slot.state = 'free';
    pool.free.push(slot);
    this.#free++;
    if (pool.free.length === 1) this.#ready.push(pool);
  }

  #event(event: EngineEvent): void {
    if (event.kind === 'bug') return count(this.#tally.trouble, `BUG ${event.message}`);
    if (!('sa' in event)) return;
    const slot = this.#slots.get(event.sa.connection ?? '');
    if (slot === undefined) return;
    switch (event.kind) {
      case 'ikeEstablished':
        if (this.#plan.children === 0) this.#through(slot);
        return;
      case 'childEstablished':
        if (slot.state === 'rekeying' && event.replaces) return this.#rekeyed(slot);
        if (slot.state === 'starting' && ++slot.children === this.#plan.children) this.#through(slot);
        return;
      case 'ikeRekeyed':
        if (slot.state === 'rekeying') this.#rekeyed(slot);
        return;
      case 'childFailed':
      case 'ikeRekeyFailed':
        return this.#refused(slot, event.reason);
      case 'ikeFailed':
      case 'ikeDeleted':
        return this.#gone(slot, event.reason);
    }
  }

  /** All that was asked for stands. */
  #through(slot: Slot): void {
    this.#listener.done(performance.now() - slot.intended);
    const { rekey } = this.#plan;
    if (rekey === undefined) return this.#finish(slot);
    slot.state = 'rekeying';
    slot.intended = performance.now();
    slot.pool.source.command({ kind: 'rekey', name: slot.name, what: rekey });
  }

  #rekeyed(slot: Slot): void {
    this.#listener.rekeyed(performance.now() - slot.intended);
    this.#finish(slot);
  }

  /** The IKE SA stands, but what was asked of it does not come. */
  #refused(slot: Slot, why: Failure): void {
    const reason = reasonOf(why);
    if (slot.state === 'rekeying') {
      count(this.#tally.trouble, `rekey: ${reason}`);
      return this.#finish(slot);
    }
    if (slot.state !== 'starting') return;
    this.#listener.failed(`child: ${reason}`, why.text);
    this.#delete(slot);
  }

  #finish(slot: Slot): void {
    if (!this.#plan.keep) return this.#delete(slot);
    slot.state = 'held';
    this.#held++;
    this.#listener.ended();
  }

  #delete(slot: Slot): void {
    slot.state = 'deleting';
    slot.pool.source.command({ kind: 'down', name: slot.name });
  }

  #gone(slot: Slot, why: Failure): void {
    const reason = reasonOf(why);
    const { state } = slot;
    if (state === 'free') return;
    this.#giveBack(slot);
    if (state === 'held') {
      this.#held--;
      if (this.#ending) this.#ending();
      else count(this.#tally.trouble, `lost: ${reason}`);
      return;
    }
    if (state === 'starting') this.#listener.failed(reason, why.text);
    if (state === 'rekeying') count(this.#tally.trouble, `rekey: ${reason}`);
    this.#listener.ended();
  }

  async #deleteHeld(): Promise<void> {
    const held = [...this.#slots.values()].filter(({ state }) => state === 'held');
    if (held.length === 0) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, endMillis);
      let underWay = 0;
      const next = (): void => {
        for (; underWay < deletesAtOnce; underWay++) {
          const slot = held.pop();
          if (slot === undefined) break;
          slot.pool.source.command({ kind: 'down', name: slot.name });
        }
        if (underWay > 0) return;
        clearTimeout(limit);
        resolve();
      };
      this.#ending = () => {
        underWay--;
        next();
      };
      next();
    });
  }
}

/** A reason's name: its code, with the notify there was. */
const reasonOf = ({ code, notify }: Failure): string =>
  notify === undefined ? code : `${code} ${nameOf(NotifyType, notify)}`;

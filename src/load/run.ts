/** A load in this thread: its attempts, run after run, each with a tally of its own. */
import { type Crypto, defaultCrypto } from '../crypto/index.ts';
import type { Millis } from '../ike/actions.ts';
import type { Attempts, Listener } from './attempts.ts';
import { Handshakes } from './handshakes.ts';
import { Openings } from './openings.ts';
import { Phase } from './phase.ts';
import type { Limit, LoadPlan } from './plan.ts';
import { count, countDone, countRekey, emptyTally, sum, type Tally } from './tally.ts';

/** Where a run stands. */
export interface Progress {
  readonly done: number;
  readonly failed: number;
  readonly inFlight: number;
  /** IKE SAs that are up and held. */
  readonly held: number;
}

export interface Load {
  /** Begins attempts at the plan's pace until the limit; resolves when all are over. */
  run(limit: Limit): Promise<Tally>;
  readonly progress: Progress;
  /** No more attempts begin; those under way are seen to their end. */
  stop(): void;
  /** Deletes what is held unless it is to be left, and closes everything. */
  end(): Promise<void>;
}

export class OwnLoad implements Load {
  readonly #plan: LoadPlan;
  #attempts: Attempts | undefined;
  #phase: Phase | undefined;
  #tally = emptyTally();
  #stopped = false;

  private constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  /** Throws SourceError and what the plan's texts throw. */
  static async open(plan: LoadPlan, crypto: Crypto = defaultCrypto): Promise<OwnLoad> {
    const load = new OwnLoad(plan);
    const kind = plan.mode === 'handshake' ? Handshakes : Openings;
    load.#attempts = await kind.open(plan, crypto, load.#listener, load.#tally);
    return load;
  }

  get progress(): Progress {
    return {
      done: this.#tally.done,
      failed: sum(this.#tally.failures),
      inFlight: this.#phase?.inFlight ?? 0,
      held: this.#attempts?.held ?? 0,
    };
  }

  async run(limit: Limit): Promise<Tally> {
    const tally = emptyTally();
    this.#tally = tally;
    this.#attempts?.countIn(tally);
    const phase = new Phase(this.#plan.pace, limit, (intended) => this.#begin(intended));
    this.#phase = phase;
    if (this.#stopped) phase.stop();
    else phase.start();
    await phase.over;
    tally.milliseconds = performance.now() - phase.startedAt;
    return tally;
  }

  stop(): void {
    this.#stopped = true;
    this.#phase?.stop();
  }

  async end(): Promise<void> {
    await this.#attempts?.end();
  }

  #begin(intended: Millis): boolean {
    const isBegun = this.#attempts?.begin(intended) ?? false;
    if (isBegun) this.#tally.begun++;
    return isBegun;
  }

  readonly #listener: Listener = {
    done: (milliseconds) =>
      countDone(this.#tally, milliseconds, performance.now() - (this.#phase?.startedAt ?? 0)),
    failed: (reason, text) => {
      count(this.#tally.failures, reason);
      if (text !== undefined) this.#tally.examples[reason] ??= text;
    },
    rekeyed: (milliseconds) => countRekey(this.#tally, milliseconds),
    ended: () => this.#phase?.ended(),
    room: () => this.#phase?.room(),
  };
}

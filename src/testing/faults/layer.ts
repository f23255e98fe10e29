/** The fault layer: rules between an engine and the network. It is pure but for what its world does. */
import type { Random } from '../../crypto/provider.ts';
import type { Millis } from '../../ike/actions.ts';
import type { Passage } from '../fate.ts';
import type { Flight } from '../flight.ts';
import type { KeyRing } from '../key-ring.ts';
import { Job, type World } from './job.ts';
import type { KernelOutcome, KernelWord } from './kernel-rules.ts';
import { type DatagramRule, type Rule, readRules } from './rules.ts';
import type { PeerCommand } from './script.ts';
import { Seen } from './seen.ts';

export interface FaultLayerOptions {
  /** Keys of the IKE SAs whose messages are to be opened. */
  readonly keys: KeyRing;
  readonly random: Random;
  /** The misbehaving peer's own addresses: they tell `out` from `in`. */
  readonly addresses: readonly string[];
  /** The connections of the peer's engine. */
  readonly connections: readonly string[];
  /** Gives the peer's engine a command. */
  command(command: PeerCommand, connection: string | undefined, after: Millis): void;
}

/** What one rule did. */
export interface RuleReport {
  /** `rule 2 "lose AUTH"`. */
  readonly rule: string;
  /** Datagrams or commands it was for. */
  readonly matched: number;
  /** Those of them it found something to do to. */
  readonly acted: number;
}

export class FaultLayer {
  /** Lines of the action `log`. */
  readonly log: string[] = [];
  readonly #rules: readonly Rule[];
  readonly #counts = new Map<Rule, { matched: number; acted: number }>();
  readonly #seen: Seen;
  readonly #world: World;

  /** Throws FaultError, which names the rule and the field that cannot be understood. */
  constructor(script: unknown, options: FaultLayerOptions) {
    this.#rules = readRules(script, options.keys, options.connections);
    for (const rule of this.#rules) this.#counts.set(rule, { matched: 0, acted: 0 });
    this.#seen = new Seen(options.addresses);
    this.#world = {
      keys: options.keys,
      random: options.random,
      seen: this.#seen,
      command: (command, connection, after) => options.command(command, connection, after),
      log: (line) => this.log.push(line),
    };
  }

  /** In the order of the script. */
  get report(): readonly RuleReport[] {
    return [...this.#counts].map(([{ where: rule }, counts]) => ({ rule, ...counts }));
  }

  /** Rules that found nothing to do: a script that tests nothing. */
  get idle(): readonly string[] {
    return this.report.filter(({ acted }) => acted === 0).map(({ rule }) => rule);
  }

  /** When rules with `at` are due, and what they do then. */
  get timed(): readonly { readonly at: Millis; readonly work: () => void }[] {
    return this.#rules.flatMap((rule) => {
      if (rule.kind !== 'timed') return [];
      const work = (): void => {
        this.#count(rule, true);
        rule.work(this.#world);
      };
      return [{ at: rule.at, work }];
    });
  }

  /**
   * How a datagram arrives: every rule that is for it acts, in their order. Undefined when none is. Throws FaultError when a
   * rule cannot do what it says, as with a message whose keys are not known.
   */
  take(flight: Flight): readonly Passage[] | undefined {
    this.#seen.notice(flight);
    const job = new Job(flight, this.#world);
    let isTouched = false;
    for (const rule of this.#rules) {
      if (rule.kind !== 'datagram' || job.isDone || !rule.matches(flight, this.#seen)) continue;
      isTouched = true;
      this.#apply(rule, job);
    }
    const passages = isTouched ? job.passages : undefined;
    this.#seen.remember(flight, passages?.at(0)?.octets ?? flight.octets);
    return passages;
  }

  /** What becomes of a command to the data plane or a notice of it. */
  kernel(word: KernelWord): KernelOutcome | undefined {
    for (const rule of this.#rules) {
      if (rule.kind !== 'kernel' || !rule.matches(word)) continue;
      this.#count(rule, true);
      return rule.outcome;
    }
    return undefined;
  }

  #apply(rule: DatagramRule, job: Job): void {
    job.where = rule.where;
    const outcomes = rule.steps.map((step) => step(job));
    this.#count(rule, outcomes.includes(true));
  }

  #count(rule: Rule, acted: boolean): void {
    const counts = this.#counts.get(rule);
    if (counts === undefined) return;
    counts.matched++;
    if (acted) counts.acted++;
  }
}

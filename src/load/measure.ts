/** One measurement: warm-up, then the run between two readings of the target. */
import type { Millis } from '../ike/actions.ts';
import type { LoadPlan, Mode, Pace, Rekey } from './plan.ts';
import type { Load, Progress } from './run.ts';
import { type Counts, sum, type Tally, type Traffic } from './tally.ts';
import type { Probe, Reading } from './target.ts';

/** Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface TargetCost {
  readonly pid: number;
  /** Seconds of processor time during the run, all its threads. */
  readonly cpu: number;
  /** Milliseconds of processor time for each good attempt. */
  readonly cpuPerHandshake: number;
  /** How much of one core it had. */
  readonly load: number;
  /** Octets of resident memory at the end, and how much more for each SA that was made and held. */
  readonly rss: number;
  readonly rssPerSa?: number;
  readonly eventLoopDelay?: Reading['eventLoopDelay'];
}

/** What came of a measurement; milliseconds unless said. */
export interface Result {
  readonly suite: string;
  readonly mode: Mode;
  readonly pace: Pace;
  readonly children: number;
  readonly rekey?: Rekey;
  readonly keep: boolean;
  readonly seconds: number;
  readonly begun: number;
  readonly done: number;
  /** Good attempts a second. */
  readonly rate: number;
  readonly failed: number;
  readonly failures: Counts;
  /** In words, the first of each. */
  readonly examples: Readonly<Record<string, string>>;
  readonly trouble: Counts;
  readonly retransmits: number;
  readonly in: Traffic;
  readonly out: Traffic;
  readonly latency: Latency;
  readonly rekeyLatency?: Latency;
  /** Good attempts by columns of a logarithmic scale of latency; see `tally.ts`. */
  readonly columns: readonly number[];
  /** Good attempts in each second. */
  readonly series: readonly number[];
  readonly target?: TargetCost;
}

export interface Watcher {
  /** Called each second. */
  progress?(progress: Progress & { readonly seconds: number; readonly warmingUp: boolean }): void;
}

const second: Millis = 1000;

export async function measure(
  plan: LoadPlan,
  load: Load,
  probe: Probe | undefined,
  watcher: Watcher = {},
): Promise<Result> {
  let [startedAt, warmingUp] = [performance.now(), true];
  const timer = setInterval(() => {
    const seconds = (performance.now() - startedAt) / 1000;
    watcher.progress?.({ ...load.progress, seconds, warmingUp });
  }, second);
  try {
    await load.run(plan.warmUp);
    const heldBefore = load.progress.held;
    const before = await probe?.read();
    [startedAt, warmingUp] = [performance.now(), false];
    const tally = await load.run(plan.limit);
    const after = await probe?.read();
    const held = load.progress.held - heldBefore;
    const cost = probe && before && after && costOf(probe.pid, before, after, tally, held);
    return resultOf(plan, tally, cost);
  } finally {
    clearInterval(timer);
  }
}

function costOf(pid: number, before: Reading, after: Reading, tally: Tally, held: number): TargetCost {
  const cpu = after.cpu - before.cpu;
  return {
    pid,
    cpu: rounded(cpu, 4),
    cpuPerHandshake: rounded((cpu * 1000) / Math.max(1, tally.done), 4),
    load: rounded((cpu * 1000) / tally.milliseconds, 3),
    rss: after.rss,
    ...(held > 0 && { rssPerSa: Math.round((after.rss - before.rss) / held) }),
    ...(after.eventLoopDelay && { eventLoopDelay: after.eventLoopDelay }),
  };
}

function resultOf(plan: LoadPlan, tally: Tally, target: TargetCost | undefined): Result {
  const { suite, mode, pace, children, rekey, keep } = plan;
  const { begun, done, failures, examples, trouble, retransmits, columns, series } = tally;
  const seconds = tally.milliseconds / 1000;
  return {
    suite,
    mode,
    pace,
    children,
    ...(rekey && { rekey }),
    keep,
    seconds: rounded(seconds, 3),
    begun,
    done,
    rate: rounded(done / seconds, 1),
    failed: sum(failures),
    failures,
    examples,
    trouble,
    retransmits,
    // What is deleted in the end is not of the run.
    in: { ...tally.in },
    out: { ...tally.out },
    latency: latencyOf(tally.latency),
    ...(tally.rekey.count > 0 && { rekeyLatency: latencyOf(tally.rekey) }),
    columns,
    series,
    ...(target && { target }),
  };
}

function latencyOf(histogram: Tally['latency']): Latency {
  const ms = (us: number): number => rounded(us / 1000, 3);
  const at = (percent: number): number => (histogram.count > 0 ? ms(histogram.percentile(percent)) : 0);
  if (histogram.count === 0)
    return { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, max: 0 };
  return {
    count: histogram.count,
    min: ms(histogram.min),
    mean: ms(histogram.mean),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: ms(histogram.max),
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

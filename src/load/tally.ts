/** What came of a run's attempts: counts, reasons, and latencies in HDR histograms. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Millis } from '../ike/actions.ts';

/** Latencies are kept in whole microseconds, to three figures, up to an hour. */
const makeHistogram = (): RecordableHistogram =>
  createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 });

/** Columns of the plotted histogram in each decade; the first begins at 10 µs. */
export const columnsPerDecade = 20;
export const firstColumn = 10;
const columnCount = 7 * columnsPerDecade;

/** Names and how often. */
export type Counts = Record<string, number>;

/** Of datagrams, as they stand in UDP. */
export interface Traffic {
  datagrams: number;
  octets: number;
}

/** Plain values and histograms: goes from a worker to the main thread as it is. */
export interface Tally {
  /** Of the run, in milliseconds, from its first attempt to the end of its last. */
  milliseconds: Millis;
  begun: number;
  done: number;
  /** Attempts that failed, by reason. */
  failures: Counts;
  /** In words, the first of each reason. */
  examples: Record<string, string>;
  /** What else went wrong, by reason: errors of sockets, rekeys that failed. */
  trouble: Counts;
  retransmits: number;
  in: Traffic;
  out: Traffic;
  latency: RecordableHistogram;
  rekey: RecordableHistogram;
  /** Latencies by columns of a logarithmic scale. */
  columns: number[];
  /** Attempts that came to a good end in each second. */
  series: number[];
}

export const emptyTally = (): Tally => ({
  milliseconds: 0,
  begun: 0,
  done: 0,
  failures: {},
  examples: {},
  trouble: {},
  retransmits: 0,
  in: { datagrams: 0, octets: 0 },
  out: { datagrams: 0, octets: 0 },
  latency: makeHistogram(),
  rekey: makeHistogram(),
  columns: new Array<number>(columnCount).fill(0),
  series: [],
});

/** One more of it. */
export function count(counts: Counts, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

export const sum = (counts: Counts): number => Object.values(counts).reduce((all, one) => all + one, 0);

const micros = (milliseconds: Millis): number => Math.max(1, Math.round(milliseconds * 1000));

/** An attempt came to a good end `milliseconds` after it was to begin, and `at` milliseconds into the run. */
export function countDone(tally: Tally, milliseconds: Millis, at: Millis): void {
  const us = micros(milliseconds);
  tally.done++;
  tally.latency.record(us);
  const column = Math.floor(Math.log10(us / firstColumn) * columnsPerDecade);
  const within = Math.min(columnCount - 1, Math.max(0, column));
  tally.columns[within] = (tally.columns[within] ?? 0) + 1;
  const second = Math.floor(at / 1000);
  while (tally.series.length <= second) tally.series.push(0);
  tally.series[second] = (tally.series[second] ?? 0) + 1;
}

export function countRekey(tally: Tally, milliseconds: Millis): void {
  tally.rekey.record(micros(milliseconds));
}

/** Adds a worker's to the whole; the longest run is the run. */
export function addTally(whole: Tally, part: Tally): void {
  whole.milliseconds = Math.max(whole.milliseconds, part.milliseconds);
  whole.begun += part.begun;
  whole.done += part.done;
  whole.retransmits += part.retransmits;
  for (const [name, of] of Object.entries(part.failures)) count(whole.failures, name, of);
  whole.examples = { ...part.examples, ...whole.examples };
  for (const [name, of] of Object.entries(part.trouble)) count(whole.trouble, name, of);
  for (const direction of ['in', 'out'] as const) {
    whole[direction].datagrams += part[direction].datagrams;
    whole[direction].octets += part[direction].octets;
  }
  whole.latency.add(part.latency);
  whole.rekey.add(part.rekey);
  part.columns.forEach((of, at) => {
    whole.columns[at] = (whole.columns[at] ?? 0) + of;
  });
  part.series.forEach((of, at) => {
    whole.series[at] = (whole.series[at] ?? 0) + of;
  });
}

/** Runs and figures in words. */
import type { Result } from './measure.ts';
import type { Pace } from './plan.ts';

export const describePace = (pace: Pace): string =>
  pace.kind === 'closed' ? `${pace.concurrency} at once` : `${pace.rate} a second`;

/** `handshake aes128gcm16-prfsha256-x25519, 2 children, 16 at once`. */
export function describeRun({ mode, suite, children, rekey, keep, pace }: Result): string {
  const parts = [`${mode} ${suite}`];
  if (mode === 'handshake' && children !== 1) parts.push(`${children} children`);
  if (rekey) parts.push(`${rekey} rekeyed`);
  if (mode === 'handshake' && !keep) parts.push('deleted');
  return [...parts, describePace(pace)].join(', ');
}

/** Milliseconds to three figures. */
export const milliseconds = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : value.toPrecision(3);

export function bytes(octets: number): string {
  if (octets >= 1e6) return `${(octets / 1e6).toFixed(1)} MB`;
  return octets >= 1e3 || octets <= -1e3 ? `${(octets / 1e3).toFixed(1)} kB` : `${octets} B`;
}

/** A few lines for a terminal. */
export function summaryLines(result: Result): string[] {
  const { latency, rekeyLatency, target, failures, examples, trouble, out, in: into } = result;
  const quantiles = ({ p50, p90, p99, p999, max }: Result['latency']): string =>
    `p50 ${milliseconds(p50)}  p90 ${milliseconds(p90)}  p99 ${milliseconds(p99)}  p99.9 ${milliseconds(p999)}  max ${milliseconds(max)}`;
  const lines = [
    describeRun(result),
    `  ${result.rate}/s: ${result.done} of ${result.begun} in ${result.seconds} s`,
    `  latency ms  ${quantiles(latency)}`,
  ];
  if (rekeyLatency) lines.push(`  rekey ms    ${quantiles(rekeyLatency)}`);
  lines.push(
    `  out ${out.datagrams} datagrams, ${bytes(out.octets)}; in ${into.datagrams}, ${bytes(into.octets)}; sent again ${result.retransmits}`,
  );
  for (const [name, of] of Object.entries(failures)) {
    const text = examples[name];
    lines.push(`  failed ${of}: ${name}${text === undefined ? '' : ` (${text})`}`);
  }
  for (const [name, of] of Object.entries(trouble)) lines.push(`  trouble ${of}: ${name}`);
  if (target) {
    const told = [
      `${milliseconds(target.cpuPerHandshake)} ms of CPU each`,
      `${Math.round(target.load * 100)}% of a core`,
    ];
    if (target.rssPerSa !== undefined) told.push(`${bytes(target.rssPerSa)} of memory each`);
    if (target.eventLoopDelay) told.push(`event loop late p99 ${target.eventLoopDelay.p99} ms`);
    lines.push(`  responder (process ${target.pid})  ${told.join(', ')}`);
  }
  return lines;
}

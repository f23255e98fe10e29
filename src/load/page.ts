/** The report as one HTML file: needs nothing from anywhere, and prints. */
import { bytes, describePace, describeRun, milliseconds } from './describe.ts';
import type { Result } from './measure.ts';
import { columnPlot, inHtml, type Line, linePlot, palette, roundUp } from './svg.ts';
import { columnsPerDecade, firstColumn } from './tally.ts';

export interface PageFacts {
  readonly target: string;
  /** When it was measured, and on what. */
  readonly date: string;
  readonly machine: string;
}

const style = `
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;color:#1c2228;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-top:1px solid #d6dade;padding-top:1rem}
p.facts{color:#5b6470;margin:0 0 1.5rem}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid #e4e7ea;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}th{font-weight:600}
figure{margin:1rem 0;break-inside:avoid}figcaption{color:#5b6470;font-size:.9em}
svg{width:100%;max-width:44rem;height:auto}svg text{font:11px system-ui,sans-serif}
.grid{stroke:#e4e7ea}
.bad{color:#b8441f}.wide{overflow-x:auto}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}section{break-inside:avoid}}
`;

/** A page about these results. */
export function page(results: readonly Result[], facts: PageFacts): string {
  const title = `IKE handshakes: ${facts.target}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${inHtml(title)}</title><style>${style}</style></head><body>
<h1>${inHtml(title)}</h1>
<p class="facts">${inHtml(facts.date)} · ${inHtml(facts.machine)}</p>
${table(results)}
${againstRate(results)}
${results.map(section).join('\n')}
</body></html>
`;
}

function table(results: readonly Result[]): string {
  const heads = ['run', 'handshakes/s', 'p50 ms', 'p90', 'p99', 'p99.9', 'max', 'failed', 'sent again'];
  const local = results.some(({ target }) => target);
  if (local) heads.push('CPU ms each', 'memory each');
  const rows = results.map((result) => {
    const { latency, target } = result;
    const cells = [
      inHtml(describeRun(result)),
      String(result.rate),
      ...[latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(milliseconds),
      result.failed > 0 ? `<b class="bad">${result.failed}</b>` : '0',
      String(result.retransmits),
    ];
    if (local) cells.push(target ? milliseconds(target.cpuPerHandshake) : '-');
    if (local) cells.push(target?.rssPerSa === undefined ? '-' : bytes(target.rssPerSa));
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = heads.map((each) => `<th>${each}</th>`).join('');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Latency against the rate that was asked for, or of a closed loop that came about; of a suite with several runs. */
function againstRate(results: readonly Result[]): string {
  const suites = new Map<string, Result[]>();
  for (const result of results) {
    const name = `${result.mode} ${result.suite}`;
    suites.set(name, [...(suites.get(name) ?? []), result]);
  }
  const several = [...suites].filter(([, runs]) => runs.length > 1);
  if (several.length === 0) return '';
  const runs = several.flatMap(([, of]) => of).filter(({ done }) => done > 0);
  const latencies = runs.flatMap(({ latency: { p50, p99 } }) => [p50, p99]).filter((each) => each > 0);
  if (latencies.length === 0) return '';
  const x = {
    title: 'handshakes a second',
    from: 0,
    to: roundUp(Math.max(...runs.map(offered))),
    scale: 'linear',
  } as const;
  const y = {
    title: 'latency, ms',
    from: 10 ** Math.floor(Math.log10(Math.min(...latencies))),
    to: 10 ** Math.ceil(Math.log10(Math.max(...latencies))),
    scale: 'log',
  } as const;
  const lines = several.flatMap(([name, of], at): Line[] => {
    const inOrder = of.filter(({ done }) => done > 0).sort((a, b) => offered(a) - offered(b));
    const line = (which: 'p50' | 'p99', shift: number): Line => ({
      name: `${name} ${which}`,
      colour: palette[(2 * at + shift) % palette.length] ?? '#000',
      points: inOrder.map((run) => [offered(run), run.latency[which]]),
    });
    return [line('p50', 0), line('p99', 1)];
  });
  const caption = 'Half of the handshakes took no longer than p50, 99 of 100 no longer than p99.';
  return `<h2>Latency against rate</h2><figure>${linePlot(x, y, lines, 'latency against rate')}<figcaption>${caption}</figcaption></figure>`;
}

const offered = ({ pace, rate }: Result): number => (pace.kind === 'open' ? pace.rate : rate);

function section(result: Result): string {
  const parts = [`<section><h2>${inHtml(describeRun(result))}</h2>`, `<p>${summary(result)}</p>`];
  if (result.done > 0) parts.push(histogram(result));
  if (result.series.length > 2) parts.push(overTime(result));
  parts.push(reasons('Failed', result.failures), reasons('Other trouble', result.trouble), '</section>');
  return parts.join('\n');
}

function summary({ pace, begun, done, seconds, target, out, in: into }: Result): string {
  const told = [
    `${describePace(pace)}: ${begun} begun, ${done} came to a good end in ${seconds} s`,
    `${out.datagrams} datagrams out (${bytes(out.octets)}), ${into.datagrams} in (${bytes(into.octets)})`,
  ];
  if (target)
    told.push(
      `the responder (process ${target.pid}) used ${target.cpu} s of processor time, ${Math.round(target.load * 100)}% of one core`,
    );
  const delay = target?.eventLoopDelay;
  if (delay) told.push(`its event loop was late by ${delay.p50} ms (p50), ${delay.p99} ms (p99)`);
  return `${told.map(inHtml).join('; ')}.`;
}

function histogram({ columns, latency }: Result): string {
  const edge = (at: number): number => (firstColumn * 10 ** (at / columnsPerDecade)) / 1000;
  const used = columns.flatMap((of, at) => (of > 0 ? [at] : []));
  const [first, last] = [used[0] ?? 0, used.at(-1) ?? 0];
  const x = {
    title: 'latency, ms',
    from: edge(Math.max(0, first - 2)),
    to: edge(last + 3),
    scale: 'log',
  } as const;
  const y = { title: 'handshakes', from: 0, to: roundUp(Math.max(...columns)), scale: 'linear' } as const;
  const shown = columns.slice(first, last + 1).map((height, at) => ({
    from: edge(first + at),
    to: edge(first + at + 1),
    height,
  }));
  const marks = (['p50', 'p90', 'p99'] as const).map((name) => ({
    at: latency[name],
    name: `${name} ${milliseconds(latency[name])}`,
  }));
  return `<figure>${columnPlot(x, y, shown, marks, 'histogram of latencies')}<figcaption>How long the handshakes took.</figcaption></figure>`;
}

function overTime({ series }: Result): string {
  const whole = series.slice(0, -1);
  const x = { title: 'seconds', from: 0, to: Math.max(2, whole.length), scale: 'linear' } as const;
  const y = { title: 'handshakes/s', from: 0, to: roundUp(Math.max(1, ...whole)), scale: 'linear' } as const;
  const line = {
    name: 'rate',
    colour: palette[0] ?? '#000',
    points: whole.map((of, at) => [at + 0.5, of] as const),
  };
  return `<figure>${linePlot(x, y, [line], 'rate over time')}<figcaption>Handshakes that ended well in each second.</figcaption></figure>`;
}

function reasons(title: string, counts: Result['failures']): string {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return '';
  const cells = rows.map(([name, of]) => `<tr><td>${inHtml(name)}</td><td>${of}</td></tr>`);
  return `<table><thead><tr><th>${title}</th><th>times</th></tr></thead><tbody>${cells.join('')}</tbody></table>`;
}

import { describe, expect, it } from 'vitest';
import { summaryLines } from '../../src/load/describe.ts';
import type { Result } from '../../src/load/measure.ts';
import { page } from '../../src/load/page.ts';
import { emptyTally } from '../../src/load/tally.ts';

const facts = { target: 'gateway <one>', date: '2026-11-22', machine: 'a machine' };

function resultAt(rate: number, more: Partial<Result> = {}): Result {
  const columns = emptyTally().columns.map((_, at) => (at > 40 && at < 60 ? at : 0));
  const latency = { count: 100, min: 1, mean: 2, p50: 2, p90: 3, p95: 3.5, p99: 4, p999: 5, max: 6 };
  return {
    suite: 'aes128gcm16-prfsha256-x25519',
    mode: 'handshake',
    pace: { kind: 'open', rate },
    children: 1,
    keep: true,
    seconds: 4,
    begun: rate * 4,
    done: rate * 4,
    rate,
    failed: 0,
    failures: {},
    examples: {},
    trouble: {},
    retransmits: 0,
    in: { datagrams: 10, octets: 2000 },
    out: { datagrams: 10, octets: 2000 },
    latency,
    columns,
    series: [rate, rate, rate, rate],
    ...more,
  };
}

/** Every element that is opened is closed, in order. */
function balance(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, close, name = '', self] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (self || ['meta', 'doctype'].includes(name)) continue;
    if (!close) open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

describe('the page', () => {
  const html = page(
    [resultAt(100), resultAt(200), resultAt(400, { failed: 3, failures: { TIMEOUT: 3 } })],
    facts,
  );

  it('is whole, and needs nothing from elsewhere', () => {
    expect(balance(html)).toEqual([]);
    expect(html).not.toMatch(/https?:|src=|<script|@import|url\(/);
  });

  it('has latency against rate, a histogram of each run, and the rate over time', () => {
    expect(html.match(/<svg/g)).toHaveLength(1 + 3 + 3);
    expect(html).toContain('Latency against rate');
  });

  it('has no plot against rate for a single run', () => {
    expect(page([resultAt(100)], facts)).not.toContain('Latency against rate');
  });

  it('takes no text for markup', () => {
    expect(html).not.toContain('<one>');
    const named = page([resultAt(1, { failures: { '<b>': 1 }, failed: 1 })], facts);
    expect(named).not.toMatch(/<td><b>/);
  });

  it('draws within its plots, numbers all', () => {
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    const empty = page([resultAt(0, { done: 0, begun: 5, series: [], columns: [] })], facts);
    expect(balance(empty)).toEqual([]);
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });
});

it('says the same on a terminal', () => {
  const target = { pid: 7, cpu: 1, cpuPerHandshake: 0.5, load: 0.9, rss: 1e8, rssPerSa: 9_900 };
  expect(
    summaryLines(
      resultAt(100, { failed: 3, failures: { TIMEOUT: 3 }, examples: { TIMEOUT: 'no answer' }, target }),
    ),
  ).toEqual([
    'handshake aes128gcm16-prfsha256-x25519, 100 a second',
    '  100/s: 400 of 400 in 4 s',
    '  latency ms  p50 2.00  p90 3.00  p99 4.00  p99.9 5.00  max 6.00',
    '  out 10 datagrams, 2.0 kB; in 10, 2.0 kB; sent again 0',
    '  failed 3: TIMEOUT (no answer)',
    '  responder (process 7)  0.500 ms of CPU each, 90% of a core, 9.9 kB of memory each',
  ]);
});

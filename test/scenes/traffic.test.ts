/**
 * Echo requests from both ends every few milliseconds, while children and IKE SAs are rekeyed: every one is answered.
 *
 *   initiator                                  responder
 *     | ESP -->                                                                  <-- ESP |
 *     | CREATE_CHILD_SA { N(REKEY_SA) SA Ni TSi TSr } -->                                |
 *     | ESP -->                                                                  <-- ESP |
 *     |                                              <-- CREATE_CHILD_SA { SA Nr TSi TSr } |
 *     | INFORMATIONAL { D } -->                                                          |
 *     | ESP -->                                                                  <-- ESP |
 */
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { type Host, lossy, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';

/** Milliseconds between two echo requests of one end. */
const interval = 7;

class Stream {
  sent = 0;
  answered = 0;
  readonly #host: Host;

  constructor({ network }: Pair, host: Host, until: number) {
    this.#host = host;
    const next = (): void => {
      this.#send();
      if (network.now < until) network.after(interval, next);
    };
    next();
  }

  #send(): void {
    const [child] = this.#host.children;
    this.sent++;
    if (child) this.#host.userspace.ping({ reqid: child.reqid }, () => this.answered++);
  }

  get lost(): number {
    return this.sent - this.answered;
  }
}

const ends = ['initiator', 'responder'] as const;

function talking(options: PairOptions, millis: number): { both: Pair; streams: Stream[] } {
  const both = pair({ crypto: nodeCrypto, kernel: 'userspace', history: 100, ...options }).up();
  const streams = ends.map((end) => new Stream(both, both[end], both.network.now + millis));
  return { both, streams };
}

const rekey = (host: Host, what: 'children' | 'ike') => host.command({ kind: 'rekey', name: 'pair', what });

/** All that was sent came, was answered, and the answer came. */
function expectNoneLost({ network, initiator, responder }: Pair, streams: readonly Stream[]): void {
  network.advance(30_000);
  expect(streams.map(({ lost }) => lost)).toEqual([0, 0]);
  for (const host of [initiator, responder]) {
    expect([...host.userspace.drops]).toEqual([]);
    expect(host.established).toHaveLength(1);
    expect(host.children).toHaveLength(1);
  }
}

describe.each([1, 10, 120])('no packet is lost, %i ms away', (latency) => {
  test.each(ends)('while the %s rekeys the child, and rekeys it again', (end) => {
    const { both, streams } = talking({ latency }, 5000);
    for (let turn = 0; turn < 4; turn++) {
      rekey(both[end], 'children');
      both.network.advance(1100);
    }
    expectNoneLost(both, streams);
    expect(streams[0]?.sent).toBeGreaterThan(700);
    expect(both[end].told('childEstablished')).toHaveLength(5);
  });

  test.each(ends)('while the %s rekeys the IKE SA, and rekeys it again', (end) => {
    const { both, streams } = talking({ latency }, 5000);
    for (let turn = 0; turn < 4; turn++) {
      rekey(both[end], 'ike');
      both.network.advance(1100);
    }
    expectNoneLost(both, streams);
    expect(both[end].told('ikeRekeyed')).toHaveLength(4);
  });

  test.each([1, 2, 3, 4])('while both ends rekey the child at once (seed %i)', (seed) => {
    const { both, streams } = talking({ latency, seed }, 5000);
    for (let turn = 0; turn < 3; turn++) {
      rekey(both.initiator, 'children');
      both.network.advance((turn * latency) / 3);
      rekey(both.responder, 'children');
      both.network.advance(1100);
    }
    expectNoneLost(both, streams);
  });

  test('while one rekeys the child and the other the IKE SA', () => {
    const { both, streams } = talking({ latency }, 8000);
    for (let turn = 0; turn < 2; turn++) {
      rekey(both.initiator, 'children');
      rekey(both.responder, 'ike');
      both.network.advance(2500);
    }
    expectNoneLost(both, streams);
  });
});

describe('no packet is lost', () => {
  test('by lifetimes in time, octets and packets, from both ends', () => {
    const { both, streams } = talking(
      {
        entry: { lifetime: { ike: 9000, margin: 2000, fuzz: 100, rekey: true, reauth: false } },
        child: { lifetime: { time: 5000, octets: 400_000, packets: 1000 } },
      },
      30_000,
    );
    both.network.advance(31_000);
    expect(streams.map(({ lost }) => lost)).toEqual([0, 0]);
    expect(both.initiator.told('childEstablished').length).toBeGreaterThan(6);
    expect(both.initiator.told('ikeRekeyed').length).toBeGreaterThan(2);
    for (const end of ends) expect([...both[end].userspace.drops]).toEqual([]);
  });

  test.each([1, 2, 3])('although the line loses IKE messages (seed %i)', (seed) => {
    const { both, streams } = talking({ seed }, 20_000);
    const bad = lossy(both.network.seeded.fork('line'), { drop: 0.3, copy: 0.2 });
    both.network.fate((flight) => (flight.header === undefined ? undefined : bad(flight)));
    for (let turn = 0; turn < 5; turn++) {
      rekey(both[ends[turn % 2] ?? 'initiator'], turn % 3 === 2 ? 'ike' : 'children');
      both.network.advance(4000);
    }
    expectNoneLost(both, streams);
  });
});

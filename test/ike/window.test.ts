/** Message IDs: whatever the network does, a request is answered once and in order, and asked again until its time is over. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Window } from '../../src/ike/window.ts';

const request = (id: number, variant = 0): Uint8Array => Uint8Array.of(id, variant);
const response = (id: number): Uint8Array[] => [Uint8Array.of(0xa0, id), Uint8Array.of(0xb0, id)];

describe("the peer's requests", () => {
  /** A datagram as the network brings it: any request sent so far, again and in any order, or one that is made up. */
  const arrival = fc.record({
    id: fc.nat(6),
    later: fc.boolean(),
    variant: fc.constantFrom(0, 0, 0, 1),
    /** How its answering goes: at once, later (others arrive meanwhile), or not at all. */
    answer: fc.constantFrom('now', 'now', 'later', 'fails'),
  });

  it('are answered once each, in order, and replayed for equal octets only', () => {
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 80, size: 'max' }), (arrivals) => {
        const window = new Window();
        const answered: { id: number; variant: number }[] = [];
        let pending: { id: number; variant: number } | undefined;
        const answer = (of: { id: number; variant: number }): void => {
          window.answered(of.id, response(of.id));
          answered.push(of);
        };
        for (const { id, later, variant, answer: how } of arrivals) {
          const verdict = window.judge(id, request(id, variant), later);
          const last = answered.at(-1);
          if (pending?.id === id) expect(verdict).toEqual({ kind: 'waiting' });
          else if (id > answered.length) expect(verdict).toEqual({ kind: 'future' });
          else if (id < answered.length - 1) expect(verdict).toEqual({ kind: 'stale' });
          else if (last?.id === id && later) expect(verdict).toEqual({ kind: 'waiting' });
          else if (last?.id === id)
            expect(verdict).toEqual(
              variant === last.variant ? { kind: 'replay', response: response(id) } : { kind: 'stale' },
            );
          else expect(verdict).toEqual({ kind: 'new' });
          if (verdict.kind === 'new') {
            window.answering(id, request(id, variant));
            if (how === 'now') answer({ id, variant });
            else if (how === 'later') pending = { id, variant };
            else window.notAnswered();
          } else if (pending !== undefined) {
            answer(pending);
            pending = undefined;
          }
        }
        expect(answered.map(({ id }) => id)).toEqual(answered.map((_, i) => i));
      }),
    );
  });
});

describe('our requests', () => {
  it('take one ID after the other, and IKE_SA_INIT tries keep 0', () => {
    const window = new Window();
    for (let tries = 0; tries < 3; tries++) {
      expect(window.idFor(true)).toBe(0);
      window.sent(0, [request(0)], 0, 500, 60_000);
      expect(window.outstanding).toBe(0);
      window.concluded();
      expect(window.outstanding).toBeUndefined();
    }
    for (let id = 1; id < 300; id++) {
      expect(window.idFor(false)).toBe(id);
      window.sent(id, [request(id)], 0, 500, 60_000);
      window.concluded();
    }
  });

  it('are sent again at doubled intervals, with the same octets, to the end of their time', () => {
    const milliseconds = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(milliseconds, milliseconds, fc.nat(60_000), (interval, factor, start) => {
        const timeout = interval * factor;
        const octets = [request(1), request(2)];
        const window = new Window();
        const times: number[] = [];
        let at = window.sent(7, octets, start, interval, timeout);
        for (let again = window.retransmit(at); again !== undefined; again = window.retransmit(at)) {
          expect(again.octets).toBe(octets);
          times.push(at - start);
          at = again.again;
        }
        expect(at - start).toBe(timeout);
        const expected: number[] = [];
        for (let time = interval, gap = 2 * interval; time < timeout; time += gap, gap *= 2)
          expected.push(time);
        expect(times).toEqual(expected);
        expect(window.outstanding).toBe(7);
      }),
    );
  });

  it('are not sent again once answered', () => {
    const window = new Window();
    const at = window.sent(0, [request(0)], 0, 500, 60_000);
    window.concluded();
    expect(window.retransmit(at)).toBeUndefined();
  });
});

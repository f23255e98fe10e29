/** What may happen to two ends, as plain values: a program is a seed and a list of them, to be shrunk and kept. */
import fc from 'fast-check';

export const ends = ['initiator', 'responder'] as const;
export type End = (typeof ends)[number];

export type Step =
  | {
      readonly do:
        | 'up'
        | 'down'
        | 'rekey children'
        | 'rekey the IKE SA'
        | 'one more child'
        | 'liveness'
        | 'the same policy'
        | 'crash'
        | 'on demand'
        | 'no longer on demand'
        | 'refuse an SA';
      readonly end: End;
    }
  | { readonly do: 'delete a child'; readonly end: End; readonly nth: number }
  | { readonly do: 'a child is at its end'; readonly end: End; readonly nth: number; readonly hard: boolean }
  | { readonly do: 'another policy'; readonly end: End; readonly esp: string }
  | { readonly do: 'talk'; readonly end: End; readonly packets: number }
  | { readonly do: 'another address' }
  | { readonly do: 'a bad line'; readonly drop: number }
  | { readonly do: 'a good line' }
  | { readonly do: 'time goes on'; readonly millis: number };

export interface Program {
  readonly seed: number;
  readonly steps: readonly Step[];
}

const end = fc.constantFrom<End>(...ends);
const nth = fc.nat(7);
const plain = <Do extends Step['do']>(what: Do) => fc.record({ do: fc.constant(what), end });

// The first are what a failing program shrinks to.
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      do: fc.constant('time goes on' as const),
      millis: fc.constantFrom(0, 1, 10, 11, 20, 30, 45, 300, 600, 3000),
    }),
  },
  // The responder knows no address to begin with.
  { weight: 6, arbitrary: fc.constant({ do: 'up', end: 'initiator' } as const) },
  { weight: 1, arbitrary: plain('down') },
  { weight: 6, arbitrary: plain('rekey children') },
  { weight: 5, arbitrary: plain('rekey the IKE SA') },
  { weight: 2, arbitrary: plain('one more child') },
  { weight: 2, arbitrary: plain('liveness') },
  { weight: 1, arbitrary: plain('the same policy') },
  { weight: 1, arbitrary: plain('crash') },
  { weight: 3, arbitrary: fc.constant({ do: 'on demand', end: 'initiator' } as const) },
  { weight: 1, arbitrary: plain('no longer on demand') },
  { weight: 1, arbitrary: plain('refuse an SA') },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete a child' as const), end, nth }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('a child is at its end' as const),
      end,
      nth,
      hard: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('another policy' as const),
      end,
      esp: fc.constantFrom('aes128gcm16', 'aes256gcm16,aes128gcm16'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('talk' as const), end, packets: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'another address' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('a bad line' as const), drop: fc.constantFrom(0.1, 0.3, 0.6) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'a good line' } as const) },
);

/** Programs of up to so many steps, half as many on average. */
export const programs = (most: number): fc.Arbitrary<Program> =>
  fc.noBias(fc.record({ seed: fc.nat(), steps: fc.array(step, { maxLength: most, size: 'max' }) }));

/** So many steps drawn from a seed. */
export const sampleSteps = (many: number, seed: number): Step[] => fc.sample(step, { numRuns: many, seed });

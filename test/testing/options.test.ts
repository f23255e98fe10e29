/** A slip of the pen in an option is told where it is made, and is no result. */
import { describe, expect, it } from 'vitest';
import {
  DiagramError,
  FaultError,
  misbehave,
  type PairOptions,
  pair,
  VerdictError,
  VirtualNetwork,
  verdicts,
} from '../../src/testing/index.ts';
import { respond } from '../../src/testing/live.ts';

const both = pair().up();
const verdict = verdicts(both.network);
const wrong = (value: unknown) => value as never;

describe('options', () => {
  const slips: [why: string, work: () => unknown, kind: new (...given: never[]) => Error, said: RegExp][] = [
    [
      'a mode',
      () => pair({ mode: wrong('tunel') }),
      TypeError,
      /^mode: expected tunnel, transport, found 'tunel'$/,
    ],
    [
      'a connection to bring up',
      () => both.initiator.up('nope'),
      TypeError,
      /^up: connection of initiator: expected pair, found 'nope'$/,
    ],
    [
      'a command',
      () => both.initiator.command(wrong({ kind: 'nope' })),
      TypeError,
      /^command\.kind: expected up, down,/,
    ],
    [
      'what to rekey',
      () => both.initiator.command(wrong({ kind: 'rekey', name: 'pair', what: 'child' })),
      TypeError,
      /^rekey\.what: expected children, ike, found 'child'$/,
    ],
    [
      'the connection of a rule',
      () =>
        misbehave(both.network, both.initiator, {
          rules: [{ at: 1, do: { action: 'command', command: 'initiate', connection: 'nope' } }],
        }),
      FaultError,
      /^rule 1, do\.connection: expected pair, found 'nope'/,
    ],
    [
      'the address of a rule',
      () =>
        misbehave(both.network, both.initiator, {
          rules: [{ do: { action: 'readdress', source: { address: 'here' } } }],
        }),
      FaultError,
      /^rule 1, do\.source\.address: expected an address, found 'here'/,
    ],
    [
      'an event',
      () => verdict.event(both.initiator, wrong('ikeEstablishd')),
      TypeError,
      /^event: expected drop, .*'ikeEstablishd'$/,
    ],
    [
      'an event that must not come',
      () => verdict.never(both.initiator, wrong('bugs')),
      TypeError,
      /^event: expected/,
    ],
    [
      'a limit',
      () => verdict.event(both.initiator, 'ikeDeleted', { within: Number.NaN }),
      RangeError,
      /^within: expected milliseconds, found NaN$/,
    ],
    [
      'a time',
      () => both.network.advance(Number.NaN),
      RangeError,
      /^advance: expected milliseconds, found NaN$/,
    ],
    [
      'a time that is past',
      () => both.network.advance(-1),
      RangeError,
      /^advance: expected milliseconds, found -1$/,
    ],
    [
      'a latency',
      () => new VirtualNetwork({ latency: wrong('10') }),
      RangeError,
      /^latency: expected milliseconds, found '10'$/,
    ],
  ];
  it.each(slips)('%s is checked', (_why, work, kind, said) => {
    expect(work).toThrow(kind);
    expect(work).toThrow(said);
  });

  it('those of a live responder are, too', async () => {
    const ike = await respond();
    await expect(ike.told(wrong('ikeEstablishd'))).rejects.toThrow(/^event: expected/);
    await expect(ike.told('ikeEstablished', wrong({ within: 1 }))).rejects.toThrow(
      /^within: expected milliseconds/,
    );
    await ike.close();
  });

  it('a policy that comes later brings its connections', () => {
    const late = pair();
    const [entry] = late.policies.initiator.pad;
    if (entry === undefined) throw new Error('no entry');
    late.initiator.setPolicy({ ...late.policies.initiator, pad: [{ ...entry, name: 'other' }] });
    late.initiator.up('other');
    late.network.settle();
    expect(late.initiator.established).toHaveLength(1);
  });

  it('a key exchange method in esp means PFS', () => {
    const rekeyed = (options: PairOptions): boolean => {
      const two = pair(options).up();
      two.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
      two.network.settle();
      return two.network.flights.some(
        ({ number, payloads }) => number > 4 && payloads?.some(({ kind }) => kind === 'ke'),
      );
    };
    expect(rekeyed({})).toBe(false);
    expect(rekeyed({ esp: 'aes128gcm16-x25519' })).toBe(true);
    expect(rekeyed({ esp: 'aes128gcm16-x25519', child: { pfs: false } })).toBe(false);
  });
});

describe('a verdict that fails', () => {
  it('says when the event came too early to be waited for', () => {
    expect(() => verdict.event(both.initiator, 'ikeEstablished', { within: 5 })).toThrow(
      /^initiator told of no ikeEstablished within 5 ms; .*; it told of one before, at 40 ms/,
    );
  });

  it('is bounded in what it tells, and says what a diagram cannot know any more', () => {
    const long = pair({ history: 100 }).up();
    for (let i = 0; i < 100; i++) {
      long.initiator.command({ kind: 'liveness', name: 'pair' });
      long.network.settle();
    }
    const failed = (): unknown => verdicts(long.network).diagram('IKE_SA_INIT -->\n...');
    expect(failed).toThrow(/\n {2}messages 1 to 104 are forgotten: give the network a longer history/);
    expect(failed).toThrow(/\n\n\.\.\. 40 messages before these: ladder\(network\) has them\n/);
    expect(failed).toThrow(VerdictError);
    const from = (long.network.flights[0]?.number ?? 0) + 10;
    expect(() => verdicts(long.network).diagram('IKE_SA_INIT -->\n...', { from })).not.toThrow(/forgotten/);
  });

  it('has the name of its kind', () => {
    expect(new DiagramError('x', 2)).toMatchObject({ name: 'DiagramError', line: 2, message: 'line 2: x' });
    expect(String(new FaultError('rule 1', 'x'))).toBe('FaultError: rule 1: x');
  });
});

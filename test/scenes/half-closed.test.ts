/**
 * A half-closed IKE SA: its Delete is sent, the answer not there yet. What the peer asks meanwhile is answered, but nothing new
 * is made; when the answer comes, or the wait is over, nothing is left (RFC 7296 §1.4.1, §2.4, §2.25.2).
 *
 *   initiator                                              responder
 *     | INFORMATIONAL { D(IKE) } -->                          |
 *     |       (lost) <-- INFORMATIONAL { }                    |
 *     | INFORMATIONAL { D(IKE) } again -->                    |
 *     |              <-- INFORMATIONAL { } again              |
 *
 *     | INFORMATIONAL { D(IKE) } (late) -->                   |
 *     |              <-- CREATE_CHILD_SA { SA Ni ... }        |
 *     | CREATE_CHILD_SA { N(TEMPORARY_FAILURE) } -->          |
 */
import { describe, expect, test } from 'vitest';
import { delay, drop, misbehave, on, type Pair, pair } from '../../src/testing/index.ts';
import { findAll, notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import { command } from './collisions/orders.ts';
import { expectNothing, only } from './expect-up.ts';

const ends = [
  ['initiator', 'responder'],
  ['responder', 'initiator'],
] as const;

const deletesIke = { exchange: ExchangeType.INFORMATIONAL, response: false, payload: 'delete' } as const;

/** Nothing is left, each end told it once, and the data planes are empty from the first moment. */
function expectGone(both: Pair): void {
  expectNothing(both);
  for (const host of [both.initiator, both.responder]) {
    expect(host.told('ikeDeleted')).toHaveLength(1);
    expect(host.told('childDeleted')).toHaveLength(1);
  }
}

describe.each(ends)('the %s deletes', (one, other) => {
  test.each([1, 2, 3])('the answer is lost %i times: the same one comes again', (losses) => {
    const both = pair().up();
    const lost = Array.from({ length: losses }, (_, at) => at + 1);
    both.network.fate(on({ from: both[other].address, response: true, nth: lost }, drop));
    both[one].down('pair');
    both.network.advance(1);
    expect(both[one].memory.sas).toEqual([]);
    both.network.advance(20_000);
    const answers = both.network.flights.filter(
      ({ header, source }) => header?.response && source.address === both[other].address,
    );
    const [first, ...again] = answers.slice(-1 - losses);
    expect(again).toHaveLength(losses);
    for (const { octets } of again) expect(octets).toEqual(first?.octets);
    expect(only(both[one].told('ikeDeleted')).reason.code).toBe('DELETED_BY_US');
    expect(only(both[other].told('ikeDeleted')).reason.code).toBe('DELETED_BY_PEER');
    expectGone(both);
  });

  test('no answer ever: it is let go at the end of the wait', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 8000 } } }).up();
    both.network.fate(on({ from: both[other].address }, drop));
    both[one].down('pair');
    both.network.advance(7000);
    expect(both[one].ikeSas.map(({ phase }) => phase)).toEqual(['deleting']);
    both.network.advance(30_000);
    expect(both[one].ikeSas).toEqual([]);
    expectGone(both);
  });

  /** The Delete is half a second late; the peer's requests come to an end that is deleting. */
  const late = (): Pair => {
    const both = pair({ entry: { retransmit: { interval: 5000, timeout: 60_000 } } }).up();
    both.network.fate(on({ from: both[one].address, ...deletesIke, nth: 1 }, delay(500)));
    both[one].down('pair');
    return both;
  };

  /** What the end that deletes answers first. */
  const answer = (both: Pair) =>
    both.network.flights.find(
      ({ at, header, source }) => at > 40 && header?.response && source.address === both[one].address,
    );

  test.each([
    ['a new child', command.create(other, 'pair')],
    ['a rekey of the child', command.rekeyChildren(other)],
    ['a rekey of the IKE SA', command.rekeyIke(other)],
  ])('%s is refused with TEMPORARY_FAILURE', (_, ask) => {
    const both = late();
    ask(both);
    both.network.advance(100);
    expect(notifies(answer(both)?.payloads ?? [], NotifyType.TEMPORARY_FAILURE)).toHaveLength(1);
    expect(both[one].memory.sas).toEqual([]);
    expectGone(both);
  });

  test('a liveness check is answered', () => {
    const both = late();
    command.liveness(other)(both);
    both.network.advance(100);
    expect(answer(both)?.payloads).toEqual([]);
    expectGone(both);
  });

  test('a Delete of the child is answered; that child is gone already and is not named', () => {
    const both = late();
    command.deleteChild(other)(both);
    both.network.advance(100);
    expect(answer(both)?.payloads).toEqual([]);
    expectGone(both);
  });

  test('a Delete of the IKE SA is answered, and ends it', () => {
    const both = late();
    command.down(other)(both);
    both.network.advance(100);
    expect(answer(both)?.payloads).toEqual([]);
    expect(findAll(both.network.flights.at(-1)?.payloads ?? [], 'delete')).toEqual([]);
    expect(both[one].ikeSas).toEqual([]);
    expectGone(both);
  });

  test.each([
    ['an error', 'N(TEMPORARY_FAILURE)'],
    ['AUTHENTICATION_FAILED', 'N(AUTHENTICATION_FAILED)'],
    ['a Delete of its own', 'D'],
    ['what nobody knows', 200],
  ])('a peer that answers the Delete with %s: it is an answer, and the end', (_, payload) => {
    const both = pair().up();
    misbehave(both.network, both[other], {
      rules: [
        {
          on: { direction: 'out', exchange: 'INFORMATIONAL', message: 'response' },
          do: { action: 'add', payload: { payload } },
        },
      ],
    });
    both[one].down('pair');
    both.network.settle();
    expect(only(both[one].told('ikeDeleted')).reason.code).toBe('DELETED_BY_US');
    expectGone(both);
  });

  test('a peer that asks on and on while it loses our Deletes does not hold the SA open', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 8000 } } }).up();
    both.network.fate(on({ from: both[one].address, ...deletesIke }, drop));
    both[one].down('pair');
    for (let second = 0; second < 30; second++) {
      command.liveness(other)(both);
      both.network.advance(1000);
    }
    expect(both[one].ikeSas).toEqual([]);
    expect(only(both[one].told('ikeDeleted')).reason.code).toBe('DELETED_BY_US');
    both.network.run();
    expect(both[one].leftovers).toEqual([]);
  });

  test('then the connection is brought up anew at once: the new IKE SA is not touched by the end of the old', () => {
    const both = late();
    both.network.advance(50);
    both[one].up('pair');
    both.network.advance(120_000);
    expect(only(both[one].established).spiI).toBe(only(both[other].established).spiI);
    expect(both[one].children).toHaveLength(1);
    expect(both[other].children).toHaveLength(1);
    const deletes = both.network.flights.flatMap(({ payloads = [] }) => findAll(payloads, 'delete'));
    expect(deletes.every(({ protocol }) => protocol === ProtocolId.IKE)).toBe(true);
    both[one].down('pair');
    expectNothing(both);
  });
});

/**
 * IPComp is negotiated away: the offer is not answered, no CPI of ours is ever claimed, and the child works without
 * (RFC 7296 §2.22). An answer that claims it though we offered none changes nothing.
 *
 *   initiator                                                          responder
 *     | IKE_AUTH { ... SA TSi TSr N(IPCOMP_SUPPORTED) cpi, DEFLATE } -->       |
 *     |                                          <-- IKE_AUTH { ... SA TSi TSr } |
 */
import { describe, expect, test } from 'vitest';
import { misbehave, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const ends = ['initiator', 'responder'] as const;
const deflate = { payload: 'N(IPCOMP_SUPPORTED)', data: '123402' };

/** One end says IPCOMP_SUPPORTED wherever there is a child. */
function offering(end: (typeof ends)[number], options: PairOptions = {}): Pair {
  const both = pair(options);
  misbehave(both.network, both[end], {
    rules: [{ on: { direction: 'out', payload: 'TSi' }, do: { action: 'add', payload: deflate } }],
  });
  return both;
}

/** Who said it. */
const said = ({ network }: Pair): string[] =>
  network.flights
    .filter(({ payloads = [] }) => notifies(payloads, NotifyType.IPCOMP_SUPPORTED).length > 0)
    .map(({ source }) => source.address);

describe.each(ends)('offered by the %s', (end) => {
  test('the child comes up and is rekeyed without', () => {
    const both = offering(end).up();
    expectUp(both);
    for (const host of ends) {
      both[host].command({ kind: 'rekey', name: 'pair', what: 'children' });
      both.network.advance(6000);
      expectUp(both);
    }
    expect(said(both)).toEqual([]);
    both.initiator.down('pair');
    expectNothing(both);
  });

  test.each(['tunnel', 'transport'] as const)('traffic goes through in %s mode', (mode) => {
    const both = offering(end, { kernel: 'userspace', mode }).up();
    let replies = 0;
    for (const host of ends)
      both[host].userspace.ping({ reqid: only(both[host].children).reqid }, () => replies++);
    both.network.settle();
    expect(replies).toBe(2);
  });
});

test('a notify without a CPI, and one of no known transform', () => {
  for (const data of ['', '1234', '1234ff']) {
    const both = pair();
    misbehave(both.network, both.initiator, {
      rules: [
        {
          on: { direction: 'out', payload: 'TSi' },
          do: { action: 'add', payload: { payload: 'N(IPCOMP_SUPPORTED)', data } },
        },
      ],
    });
    expectUp(both.up());
  }
});

/**
 * Of several subsets of the offered selectors that it would take, the responder takes one and says that there are more; the
 * initiator tells of it (RFC 7296 §2.9).
 *
 *   initiator (all of 10.1/16, 10.2/16)                        responder (c1, c2: a pair of networks each)
 *     | CREATE_CHILD_SA { SA Ni TSi TSr } -->                                                  |
 *     |                       <-- CREATE_CHILD_SA { SA Nr TSi TSr N(ADDITIONAL_TS_POSSIBLE) } |
 */
import { describe, expect, test } from 'vitest';
import type { SpdEntry } from '../../src/policy/policy.ts';
import { misbehave, type Pair, pair } from '../../src/testing/index.ts';
import { notifies } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectUp, only } from './expect-up.ts';
import { nets, spd } from './subnets.ts';

/** One wide child at the initiator, these at the responder. */
const wide = (children: readonly SpdEntry[]): Pair =>
  pair({
    initiator: { entry: { children: [spd('wide', '10.1.0.0/16', '10.2.0.0/16')] } },
    responder: { entry: { children } },
  });

const said = ({ network }: Pair): number =>
  network.flights.flatMap(({ payloads = [] }) => notifies(payloads, NotifyType.ADDITIONAL_TS_POSSIBLE))
    .length;

const told = ({ initiator }: Pair): number =>
  initiator.told('progress').filter(({ story }) => story === 'traffic selectors').length;

describe('ADDITIONAL_TS_POSSIBLE', () => {
  test('when another child of the policy takes other traffic of what is offered', () => {
    const both = wide([
      spd('c1', '10.2.1.0/24', '10.1.1.0/24'),
      spd('c2', '10.2.2.0/24', '10.1.2.0/24'),
    ]).up();
    expect(only(both.initiator.children)).toMatchObject({ local: '10.1.1.0/24', remote: '10.2.1.0/24' });
    expect([said(both), told(both)]).toEqual([1, 1]);
    expectUp(both);
  });

  test('when there are more selectors than one child holds', () => {
    const networks = Array.from({ length: 20 }, (_, at) => `10.2.${at}.0/24`).join(',');
    const both = wide([{ ...spd('c1', '10.2.1.0/24', '10.1.1.0/24'), local: nets(networks) }]).up();
    expect(only(both.initiator.children).remote.split(' ')).toHaveLength(16);
    expect([said(both), told(both)]).toEqual([1, 1]);
    expectUp(both);
  });

  test('on CREATE_CHILD_SA and on a rekey that narrows as well', () => {
    const both = wide([
      spd('c1', '10.2.1.0/24', '10.1.1.0/24'),
      spd('c2', '10.2.2.0/24', '10.1.2.0/24'),
    ]).up();
    both.initiator.command({ kind: 'upChild', name: 'pair', child: 'wide' });
    both.network.settle();
    expect([said(both), told(both)]).toEqual([2, 2]);
    // Its own selectors only are offered again: there is nothing beside.
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    both.network.settle();
    expect([said(both), told(both)]).toEqual([2, 2]);
  });

  test('not when the other child takes nothing else', () => {
    const both = wide([
      spd('c1', '10.2.0.0/17', '10.1.0.0/16'),
      spd('c2', '10.2.1.0/24', '10.1.1.0/24'),
    ]).up();
    expect([said(both), told(both)]).toEqual([0, 0]);
  });

  test('nor when what is offered was not narrowed, nor for traffic that was not offered', () => {
    const both = wide([
      spd('c1', '10.2.0.0/16', '10.1.0.0/16'),
      spd('c2', '10.4.0.0/16', '10.3.0.0/16'),
    ]).up();
    expect([said(both), told(both)]).toEqual([0, 0]);
  });

  test('a peer that says it of a child it did not narrow, or a hundred times, does no harm', () => {
    const both = wide([spd('c1', '10.2.0.0/16', '10.1.0.0/16')]);
    misbehave(both.network, both.responder, {
      rules: [
        {
          on: { direction: 'out', exchange: 'IKE_AUTH' },
          do: { action: 'add', payload: { payload: 'N(ADDITIONAL_TS_POSSIBLE)' }, times: 100 },
        },
      ],
    });
    both.up();
    expect(told(both)).toBe(1);
    expectUp(both);
  });
});

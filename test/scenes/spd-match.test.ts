/**
 * Which of a responder's children a request is for: the equal one, else the narrowest that holds all of it, else the
 * first that holds some; a rekey stays with the entry of the child it replaces (RFC 7296 §2.9). With `narrowing=no` only
 * just what the policy says is agreed on, as pluto has it.
 *
 *   initiator                                  responder
 *     | IKE_AUTH { ... SA TSi TSr } -->                    its children: wide, middle, narrow
 *     |<-- IKE_AUTH { ... SA TSi TSr }                     of the narrowest that holds it
 */
import { describe, expect, it } from 'vitest';
import type { SpdEntry } from '../../src/policy/policy.ts';
import { type PairOptions, pair } from '../../src/testing/index.ts';
import { expectMirrored, expectUp, only } from './expect-up.ts';
import { spd } from './subnets.ts';

const theirs = [
  spd('wide', '10.0.0.0/8', '10.0.0.0/8'),
  spd('middle', '10.2.0.0/16', '10.1.0.0/16'),
  spd('narrow', '10.2.3.0/24', '10.1.3.0/24'),
];

const between = (subnet: string, peerSubnet: string, children: readonly SpdEntry[]): PairOptions => ({
  initiator: { subnet, peerSubnet },
  responder: { entry: { children } },
});

describe('the child that a request is for', () => {
  it.each([
    ['narrow', '10.1.3.0/24', '10.2.3.0/24'],
    ['narrow', '10.1.3.7/32', '10.2.3.0/25'],
    ['middle', '10.1.0.0/16', '10.2.0.0/16'],
    ['middle', '10.1.4.0/24', '10.2.3.0/24'],
    ['wide', '10.0.0.0/8', '10.0.0.0/8'],
    ['wide', '10.9.0.0/16', '10.2.3.0/24'],
    ['wide', '0.0.0.0/0', '0.0.0.0/0'],
  ])('%s: %s === %s', (name, local, remote) => {
    for (const children of [theirs, theirs.toReversed()]) {
      if (local === '0.0.0.0/0' && children !== theirs) continue;
      const both = pair(between(local, remote, children)).up();
      expect(only(both.responder.children).child).toBe(name);
      expectMirrored(both.initiator, both.responder);
    }
  });

  it('a rekey stays with the entry of the child', () => {
    const limited = { lifetime: { time: 0, octets: 0, packets: 99 } };
    const children = [
      spd('first', '10.2.0.0/16', '10.1.0.0/16', limited),
      spd('second', '10.0.0.0/8', '10.0.0.0/8'),
    ];
    const both = pair(between('0.0.0.0/0', '10.2.0.0/16', children)).up();
    expect(only(both.responder.children).child).toBe('first');
    // Another that holds it better, and comes first: a reload that changes nothing of the first.
    const { pad } = both.policies.responder;
    const [entry] = pad;
    const better = spd('better', '10.2.0.0/16', '10.1.0.0/16');
    if (entry) Object.assign(entry, { children: [better, ...children] });
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.advance(6_000);
    expect(both.responder.told('childEstablished')).toHaveLength(2);
    expect(only(both.responder.children).child).toBe('first');
    expect(
      only(both.responder.memory.sas.filter(({ direction }) => direction === 'in')).limits?.packets,
    ).toBe(99);
  });
});

const strict = { child: { narrowing: false } };

describe('narrowing=no', () => {
  it('what is equal is agreed on, and rekeyed from either end', () => {
    const both = pair({
      ...strict,
      initiator: { subnet: '10.1.0.0/16,10.3.0.0/16' },
      responder: { subnet: '10.2.0.0/16' },
    }).up();
    expectUp(both);
    for (const end of ['initiator', 'responder'] as const) {
      both[end].command({ kind: 'rekey', name: both.name, what: 'children' });
      both.network.advance(6_000);
      expectUp(both);
    }
    expect(both.initiator.told('childEstablished')).toHaveLength(3);
  });

  it('the responder takes its own out of more that is offered', () => {
    const both = pair({
      initiator: { subnet: '10.1.0.0/16,10.3.0.0/16', peerSubnet: '10.2.0.0/16,10.4.0.0/16' },
      responder: { ...strict, subnet: '10.2.0.0/16', peerSubnet: '10.1.0.0/16' },
    }).up();
    expectUp(both);
    expect(only(both.responder.children)).toMatchObject({ local: '10.2.0.0/16', remote: '10.1.0.0/16' });
  });

  it.each([
    ['wider', '10.0.0.0/8'],
    ['narrower', '10.1.3.0/24'],
  ])('the responder refuses what is %s', (_, subnet) => {
    const both = pair({
      initiator: { subnet },
      responder: { ...strict, subnet: '10.2.0.0/16', peerSubnet: '10.1.0.0/16' },
    }).up();
    expect(both.responder.children).toEqual([]);
    expect(only(both.responder.told('childFailed')).reason.text).toContain('narrowing=no');
    expect(only(both.initiator.told('childFailed')).reason.code).toBe('PEER_REFUSED');
  });

  it('the initiator takes no narrowed answer, and deletes what the peer made', () => {
    const both = pair({
      initiator: { ...strict, subnet: '10.1.0.0/16', peerSubnet: '10.2.0.0/16' },
      responder: { subnet: '10.2.3.0/24' },
    }).up();
    both.network.settle();
    expect(only(both.initiator.told('childFailed')).reason.text).toBe(
      'the peer narrowed our traffic selectors to 10.1.0.0/16 === 10.2.3.0/24, and narrowing=no',
    );
    for (const { children, memory } of [both.initiator, both.responder]) {
      expect(children).toEqual([]);
      expect([...memory.sas, ...memory.policies]).toEqual([]);
    }
  });

  it('dynamic selectors are equal when both mean the same host', () => {
    expectUp(pair(strict).up());
  });
});

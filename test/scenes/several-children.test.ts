/** Several children over one IKE SA: brought up together, rekeyed and deleted one by one. RFC 7296 §1.3.1. */
import { describe, expect, test } from 'vitest';
import type { SpdEntry } from '../../src/policy/policy.ts';
import { parseEspProposals } from '../../src/policy/proposal-text.ts';
import { allTraffic, parseCidr } from '../../src/policy/selector.ts';
import { type Pair, pair } from '../../src/testing/index.ts';
import { expectMirrored, expectNothing } from './expect-up.ts';

const net = (text: string) => {
  const range = parseCidr(text);
  if (range === undefined) throw new SyntaxError(text);
  return [allTraffic(range)];
};

const spd = (name: string, local: string, remote: string, more: Partial<SpdEntry> = {}): SpdEntry => ({
  name,
  mode: 'tunnel',
  action: 'protect',
  local: net(local),
  remote: net(remote),
  proposals: parseEspProposals('aes128gcm16'),
  pfs: false,
  narrowing: true,
  lifetime: { time: 0, octets: 0, packets: 0 },
  replayWindow: 64,
  ...more,
});

const numbers = [1, 2, 3, 4, 5];

function several(more: Partial<SpdEntry> = {}): Pair {
  const own = numbers.map((n) => spd(`c${n}`, `10.1.${n}.0/24`, `10.2.${n}.0/24`, more));
  const theirs = numbers.map((n) => spd(`c${n}`, `10.2.${n}.0/24`, `10.1.${n}.0/24`, more));
  return pair({ initiator: { entry: { children: own } }, responder: { entry: { children: theirs } } }).up();
}

describe('several children', () => {
  test.each([false, true])('all come up; pfs=%s', (pfs) => {
    const p = several({ pfs });
    expect(p.initiator.children.map(({ child }) => child)).toEqual(numbers.map((n) => `c${n}`));
    expect(p.initiator.established).toHaveLength(1);
    expectMirrored(p.initiator, p.responder);
    const creates = p.initiator
      .told('message')
      .filter(({ summary }) => summary.startsWith('CREATE_CHILD_SA request'));
    expect(creates).toHaveLength(4);
    for (const { summary } of creates) expect(summary.includes(' KE ')).toBe(pfs);
  });

  test('one is deleted, `up` brings it back, the others stay', () => {
    const p = several();
    const third = p.initiator.children[2];
    p.responder.command({ kind: 'deleteChild', spi: third?.outboundSpi ?? 0 });
    p.network.settle();
    expect(p.initiator.children.map(({ child }) => child)).toEqual(['c1', 'c2', 'c4', 'c5']);
    p.initiator.up(p.name);
    p.network.settle();
    expect(p.initiator.children.map(({ child }) => child)).toEqual(['c1', 'c2', 'c4', 'c5', 'c3']);
    expectMirrored(p.initiator, p.responder);
  });

  test('all are rekeyed, then all go with the IKE SA', () => {
    const p = several({ pfs: true });
    const before = p.initiator.children.map(({ inboundSpi }) => inboundSpi);
    p.responder.command({ kind: 'rekey', name: p.name, what: 'children' });
    p.network.settle();
    p.network.advance(6_000);
    expect(p.initiator.children).toHaveLength(numbers.length);
    for (const { inboundSpi } of p.initiator.children) expect(before).not.toContain(inboundSpi);
    expectMirrored(p.initiator, p.responder);
    p.responder.down(p.name);
    expectNothing(p);
  });

  test('an IKE rekey during the creation of children loses none', () => {
    for (const wait of [0, 5, 10, 15, 20, 30, 45, 60, 80, 100]) {
      const own = numbers.map((n) => spd(`c${n}`, `10.1.${n}.0/24`, `10.2.${n}.0/24`));
      const theirs = numbers.map((n) => spd(`c${n}`, `10.2.${n}.0/24`, `10.1.${n}.0/24`));
      const p = pair({ initiator: { entry: { children: own } }, responder: { entry: { children: theirs } } });
      p.initiator.up(p.name);
      p.network.until(() => p.responder.established.length === 1);
      p.network.advance(wait);
      p.responder.command({ kind: 'rekey', name: p.name, what: 'ike' });
      p.network.settle();
      p.network.advance(120_000);
      expect(p.initiator.established).toHaveLength(1);
      expect(p.initiator.children.map(({ child }) => child).sort()).toEqual(numbers.map((n) => `c${n}`));
      expectMirrored(p.initiator, p.responder);
    }
  });
});

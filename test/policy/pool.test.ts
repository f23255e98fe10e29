/** Address pools: who gets what, what is kept, and that size costs nothing. */
import { describe, expect, it } from 'vitest';
import { AddressPools, type Lease, type PoolPolicy } from '../../src/policy/pool.ts';
import { parseCidr } from '../../src/policy/range.ts';
import { formatAddress, parseAddress } from '../../src/wire/address.ts';

function pool(text: string, prefixLength?: number): PoolPolicy {
  const range = parseCidr(text);
  if (range === undefined) throw new Error(text);
  return { ...range, ...(prefixLength !== undefined && { prefixLength }) };
}

const shown = (lease: Lease | undefined) => lease && formatAddress(lease.address);
const three = pool('10.3.0.1-10.3.0.3');

describe('address pools', () => {
  it('leases every address once, then says that none is left', () => {
    const pools = new AddressPools();
    const leases = [1, 2, 3, 4].map(() => pools.take(three, undefined));
    expect(leases.map(shown)).toEqual(['10.3.0.1', '10.3.0.2', '10.3.0.3', undefined]);
    expect(pools.held).toBe(3);
  });

  it('leases again what was given back, the longest free first', () => {
    const pools = new AddressPools();
    const [a, b] = [pools.take(three, undefined), pools.take(three, undefined)];
    if (!a || !b) throw new Error('no lease');
    pools.giveBack(b);
    pools.giveBack(a);
    expect([1, 2, 3].map(() => shown(pools.take(three, undefined)))).toEqual([
      '10.3.0.2',
      '10.3.0.1',
      '10.3.0.3',
    ]);
  });

  it('keeps an owner’s lease while others come and go', () => {
    const pools = new AddressPools();
    const own = pools.take(three, 'alice');
    if (!own) throw new Error('no lease');
    pools.giveBack(own);
    expect(pools.held).toBe(0);
    expect(shown(pools.take(three, undefined))).toBe('10.3.0.2');
    expect(shown(pools.take(three, 'bob'))).toBe('10.3.0.3');
    expect(shown(pools.take(three, 'alice'))).toBe('10.3.0.1');
  });

  it('gives what is kept for the longest absent owner to another when nothing else is left', () => {
    const pools = new AddressPools();
    const leases = ['alice', 'bob', 'carol'].map((owner) => pools.take(three, owner));
    for (const at of [1, 0]) {
      const lease = leases[at];
      if (lease) pools.giveBack(lease);
    }
    expect(shown(pools.take(three, 'dave'))).toBe('10.3.0.2');
    expect(shown(pools.take(three, 'alice'))).toBe('10.3.0.1');
    expect(pools.take(three, 'bob')).toBeUndefined();
  });

  it('shares an owner’s lease until both holders gave it back', () => {
    const pools = new AddressPools();
    const [old, fresh] = [pools.take(three, 'alice'), pools.take(three, 'alice')];
    if (!old || !fresh) throw new Error('no lease');
    expect(shown(fresh)).toBe(shown(old));
    pools.giveBack(old);
    expect(pools.held).toBe(1);
    pools.giveBack(fresh);
    expect(pools.held).toBe(0);
  });

  describe('a wish', () => {
    const wish = (pools: AddressPools, text: string, owner?: string) =>
      pools.take(three, owner, parseAddress(text));

    it('is granted when free, fresh or given back', () => {
      const pools = new AddressPools();
      expect(shown(wish(pools, '10.3.0.3'))).toBe('10.3.0.3');
      const first = wish(pools, '10.3.0.1');
      if (first) pools.giveBack(first);
      expect(shown(wish(pools, '10.3.0.1'))).toBe('10.3.0.1');
    });

    it.each(['10.3.0.1', '10.3.0.9', '10.2.255.255', '::1', '255.255.255.255'])(
      'for %s is passed over',
      (text) => {
        const pools = new AddressPools();
        pools.take(three, undefined);
        expect(shown(wish(pools, text))).toBe('10.3.0.2');
      },
    );

    it('does not take what is kept for another, nor move an owner', () => {
      const pools = new AddressPools();
      const own = pools.take(three, 'alice');
      if (own) pools.giveBack(own);
      expect(shown(wish(pools, '10.3.0.1', 'mallory'))).toBe('10.3.0.2');
      expect(shown(wish(pools, '10.3.0.3', 'alice'))).toBe('10.3.0.1');
    });

    it('leaves no hole: all others are still leased', () => {
      const pools = new AddressPools();
      const wished = wish(pools, '10.3.0.2');
      expect([1, 2, 3].map(() => shown(pools.take(three, undefined)))).toEqual([
        '10.3.0.1',
        '10.3.0.3',
        undefined,
      ]);
      if (wished) pools.giveBack(wished);
      expect(shown(pools.take(three, undefined))).toBe('10.3.0.2');
    });
  });

  it('leases IPv6 prefixes, with an address in each', () => {
    const pools = new AddressPools();
    const policy = pool('2001:db8:1::/62', 64);
    const leases = [1, 2, 3, 4, 5].map(() => pools.take(policy, undefined));
    expect(
      leases.map((lease) => lease && [formatAddress(lease.start), shown(lease), formatAddress(lease.end)]),
    ).toEqual([
      ['2001:db8:1::', '2001:db8:1::1', '2001:db8:1:0:ffff:ffff:ffff:ffff'],
      ['2001:db8:1:1::', '2001:db8:1:1::1', '2001:db8:1:1:ffff:ffff:ffff:ffff'],
      ['2001:db8:1:2::', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
      ['2001:db8:1:3::', '2001:db8:1:3::1', '2001:db8:1:3:ffff:ffff:ffff:ffff'],
      undefined,
    ]);
    expect(leases[0]?.prefixLength).toBe(64);
  });

  it('is one pool for two connections that name the same range', () => {
    const pools = new AddressPools();
    expect(shown(pools.take(three, 'alice'))).toBe('10.3.0.1');
    expect(shown(pools.take(pool('10.3.0.1-10.3.0.3'), 'bob'))).toBe('10.3.0.2');
  });

  it('forgets a pool no policy has, and what comes back to it late', () => {
    const pools = new AddressPools();
    const late = pools.take(three, undefined);
    pools.keep([]);
    expect(pools.held).toBe(0);
    if (late) pools.giveBack(late);
    expect(shown(pools.take(three, undefined))).toBe('10.3.0.1');
  });

  /** Were a /10 or a /64 laid out address by address, this would not end. */
  it.each([
    ['10.0.0.0/10', '10.1.134.159'],
    ['2001:db8::/64', '2001:db8::1:869f'],
  ])('%s: a hundred thousand clients of an owner each, and wishes all over it', (text, last) => {
    const pools = new AddressPools();
    const policy = pool(text);
    const leases = Array.from({ length: 100_000 }, (_, at) => pools.take(policy, `client ${at}`));
    expect(shown(leases.at(-1))).toBe(last);
    for (const lease of leases) if (lease) pools.giveBack(lease);
    expect(shown(pools.take(policy, 'client 99999'))).toBe(last);
    for (let at = 0; at < 10_000; at++) {
      const wished = policy.start.slice();
      wished.set([at >> 8, at & 0xff], wished.length - 2);
      const lease = pools.take(policy, undefined, wished);
      if (lease) pools.giveBack(lease);
    }
    expect(pools.held).toBe(1);
  });
});

/** Ranges as prefixes and masks, and back. RFC 7296 §3.13.1. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocks, countBlocks } from '../../../src/kernel/xfrm/blocks.ts';
import { trafficSelectors, xfrmSelectors } from '../../../src/kernel/xfrm/selectors.ts';
import { formatAddress } from '../../../src/wire/address.ts';
import type { RangeSelector } from '../../../src/wire/payloads/ts.ts';
import { net } from './selectors.ts';

const wide = net('10.2.0.0/16');
const both = (source: RangeSelector, destination: RangeSelector) =>
  xfrmSelectors(source, destination).map((found) => trafficSelectors(found));
const sourcePorts = (first: number, last: number) =>
  xfrmSelectors(net('10.1.0.0/16', 6, first, last), net('10.2.0.0/16', 6));

describe('blocks', () => {
  it('are the range, in order, each aligned', () => {
    const number = fc.bigInt({ min: 0n, max: 0xffffn });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        let next = first;
        for (const { start, fixed } of blocks(first, last, 16)) {
          const size = 1n << BigInt(16 - fixed);
          expect([start, start % size]).toEqual([next, 0n]);
          next += size;
        }
        expect(next).toBe(last + 1n);
        expect(countBlocks(first, last)).toBe(blocks(first, last, 16).length);
      }),
    );
  });

  it('are as many as are counted, of IPv6 addresses too', () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        expect(countBlocks(first, last)).toBe(blocks(first, last, 128).length);
      }),
    );
    expect(countBlocks(1n, 2n ** 128n - 2n)).toBe(254);
  });
});

describe('selectors for the kernel', () => {
  it.each([
    ['a prefix', net('10.1.0.0/16'), wide],
    ['IPv6', net('2001:db8:1::/48'), net('::/0')],
    ['a port', net('10.1.0.0/16', 6, 443), net('10.2.0.0/16', 6)],
    ['an ICMP type and code', net('10.1.0.0/16', 1, 0x0301), net('10.2.0.0/16', 1, 0x0301)],
    ['an ICMP type', net('10.1.0.0/16', 1, 0x0800, 0x08ff), net('10.2.0.0/16', 1, 0x0800, 0x08ff)],
    ['every ICMP', net('10.1.0.0/16', 1), net('10.2.0.0/16', 1)],
    ['an MH type', net('2001:db8::/32', 135, 0x0500, 0x05ff), net('::/0', 135, 0x0500, 0x05ff)],
  ])('say %s and it is read back', (_, source, destination) => {
    expect(both(source, destination)).toEqual([{ source, destination }]);
  });

  it('are several of a range that is no prefix', () => {
    const range = { ...wide, start: Uint8Array.of(10, 2, 0, 5), end: Uint8Array.of(10, 2, 0, 9) };
    const found = both(wide, range).map((pair) => {
      const { start, end } = pair?.destination ?? wide;
      return `${formatAddress(start)}-${formatAddress(end)}`;
    });
    expect(found).toEqual(['10.2.0.5-10.2.0.5', '10.2.0.6-10.2.0.7', '10.2.0.8-10.2.0.9']);
  });

  it('are several of ports that are no mask', () => {
    const masked = sourcePorts(1000, 1010).map(({ sport, sport_mask }) => [sport, sport_mask]);
    expect(masked).toEqual([
      [1000, 0xfff8],
      [1008, 0xfffe],
      [1010, 0xffff],
    ]);
    expect(sourcePorts(0, 65535)).toMatchObject([{ sport: 0, sport_mask: 0 }]);
  });

  it('have the type of ICMP as source port and the code as destination port, whichever end names it', () => {
    const ports = { sport: 3, sport_mask: 0xffff, dport: 4, dport_mask: 0xffff, proto: 1 };
    const [host, any] = [net('10.1.0.1/32', 1, 0x0304), net('10.2.0.0/16', 1)];
    expect(xfrmSelectors(host, any)).toMatchObject([ports]);
    expect(xfrmSelectors(any, host)).toMatchObject([ports]);
  });

  it('are of the protocol either end names', () => {
    expect(xfrmSelectors(wide, net('10.1.0.0/16', 6, 443))).toMatchObject([
      { proto: 6, dport: 443, sport_mask: 0 },
    ]);
    expect(xfrmSelectors(net('10.1.0.0/16', 6, 443), wide)).toMatchObject([
      { proto: 6, sport: 443, dport_mask: 0 },
    ]);
  });

  it.each([
    ['OPAQUE ports', { ...wide, startPort: 65535, endPort: 0 }, wide],
    ['selectors of two families', wide, net('::/0')],
    ['selectors of two protocols', net('10.1.0.0/16', 6), net('10.2.0.0/16', 17)],
    ['selectors of two ICMP types', net('10.1.0.0/16', 1, 0x0800), net('10.2.0.0/16', 1, 0x0300)],
    [
      'selectors of ICMP codes in several types',
      net('10.1.0.0/16', 1, 0x0301, 0x0805),
      net('10.2.0.0/16', 1),
    ],
    [
      'selectors that need 900 of the kernel',
      net('10.1.0.0/16', 6, 1, 65534),
      net('10.2.0.0/16', 6, 1, 65534),
    ],
    ['a selector that is no address range', { kind: 'label', label: new Uint8Array(1) } as const, wide],
  ])('refuse %s', (message, source, destination) => {
    expect(() => xfrmSelectors(source, destination)).toThrow(RangeError);
    expect(() => xfrmSelectors(source, destination)).toThrow(message);
  });

  it('of another family, or of more bits than an address has, are not read', () => {
    const [found] = xfrmSelectors(wide, wide);
    expect(found && trafficSelectors({ ...found, family: 1 })).toBeUndefined();
    expect(found && trafficSelectors({ ...found, prefixlen_d: 33 })).toBeUndefined();
  });
});

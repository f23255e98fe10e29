import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allTraffic,
  covers,
  dynamicSelector,
  type FixedSelector,
  formatRange,
  formatSelector,
  holdsEach,
  intersect,
  narrow,
  parseCidr,
  resolve,
  sameSelectors,
  toWire,
  within,
} from '../../src/policy/selector.ts';
import { parseAddress, type RangeSelector, type TrafficSelector } from '../../src/wire/index.ts';

const here = new Uint8Array([192, 0, 2, 1]);

/** `198.51.100.0/24 17 0-65535`. */
function sel(text: string): RangeSelector {
  const [cidr = '', protocol = '0', ports = '0-65535'] = text.split(' ');
  const range = parseCidr(cidr);
  const [startPort = 0, endPort = startPort] = ports.split('-').map(Number);
  if (range === undefined) throw new Error(`no range: ${cidr}`);
  return { kind: 'range', ...range, protocol: Number(protocol), startPort, endPort };
}

const own = (...texts: string[]): FixedSelector[] =>
  texts.map((text) => {
    const { kind: _, ...rest } = sel(text);
    return rest;
  });

const list = (...texts: string[]): RangeSelector[] => texts.map(sel);

describe('narrow (RFC 7296 §2.9)', () => {
  it.each<[string, TrafficSelector[], FixedSelector[], RangeSelector[]]>([
    // The RFC's own example: A asks with the packet first, then all of its net.
    [
      "the RFC's example, TSi",
      list('198.51.100.43/32 17 4500', '198.51.100.0/24'),
      own('198.51.100.0/25'),
      list('198.51.100.0/25'),
    ],
    [
      "the RFC's example, TSr",
      list('192.0.2.123/32 17 53', '192.0.2.0/24'),
      own('192.0.2.0/24'),
      list('192.0.2.0/24'),
    ],
    ['equal', list('10.1.0.0/16'), own('10.1.0.0/16'), list('10.1.0.0/16')],
    ['theirs wider', list('0.0.0.0/0'), own('10.1.0.0/16'), list('10.1.0.0/16')],
    ['ours wider', list('10.1.2.3/32'), own('10.0.0.0/8'), list('10.1.2.3/32')],
    ['disjoint', list('10.1.0.0/16'), own('10.9.0.0/16'), []],
    ['another family', list('::/0'), own('0.0.0.0/0'), []],
    ['IPv6', list('2001:db8::/32'), own('2001:db8:1::/48'), list('2001:db8:1::/48')],
    [
      'overlap of ranges',
      list('10.0.0.5-10.0.0.20'),
      own('10.0.0.10-10.0.0.30'),
      list('10.0.0.10-10.0.0.20'),
    ],
    [
      'protocol taken from ours',
      list('10.0.0.1/32'),
      own('10.0.0.1/32 17 1701'),
      list('10.0.0.1/32 17 1701'),
    ],
    ['protocol taken from theirs', list('10.0.0.1/32 6 80'), own('10.0.0.1/32'), list('10.0.0.1/32 6 80')],
    ['other protocols', list('10.0.0.1/32 6 80'), own('10.0.0.1/32 17 80'), []],
    ['ports overlap', list('10.0.0.1/32 6 80-90'), own('10.0.0.1/32 6 85-99'), list('10.0.0.1/32 6 85-90')],
    ['other ports', list('10.0.0.1/32 6 80'), own('10.0.0.1/32 6 81'), []],
    ['OPAQUE in ANY', list('10.0.0.1/32 6 65535-0'), own('10.0.0.1/32 6'), list('10.0.0.1/32 6 65535-0')],
    ['OPAQUE is no port', list('10.0.0.1/32 6 65535-0'), own('10.0.0.1/32 6 1-65535'), []],
    [
      'OPAQUE and OPAQUE',
      list('10.0.0.1/32 6 65535-0'),
      own('10.0.0.1/32 0 65535-0'),
      list('10.0.0.1/32 6 65535-0'),
    ],
    [
      'ICMP echo of all ICMP',
      list('10.0.0.1/32 1 2048-2303'),
      own('10.0.0.0/24 1'),
      list('10.0.0.1/32 1 2048-2303'),
    ],
    [
      'two of ours, the first selector in the second',
      list('10.2.0.7/32 17 500', '10.0.0.0/8'),
      own('10.1.0.0/16', '10.2.0.0/16'),
      list('10.2.0.0/16', '10.1.0.0/16'),
    ],
    ['ours twice', list('10.1.0.0/16'), own('10.1.0.0/16', '10.1.0.0/24'), list('10.1.0.0/16')],
    ['start above end', [{ ...sel('10.0.0.0/8'), end: new Uint8Array([9, 0, 0, 0]) }], own('0.0.0.0/0'), []],
    ['a label only', [{ kind: 'label', label: new Uint8Array(3) }], own('0.0.0.0/0'), []],
  ])('%s', (_, offered, policy, expected) => {
    expect(narrow(offered, policy, here)).toEqual(expected);
  });

  it('a dynamic selector is the own address', () => {
    expect(narrow(list('0.0.0.0/0'), [dynamicSelector], here)).toEqual(list('192.0.2.1/32'));
    expect(narrow(list('192.0.2.2/32'), [dynamicSelector], here)).toEqual([]);
    expect(toWire({ ...dynamicSelector, protocol: 17, startPort: 9, endPort: 9 }, here)).toEqual(
      sel('192.0.2.1/32 17 9'),
    );
    expect(resolve([dynamicSelector], here)).toEqual(own('192.0.2.1/32'));
  });
});

describe('the checks around it', () => {
  it('an answer must lie within the offer', () => {
    const offered = list('10.1.0.0/16 6', '10.2.0.0/16');
    expect(within(list('10.1.2.0/24 6 80', '10.2.0.0/16'), offered)).toBe(true);
    expect(within(list('10.1.2.0/24'), offered)).toBe(false);
    expect(within([], offered)).toBe(false);
    expect(within([{ kind: 'label', label: new Uint8Array(1) }], offered)).toBe(false);
  });

  it('each is there just as it is', () => {
    const offered = list('10.1.0.0/16', '10.2.0.0/16 6 80');
    expect(holdsEach(offered, list('10.2.0.0/16 6 80'))).toBe(true);
    expect(holdsEach(offered, list('10.1.0.0/16', '10.2.0.0/16'))).toBe(false);
    expect(holdsEach(offered, list('10.1.0.0/17'))).toBe(false);
  });

  it('the same traffic in any order', () => {
    expect(sameSelectors(list('10.1.0.0/16', '10.2.0.0/16'), list('10.2.0.0/16', '10.1.0.0/16'))).toBe(true);
    expect(sameSelectors(list('10.1.0.0/16'), list('10.1.0.0/17'))).toBe(false);
  });
});

describe('properties', () => {
  // Few addresses and ports, so that ranges meet.
  const octet = fc.integer({ min: 0, max: 7 });
  const address = (family: number) =>
    octet.map((last) => Uint8Array.from({ length: family }, (_, at) => (at === family - 1 ? last : 10)));
  const ports = fc.oneof(
    fc.constant([0, 0xffff]),
    fc.constant([0xffff, 0]),
    fc.tuple(octet, octet).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
  );
  const selector: fc.Arbitrary<RangeSelector> = fc
    .record({ family: fc.constantFrom(4, 4, 4, 16), protocol: fc.constantFrom(0, 6, 17), ports })
    .chain(({ family, protocol, ports: [startPort = 0, endPort = 0] }) =>
      fc.tuple(address(family), address(family)).map(([a, b]) => {
        const [start, end] = (a.at(-1) ?? 0) <= (b.at(-1) ?? 0) ? [a, b] : [b, a];
        return { kind: 'range' as const, protocol, startPort, endPort, start, end };
      }),
    );
  const selectors = fc.array(selector, { maxLength: 4 });
  const policy = (from: readonly RangeSelector[]): FixedSelector[] =>
    from.map(({ kind: _, ...rest }) => rest);

  /** Whether a packet is allowed, said again in the simplest way. */
  const allows = (one: RangeSelector, packet: RangeSelector): boolean => {
    const [at, low, high] = [packet.start.at(-1) ?? 0, one.start.at(-1) ?? 0, one.end.at(-1) ?? 0];
    if (one.start.length !== packet.start.length || at < low || at > high) return false;
    if (one.protocol !== 0 && one.protocol !== packet.protocol) return false;
    if (one.startPort === 0 && one.endPort === 0xffff) return true;
    if (one.startPort > one.endPort) return packet.startPort === 0xffff;
    return packet.startPort < 8 && one.startPort <= packet.startPort && packet.startPort <= one.endPort;
  };
  /** One address, one protocol, one port; 65535-0 is a packet whose port cannot be seen. */
  const packet = fc
    .record({
      family: fc.constantFrom(4, 16),
      protocol: fc.constantFrom(6, 17, 50),
      port: fc.oneof(octet, fc.constant(0xffff)),
    })
    .chain(({ family, protocol, port }) =>
      address(family).map((start) => ({
        kind: 'range' as const,
        protocol,
        startPort: port,
        endPort: port === 0xffff ? 0 : port,
        start,
        end: start,
      })),
    );

  it('a packet passes the narrowed selectors when it passes both sides', () => {
    fc.assert(
      fc.property(selectors, selectors, packet, (a, b, one) => {
        const passes = (all: readonly RangeSelector[]) => all.some((each) => allows(each, one));
        expect(passes(narrow(a, policy(b), here))).toBe(passes(a) && passes(b));
      }),
      { numRuns: 2000 },
    );
  });

  it('the result lies within both, and nothing in it twice', () => {
    fc.assert(
      fc.property(selectors, selectors, (a, b) => {
        const result = narrow(a, policy(b), here);
        expect(result.length === 0 || (within(result, a) && within(result, b))).toBe(true);
        const doubles = result.filter((each) =>
          result.some((other) => other !== each && covers(other, each)),
        );
        expect(doubles).toEqual([]);
      }),
    );
  });

  it('it commutes, and the order of either side changes only the order of the result', () => {
    const sorted = (all: readonly RangeSelector[]) => all.map(formatSelector).sort();
    fc.assert(
      fc.property(selectors, selectors, (a, b) => {
        const result = sorted(narrow(a, policy(b), here));
        expect(sorted(narrow(b, policy(a), here))).toEqual(result);
        expect(sorted(narrow(a.toReversed(), policy(b.toReversed()), here))).toEqual(result);
      }),
    );
  });

  it('the first selector that fits leads', () => {
    fc.assert(
      fc.property(selectors, selectors, (a, b) => {
        const first = a.flatMap((each) => b.flatMap((other) => intersect(each, other) ?? []))[0];
        const [leading] = narrow(a, policy(b), here);
        expect(first === undefined ? leading === undefined : leading && covers(leading, first)).toBe(true);
      }),
    );
  });

  it('intersection is the widest within both', () => {
    fc.assert(
      fc.property(selector, selector, selector, (a, b, c) => {
        const both = intersect(a, b);
        expect(covers(a, c) && covers(b, c)).toBe(both !== undefined && covers(both, c));
      }),
    );
  });
});

describe('text', () => {
  it.each([
    ['10.1.0.0/16', '10.1.0.0/16'],
    ['10.1.2.3/16', '10.1.0.0/16'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.128/25', '10.0.0.128/25'],
    ['10.0.0.0-10.0.0.255', '10.0.0.0/24'],
    ['10.0.0.1-10.0.0.2', '10.0.0.1-10.0.0.2'],
    ['2001:db8::/33', '2001:db8::/33'],
    ['2001:DB8::1', '2001:db8::1/128'],
  ])('%s is %s', (text, expected) => {
    const range = parseCidr(text);
    expect(range && formatRange(range)).toBe(expected);
  });

  it.each([
    '',
    '10.1.0.0/33',
    '10.1.0.0/',
    '10.1.0.0/-1',
    '10.1.0.0/1e1',
    '::/129',
    '10.0.0.2-10.0.0.1',
    '10.0.0.1-::1',
    'x/8',
    '10.0.0.0/8/8',
  ])('%j is no range', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('every prefix survives', () => {
    const host = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(host, fc.nat(128), (octets, bits) => {
        const prefix = Math.min(bits, octets.length * 8);
        const text = `${formatRange({ start: octets, end: octets }).replace(/\/.*/, '')}/${prefix}`;
        const range = parseCidr(text);
        expect(range && formatRange(range).endsWith(`/${prefix}`)).toBe(true);
        expect(range && parseCidr(formatRange(range))).toEqual(range);
      }),
    );
  });

  it.each([
    ['10.1.0.0/16', '10.1.0.0/16'],
    ['10.1.0.1/32 6 80', '10.1.0.1/32[tcp/80]'],
    ['10.1.0.1/32 17', '10.1.0.1/32[udp]'],
    ['10.1.0.1/32 17 1024-2047', '10.1.0.1/32[udp/1024-2047]'],
    ['10.1.0.1/32 17 65535-0', '10.1.0.1/32[udp/OPAQUE]'],
    ['10.1.0.1/32 1 2048-2303', '10.1.0.1/32[icmp/8]'],
    ['10.1.0.1/32 1 768-769', '10.1.0.1/32[icmp/3(0)-3(1)]'],
    ['::1/128 58 32768', '::1/128[ipv6-icmp/128(0)]'],
    ['10.1.0.1/32 47', '10.1.0.1/32[47]'],
  ])('%s prints %s', (text, expected) => {
    expect(formatSelector(sel(text))).toBe(expected);
  });

  it('others print too', () => {
    expect(formatSelector(dynamicSelector)).toBe('dynamic');
    expect(formatSelector(allTraffic({ start: here, end: here }))).toBe('192.0.2.1/32');
    expect(formatSelector({ kind: 'label', label: new Uint8Array(7) })).toBe(
      'label \\x00\\x00\\x00\\x00\\x00\\x00',
    );
    expect(parseAddress('192.0.2.1')).toEqual(here);
  });
});

import { describe, expect, it } from 'vitest';
import { SystemError } from '../../src/kernel/errno.ts';
import { prefixesOf } from '../../src/kernel/prefixes.ts';
import { type RoutedPolicy, type RoutedSelector, TunRoutes } from '../../src/kernel/routes.ts';
import type { Prefix, Route, Rule } from '../../src/kernel/rtnetlink.ts';
import { parseCidr } from '../../src/policy/range.ts';
import { formatAddress, parseAddress } from '../../src/wire/address.ts';

const octets = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array();
const show = ({ address, length }: Prefix): string => `${formatAddress(address)}/${length}`;

describe('ranges as prefixes', () => {
  it.each([
    ['10.1.0.0', '10.1.255.255', ['10.1.0.0/16']],
    ['0.0.0.0', '255.255.255.255', ['0.0.0.0/0']],
    ['10.0.0.5', '10.0.0.5', ['10.0.0.5/32']],
    ['10.0.0.1', '10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
    ['255.255.255.254', '255.255.255.255', ['255.255.255.254/31']],
    ['2001:db8::', '2001:db8::ffff', ['2001:db8::/112']],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
  ])('%s to %s', (start, end, expected) => {
    expect(prefixesOf(octets(start), octets(end)).map(show)).toEqual(expected);
  });
});

/** The host's tables and rules, as netlink would have them. */
function host(addresses: string[] = [], refuse?: (route: Route) => boolean) {
  const routes = new Map<string, string>();
  const rules: string[] = [];
  const keyOf = ({ table, to }: Route) => `${table - tables} ${show(to)}`;
  const ruleText = ({ version, priority, leads, ...which }: Rule): string => {
    const lead = leads.kind === 'goto' ? `goto ${leads.priority - first}` : leads.kind;
    const table = leads.kind === 'table' ? ` ${leads.table - tables}` : '';
    const ends = [which.from && `from ${show(which.from)}`, which.to && `to ${show(which.to)}`];
    const rest = [
      which.protocol !== undefined && `protocol ${which.protocol}`,
      which.sourcePorts && `sport ${which.sourcePorts.join('-')}`,
      which.destinationPorts && `dport ${which.destinationPorts.join('-')}`,
      which.findSource && 'find',
    ];
    return [`${version}: ${priority - first}`, ...ends, ...rest, `${lead}${table}`].filter(Boolean).join(' ');
  };
  let first = 0;
  let tables = 0;
  const writer = {
    setRoute(route: Route) {
      if (refuse?.(route)) throw new SystemError('route', 'EPERM');
      const source = route.source ? ` src ${formatAddress(route.source)}` : '';
      if (route.device === undefined) routes.set(keyOf(route), 'refused');
      else if (down.has(route.device)) throw new SystemError('route', 'ENETDOWN');
      else routes.set(keyOf(route), `dev ${route.device}${source}, refused`);
    },
    deleteRoute(route: Route) {
      if (route.device === undefined) routes.delete(keyOf(route));
      else if (routes.has(keyOf(route))) routes.set(keyOf(route), 'refused');
    },
    addRule: (rule: Rule) => void rules.push(ruleText(rule)),
    deleteRule: (rule: Rule) => void rules.splice(rules.indexOf(ruleText(rule)), 1),
    clearRules(version: 4 | 6, priority: number) {
      first ||= priority;
      for (const rule of rules.filter((text) => text.startsWith(`${version}: ${priority - first} `)))
        rules.splice(rules.indexOf(rule), 1);
    },
    routes(first: number, last: number) {
      tables ||= first;
      return [...routes.keys()].flatMap((key) => {
        const [table = '', to = ''] = key.split(' ');
        const [address = '', length] = to.split('/');
        const found = {
          table: Number(table) + tables,
          to: { address: octets(address), length: Number(length) },
        };
        return found.table < first || found.table > last ? [] : [found];
      });
    },
  };
  const own = addresses.map(octets);
  const down = new Set<number>();
  const made = new TunRoutes(writer, { name: 'tun0', device: 9, addresses: () => own });
  return { made, routes, rules, own, down };
}

const selector = (cidr: string, more: Partial<RoutedSelector> = {}): RoutedSelector => {
  const range = parseCidr(cidr);
  if (range === undefined) throw new Error(cidr);
  return { protocol: 0, startPort: 0, endPort: 65535, ...range, ...more };
};
const policy = (
  local: string,
  remote: string,
  more: Partial<RoutedPolicy> = {},
  which: Partial<RoutedSelector> = {},
): RoutedPolicy => ({
  action: 'protect',
  priority: 10,
  local: selector(local, which),
  remote: selector(remote, which),
  ...more,
});

const bare = [
  '4: 1 from 0.0.0.0/32 goto 7',
  '4: 6 goto 11',
  '4: 7 nop',
  '4: 11 nop',
  '6: 1 from ::/128 find goto 7',
  '6: 6 goto 11',
  '6: 7 nop',
  '6: 11 nop',
];

describe('routes of policies', () => {
  it('lead packets of each local end to its own remote ones, and those without a source where one is ours', () => {
    const { made, routes, rules } = host(['192.0.2.1', '10.1.0.9']);
    const net = policy('10.1.0.0/16', '10.2.0.0/16');
    const other = policy('10.1.0.0/16', '10.3.0.0/16');
    const foreign = policy('10.7.0.0/16', '10.8.0.0/16');
    for (const each of [net, other, foreign]) made.add(each);
    expect([...routes]).toEqual([
      ['0 10.2.0.0/16', 'dev 9, refused'],
      ['1 10.2.0.0/16', 'dev 9 src 10.1.0.9, refused'],
      ['0 10.3.0.0/16', 'dev 9, refused'],
      ['1 10.3.0.0/16', 'dev 9 src 10.1.0.9, refused'],
      ['2 10.8.0.0/16', 'dev 9, refused'],
    ]);
    expect(rules.slice(bare.length)).toEqual([
      '4: 5 from 10.1.0.0/16 table 0',
      '4: 10 table 1',
      '4: 5 from 10.7.0.0/16 table 2',
    ]);
    for (const each of [net, foreign]) made.remove(each);
    expect([...routes.keys()]).toEqual(['0 10.3.0.0/16', '1 10.3.0.0/16']);
    made.remove(other);
    made.remove(other);
    expect([[...routes], rules]).toEqual([[], bare]);
  });

  it('never take datagrams of our own sockets', () => {
    const { made, rules } = host();
    made.sockets([{ address: octets('192.0.2.1'), port: 4500 }]);
    made.sockets([
      { address: octets('192.0.2.1'), port: 4500 },
      { address: octets('2001:db8::1'), port: 500 },
    ]);
    expect(rules.slice(bare.length)).toEqual([
      '4: 0 from 192.0.2.1/32 protocol 17 sport 4500-4500 goto 11',
      '6: 0 from 2001:db8::1/128 protocol 17 sport 500-500 goto 11',
    ]);
  });

  const bypassing = (rules: string[]) => rules.filter((rule) => /^\d: [248] .*goto 11$/.test(rule));

  it('of one local end do not open another’s', () => {
    const { made, rules } = host(['10.1.0.1', '10.5.0.1']);
    made.add(policy('10.1.0.0/16', '10.2.0.0/16'));
    const clear = policy('10.5.0.0/16', '10.2.9.0/24', { action: 'bypass', priority: 9 });
    made.add(clear);
    expect(bypassing(rules)).toEqual(['4: 2 from 10.5.0.0/16 to 10.2.9.0/24 goto 11']);
    made.remove(clear);
    expect(bypassing(rules)).toEqual([]);
  });

  it('are passed over by a packet without a source where any it can get bypasses', () => {
    const { made, rules, own } = host(['10.1.0.1']);
    made.add(policy('10.1.0.0/16', '10.2.0.0/16'));
    made.add(policy('10.1.0.0/24', '10.2.9.0/24', { action: 'bypass', priority: 9 }));
    const both = ['4: 2 from 10.1.0.0/24 to 10.2.9.0/24 goto 11', '4: 8 to 10.2.9.0/24 goto 11'];
    expect(bypassing(rules)).toEqual(both);
    own.push(octets('10.1.7.1'));
    made.refresh();
    expect(bypassing(rules)).toEqual(both.slice(0, 1));
  });

  it('are not passed over where what comes first says else', () => {
    const { made, rules } = host();
    const first = policy('10.1.0.1/32', '10.2.0.0/16', { priority: 5 });
    const other = policy('10.1.0.1/32', '10.4.0.0/16', { priority: 5 });
    const clear = policy('10.1.0.0/16', '10.2.9.0/24', { action: 'bypass', priority: 6 });
    for (const each of [clear, other]) made.add(each);
    const open = ['4: 2 from 10.1.0.0/16 to 10.2.9.0/24 goto 11'];
    expect(bypassing(rules)).toEqual(open);
    made.add(first);
    expect(bypassing(rules)).toEqual([]);
    made.remove(first);
    expect(bypassing(rules)).toEqual(open);
    made.add({ ...first, action: 'discard' });
    expect(bypassing(rules)).toEqual([]);
  });

  it('of equal priority: the newest says', () => {
    const { made, rules } = host();
    const clear = policy('10.1.0.0/16', '10.2.0.0/16', { action: 'bypass' });
    made.add(clear);
    const tunnel = policy('10.1.0.0/16', '10.2.0.0/16');
    made.add(tunnel);
    expect(bypassing(rules)).toEqual([]);
    made.add({ ...clear });
    expect(bypassing(rules)).toHaveLength(1);
  });

  it('of one protocol are rules, and the rest of the traffic goes as before', () => {
    const { made, routes, rules } = host(['10.1.0.9']);
    const web = policy('10.1.0.9/32', '10.2.0.0/16');
    const only: RoutedPolicy = {
      ...web,
      local: { ...web.local, protocol: 6 },
      remote: { ...web.remote, protocol: 6, startPort: 80, endPort: 81 },
    };
    made.add(only);
    expect([...routes]).toEqual([
      ['0 10.2.0.0/16', 'dev 9, refused'],
      ['1 10.2.0.0/16', 'dev 9 src 10.1.0.9, refused'],
    ]);
    expect(rules.slice(bare.length)).toEqual([
      '4: 3 from 10.1.0.9/32 protocol 6 dport 80-81 table 0',
      '4: 9 protocol 6 dport 80-81 table 1',
    ]);
    // All but this: after the rule of the narrow one, and not for packets that may be of it.
    const rest = policy('10.1.0.9/32', '10.2.0.0/16', { action: 'bypass', priority: 11 });
    made.add(rest);
    expect(bypassing(rules)).toEqual(['4: 4 from 10.1.0.9/32 to 10.2.0.0/16 goto 11']);
    for (const each of [only, rest]) made.remove(each);
    expect([[...routes], rules]).toEqual([[], bare]);
    const clear = { ...only, action: 'bypass' as const };
    made.add(clear);
    expect([...routes]).toEqual([]);
    expect(rules.slice(bare.length)).toEqual([
      '4: 2 from 10.1.0.9/32 to 10.2.0.0/16 protocol 6 dport 80-81 goto 11',
      '4: 8 to 10.2.0.0/16 protocol 6 dport 80-81 goto 11',
    ]);
    made.remove(clear);
    expect(rules).toEqual(bare);
  });

  it('bypass nothing by what routing cannot see', () => {
    const { made, rules } = host();
    made.add(
      policy('::/0', '::/0', { action: 'bypass' }, { protocol: 58, startPort: 0x8500, endPort: 0x85ff }),
    );
    expect(rules).toEqual(bare);
  });

  it('of IPv6 hold also for packets that have no source yet', () => {
    const { made, routes, rules } = host(['2001:db8:1::9']);
    made.add(policy('2001:db8:1::/48', '::/0'));
    expect([...routes]).toEqual([
      ['0 ::/0', 'dev 9, refused'],
      ['1 ::/0', 'dev 9 src 2001:db8:1::9, refused'],
    ]);
    expect(rules.slice(bare.length)).toEqual(['6: 5 from 2001:db8:1::/48 table 0', '6: 10 table 1']);
  });

  it('follow the addresses of the host', () => {
    const { made, routes, own } = host();
    made.add(policy('10.3.0.7/32', '0.0.0.0/0'));
    expect([...routes.values()]).toEqual(['dev 9, refused']);
    own.push(octets('10.3.0.7'));
    made.refresh();
    expect([...routes.values()]).toEqual(['dev 9, refused', 'dev 9 src 10.3.0.7, refused']);
    own.pop();
    made.refresh();
    expect([...routes.values()]).toEqual(['dev 9, refused']);
  });

  it('refuse what the device cannot take, and come again with it', () => {
    const { made, routes, down } = host();
    down.add(9);
    made.add(policy('10.1.0.0/16', '10.2.0.0/16'));
    made.device(undefined);
    made.add(policy('10.1.0.0/16', '10.3.0.0/16'));
    expect([...routes.values()]).toEqual(['refused', 'refused']);
    made.device(10);
    expect([...routes.values()]).toEqual(['dev 10, refused', 'dev 10, refused']);
  });

  it('of two IP versions at once are none', () => {
    const { made, routes, rules } = host();
    made.add(policy('10.1.0.0/16', '2001:db8::/32'));
    expect([[...routes], rules]).toEqual([[], bare]);
  });

  it('are all there, or none of them', () => {
    const { made, routes, rules } = host(['10.1.0.9'], ({ to }) => to.length === 30);
    const even = policy('10.1.0.0/16', '10.2.0.2/31');
    made.add(even);
    const before = [[...routes], [...rules]];
    const uneven = policy('10.1.0.0/16', '10.2.0.0/24', {
      remote: { ...selector('10.2.0.0/24'), start: octets('10.2.0.2'), end: octets('10.2.0.7') },
    });
    expect(() => made.add(uneven)).toThrow('EPERM');
    expect([[...routes], rules]).toEqual(before);
    made.remove(even);
    expect([[...routes], rules]).toEqual([[], bare]);
  });

  it('are gone at the end', () => {
    const { made, routes, rules } = host();
    made.sockets([{ address: octets('192.0.2.1'), port: 4500 }]);
    made.add(policy('10.1.0.0/16', '10.2.0.0/16'));
    made.add(policy('10.1.0.0/16', '10.2.3.0/24', { action: 'bypass' }));
    made.clear();
    expect([[...routes], rules]).toEqual([[], []]);
  });
});

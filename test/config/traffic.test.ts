import { describe, expect, test } from 'vitest';
import { formatRange } from '../../src/policy/range.ts';
import type { SelectorPolicy } from '../../src/policy/selector.ts';
import { conn, errors, good, pad, read, remarks } from './read.ts';

const shown = (each: SelectorPolicy): string => {
  const ports = each.protocol === 0 ? '' : ` ${each.protocol}/${each.startPort}-${each.endPort}`;
  return `${each.dynamic ? 'host' : formatRange(each)}${ports}`;
};

describe('traffic', () => {
  test.each([
    ['nothing', [], ['host | host']],
    ['subnets', ['leftsubnet=10.0.0.1/8', 'rightsubnet=10.1.0.0/255.255.0.0'], ['10.0.0.0/8 | 10.1.0.0/16']],
    [
      'several selectors in one child',
      ['leftsubnet=10.0.0.0/24,10.0.2.0/24'],
      ['10.0.0.0/24 10.0.2.0/24 | host'],
    ],
    [
      'IPv6 inside IPv4',
      ['leftsubnet=2001:db8:1::/64', 'rightsubnet=2001:db8:2::/64'],
      ['2001:db8:1::/64 | 2001:db8:2::/64'],
    ],
    ['a protocol', ['leftprotoport=tcp/ssh', 'rightprotoport=tcp'], ['host 6/22-22 | host 6/0-65535']],
    ['a protocol for both', ['rightprotoport=17/1701'], ['host 17/0-65535 | host 17/1701-1701']],
    ['any port', ['leftprotoport=17/%any'], ['host 17/0-65535 | host 17/0-65535']],
    ['ICMP type and code', ['leftprotoport=icmp/2048'], ['host 1/2048-2048 | host 1/0-65535']],
    ['ICMPv6', ['leftprotoport=ipv6-icmp/34816'], ['host 58/34816-34816 | host 58/0-65535']],
    ['port 0 is any', ['leftprotoport=tcp/0'], ['host 6/0-65535 | host 6/0-65535']],
    ['hexadecimal and octal', ['leftprotoport=0x11/0x800'], ['host 17/2048-2048 | host 17/0-65535']],
    ['octal', ['leftprotoport=tcp/010'], ['host 6/8-8 | host 6/0-65535']],
    ['a port range', ['leftprotoport=tcp/1024-2047'], ['host 6/1024-2047 | host 6/0-65535']],
    ['a port range from 0', ['leftprotoport=tcp/0-9'], ['host 6/0-9 | host 6/0-65535']],
    ['a port with - in its name', ['leftprotoport=udp/ipsec-nat-t'], ['host 17/4500-4500 | host 17/0-65535']],
    ['opaque ports', ['leftprotoport=udp/%opaque'], ['host 17/65535-0 | host 17/0-65535']],
    ['ICMP echo', ['leftprotoport=icmp/8/0'], ['host 1/2048-2048 | host 1/0-65535']],
    ['ICMP echo reply', ['leftprotoport=icmp/0/0'], ['host 1/0-0 | host 1/0-65535']],
    ['every code of an ICMP type', ['leftprotoport=icmp/3/%any'], ['host 1/768-1023 | host 1/0-65535']],
    ['some codes of an ICMP type', ['leftprotoport=icmp/3/0-5'], ['host 1/768-773 | host 1/0-65535']],
    ['ICMPv6 by type', ['leftprotoport=ipv6-icmp/136/0'], ['host 58/34816-34816 | host 58/0-65535']],
    ['a protocol in the subnet', ['leftsubnet=10.0.0.0/8/tcp'], ['10.0.0.0/8 6/0-65535 | host 6/0-65535']],
    [
      'ports in the subnets',
      ['leftsubnet=10.0.0.0/24/tcp/22,10.0.2.0/24/udp/53-54', 'rightsubnet=10.1.0.0/16'],
      ['10.0.0.0/24 6/22-22 10.0.2.0/24 17/53-54 | 10.1.0.0/16'],
    ],
    [
      'a mask, a bare address and a range with ports',
      ['leftsubnet="10.0.0.0/255.0.0.0/tcp/22 10.9.0.1//6/80 10.9.0.2-10.9.0.4/tcp/443"'],
      ['10.0.0.0/8 6/22-22 10.9.0.1/32 6/80-80 10.9.0.2-10.9.0.4 6/443-443 | host 6/0-65535'],
    ],
    [
      'both families in one child',
      ['leftsubnet=10.0.0.0/24,2001:db8:1::/64', 'rightsubnet=10.1.0.0/24,2001:db8:2::/64'],
      ['10.0.0.0/24 2001:db8:1::/64 | 10.1.0.0/24 2001:db8:2::/64'],
    ],
    [
      'a list of subnets with each of the others',
      ['leftsubnet=10.0.0.0/24,10.0.2.0/24', 'rightsubnets={10.1.0.0/24 10.1.1.0/24}'],
      ['10.0.0.0/24 10.0.2.0/24 | 10.1.0.0/24', '10.0.0.0/24 10.0.2.0/24 | 10.1.1.0/24'],
    ],
    [
      'protoport for every pair',
      ['leftsubnets={10.0.0.0/24,10.0.1.0/24}', 'rightprotoport=tcp/22'],
      ['10.0.0.0/24 6/0-65535 | host 6/22-22', '10.0.1.0/24 6/0-65535 | host 6/22-22'],
    ],
  ])('%s', (_, lines, children) => {
    expect(
      pad(...lines).children.map(
        ({ local, remote }) => `${local.map(shown).join(' ')} | ${remote.map(shown).join(' ')}`,
      ),
    ).toEqual(children);
  });

  test("leftsubnets= makes a child of every pair, under pluto's names", () => {
    const two = pad('leftsubnets="10.0.0.0/24 10.0.1.0/24"', 'rightsubnets={10.1.0.0/24,10.1.1.0/24}');
    expect(two.children.map(({ name }) => name)).toEqual(['a/1x1', 'a/1x2', 'a/2x1', 'a/2x2']);
    expect(two.children[1]?.remote.map(shown)).toEqual(['10.1.1.0/24']);
    expect(
      pad('leftsubnets={10.0.0.0/24}', 'rightsubnet=10.1.0.0/24').children.map(({ name }) => name),
    ).toEqual(['a/1x0']);
  });

  test('the numbers are those of left and right, whichever is ours', () => {
    const file = conn('left=198.51.100.2', 'right=192.0.2.1', 'rightsubnets={10.1.0.0/24,10.1.1.0/24}');
    const [entry] = good(file).policy.pad;
    expect(entry?.children.map(({ name, local }) => `${name} ${local.map(shown)}`)).toEqual([
      'a/0x1 10.1.0.0/24',
      'a/0x2 10.1.1.0/24',
    ]);
  });

  test('pairs of two families are left out, as pluto 5 does', () => {
    const config = good(conn('leftsubnets={10.0.0.0/24,2001:db8:1::/64}', 'rightsubnets={2001:db8:2::/64}'));
    expect(config.policy.pad[0]?.children.map(({ name }) => name)).toEqual(['a/2x1']);
    expect(remarks(config)).toEqual([
      '/c:6:15: warning: a/1x1 is left out: the traffic of one end is IPv4 and of the other IPv6',
    ]);
    expect(errors(read(conn('leftsubnets={10.0.0.0/24}', 'rightsubnets={2001:db8:2::/64}')))).toHaveLength(1);
  });

  test.each([
    [['leftsubnet=10.0.0.0/33'], 'is no subnet'],
    [['leftsubnet=10.0.0.0/'], 'is no subnet'],
    [['leftsubnet=10.0.0.0-10.0.0.9/24'], 'is no subnet'],
    [['leftsubnet=10.0.0.0/8/bogus'], '"10.0.0.0/8/bogus": "bogus" is no protocol'],
    [['leftsubnet=10.0.0.0/8/tcp/bogus'], '"bogus" is no port'],
    [['leftsubnet=10.0.0.0/8/tcp', 'rightsubnet=10.1.0.0/16/udp'], 'different protocols'],
    [['leftsubnet=10.0.0.0/8/tcp', 'leftprotoport=tcp/22'], 'leftprotoport= and the protocol of'],
    [['leftsubnets={10.0.0.0/8/tcp}'], 'a protocol belongs into leftsubnet='],
    [['leftsubnets={10.0.0.0/8,bogus}'], 'is no subnet'],
    [['leftsubnet=10.0.0.0/24,2001:db8:1::/64', 'rightsubnet=10.1.0.0/24'], 'IPv4 and of the other IPv6'],
    [
      [`leftsubnets={${'10.0.0.0/8 '.repeat(33)}}`, `rightsubnets={${'10.1.0.0/16 '.repeat(32)}}`],
      'more than 1024',
    ],
    [['leftsubnet=vhost:%priv,%no'], 'vhost: and vnet: are for IKEv1 only'],
    [['leftsubnet=10.0.0.0/8', 'leftsubnets={10.0.0.0/8}'], 'exclude each other'],
    [['leftsubnet=10.0.0.0/8', 'rightsubnet=2001:db8::/32'], 'IPv4 and of the other IPv6'],
    [['leftsubnet=2001:db8::/32'], 'IPv4 and of the other IPv6'],
    [['type=transport', 'leftsubnet=10.0.0.0/8'], 'transport mode protects'],
    [['leftprotoport=tcp/22', 'rightprotoport=udp/53'], 'different protocols'],
    [['leftprotoport=bogus'], 'is no protocol'],
    [['leftprotoport=tcp/bogus'], 'is no port'],
    [['leftprotoport=tcp/22/3'], 'too many parts'],
    [['leftprotoport=%any/22'], 'is no protocol'],
    [['leftprotoport=0/22'], 'a port needs a protocol'],
    [['leftprotoport=0/%opaque'], 'a port needs a protocol'],
    [['leftprotoport=256'], 'is no protocol'],
    [['leftprotoport=udp/0800'], 'is no port'],
    [['leftprotoport=tcp/65536'], 'is no port'],
    [['leftprotoport=tcp/9-8'], 'is no port'],
    [['leftprotoport=tcp/1-2-3'], 'is no port'],
    [['leftprotoport=icmp/256/0'], '"256/0" is no ICMP type and code'],
    [['leftprotoport=icmp/8/256'], 'is no ICMP type and code'],
    [['leftprotoport=icmp/8/0/0'], 'too many parts'],
    [['leftsubnets={}', 'auto=add'], undefined],
  ])('%j', (lines, message) => {
    const all = errors(read(conn(...lines)));
    if (message === undefined) expect(all).toEqual([]);
    else
      expect(
        all.filter((each) => each.includes(message)),
        all.join('\n'),
      ).not.toHaveLength(0);
  });

  test("transport mode takes a subnet that is the host's own address", () => {
    expect(pad('type=transport', 'leftsubnet=192.0.2.1/32').children).toMatchObject([{ mode: 'transport' }]);
  });

  test('type=passthrough, drop and reject need no peer and no key', () => {
    const file =
      'conn let-my-dns-go\n\tleft=%defaultroute\n\tleftprotoport=17/%any\n\tright=0.0.0.0\n\trightsubnet=0.0.0.0/0\n\trightprotoport=17/53\n\ttype=passthrough\n\tauto=route\nconn block\n\tleft=192.0.2.1\n\tright=%any\n\ttype=drop\n\tauthby=never\n\tauto=ondemand\n';
    const { policy } = good(file, {}, '');
    expect(policy.pad).toEqual([]);
    expect(
      policy.shunts?.map(({ action, local, remote }) => `${action} ${local.map(shown)} ${remote.map(shown)}`),
    ).toEqual(['bypass 192.0.2.1/32 17/0-65535 0.0.0.0/0 17/53-53', 'discard 192.0.2.1/32 0.0.0.0/0']);
  });
});

/**
 * A client asks for an internal address, a gateway gives one of its pool.
 *
 *   client                                            gateway
 *     | IKE_AUTH { IDi AUTH CP(CFG_REQUEST) SA TSi=any TSr } -->|  leases
 *     |<-- IKE_AUTH { IDr AUTH CP(CFG_REPLY) SA TSi=lease TSr } |
 *     | INFORMATIONAL { D } -->                                 |  the lease is back
 */
import { describe, expect, it } from 'vitest';
import { drop, on, tampered } from '../../src/testing/index.ts';
import { CfgAttribute, CfgType, ExchangeType, NotifyType } from '../../src/wire/index.ts';
import { client, down, gateway, given, octets, poolOf, road, traffic } from './configuration-pair.ts';
import { cryptos } from './cryptos.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';

const small = poolOf('10.3.0.1-10.3.0.2');
const wide = poolOf('10.3.0.0/16');
const ipv6 = poolOf('2001:db8:3::1-2001:db8:3::ffff');

describe.each(cryptos)('configuration with %s', (_name, ends) => {
  it('gives the client an address, and traffic selectors with it', () => {
    const dns = [octets('10.2.0.53'), octets('2001:db8:2::53')];
    const both = road({ ...ends, gateway: gateway([small], { dns, domains: ['corp.example'] }) }).up();
    expectUp(both);
    expect(given(both.initiator)).toMatchObject({
      addresses: ['10.3.0.1/32'],
      dns: ['10.2.0.53', '2001:db8:2::53'],
      domains: ['corp.example'],
      subnets: ['10.2.0.0/16'],
    });
    expect(only(both.responder.told('leased')).addresses).toEqual(['10.3.0.1']);
    expect(traffic(both.initiator)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
    expect(traffic(both.responder)).toEqual(['10.2.0.0/16 === 10.3.0.1/32']);
    expect(only(both.initiator.ikeSas).internal).toEqual({ local: ['10.3.0.1/32'], remote: [] });
    expect(only(both.responder.ikeSas).internal).toEqual({ local: [], remote: ['10.3.0.1/32'] });
    down(both);
    expectNothing(both);
  });
});

describe('configuration', () => {
  it('of both families, in one child', () => {
    const both = road({
      gateway: gateway([small, ipv6]),
      client: client('ipv4', 'ipv6'),
      behind: '10.2.0.0/16,2001:db8:2::/48',
    }).up();
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32', '2001:db8:3::1/128']);
    expect(given(both.initiator)?.subnets).toEqual(['10.2.0.0/16', '2001:db8:2::/48']);
    expect(traffic(both.initiator)).toEqual([
      '10.3.0.1/32 2001:db8:3::1/128 === 10.2.0.0/16 2001:db8:2::/48',
    ]);
    expectUp(both);
    // No policy from IPv4 to IPv6: three directions for each family.
    expect(both.initiator.memory.policies).toHaveLength(6);
    down(both);
    expectNothing(both);
  });

  it('gives what there is when only one family has a pool', () => {
    const both = road({
      gateway: gateway([small]),
      client: client('ipv4', 'ipv6'),
      behind: '10.2.0.0/16,2001:db8:2::/48',
    }).up();
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32']);
    expect(both.responder.memory.policies).toHaveLength(3);
  });

  it('gives prefixes', () => {
    const both = road({
      gateway: gateway([poolOf('2001:db8:4::/48', 64)]),
      client: client('ipv6'),
      behind: '2001:db8:2::/48',
    }).up();
    expect(given(both.initiator)).toMatchObject({
      addresses: ['2001:db8:4::1/64'],
      prefixes: ['2001:db8:4::/64'],
    });
    expect(traffic(both.initiator)).toEqual(['2001:db8:4::/64 === 2001:db8:2::/48']);
    expect(only(both.responder.told('leased')).addresses).toEqual(['2001:db8:4::/64']);
  });

  it('tells a netmask where the policy has one, and no domain without a server for it', () => {
    const server = gateway([small], { netmask: octets('255.255.255.0'), domains: ['corp.example'] });
    const both = road({ gateway: server }).up();
    expect(given(both.initiator)).toMatchObject({ addresses: ['10.3.0.1/24'], dns: [], domains: [] });
    expect(traffic(both.initiator)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
  });

  it('goes on from the second pool of a family when the first is exhausted', () => {
    const pools = [poolOf('10.3.0.1'), poolOf('10.4.0.1')];
    const first = road({ gateway: gateway(pools) }).up();
    const other = { address: '10.0.0.3', identity: '@other.example' };
    const second = first.network.host({
      name: 'second',
      addresses: [other.address],
      policy: first.change('initiator', { ...other, ...{ address: other.address } } as object),
    });
    second.up(first.name);
    first.network.settle();
    expect(second.established).toHaveLength(0);
  });
});

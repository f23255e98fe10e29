/**
 * A client asks for an internal address, a gateway gives one of its pool.
 *
 *   client                                            gateway
 *     | IKE_AUTH { IDi AUTH CP(CFG_REQUEST) SA TSi=any TSr } -->|  leases
 *     |<-- IKE_AUTH { IDr AUTH CP(CFG_REPLY) SA TSi=lease TSr } |
 *     | INFORMATIONAL { D } -->                                 |  the lease is back
 */
import { describe, expect, it } from 'vitest';
import { misbehave, on, tampered } from '../../src/testing/index.ts';
import { CfgAttribute, ExchangeType } from '../../src/wire/index.ts';
import {
  another,
  client,
  down,
  gateway,
  given,
  octets,
  poolOf,
  road,
  traffic,
} from './configuration-pair.ts';
import { cryptos } from './cryptos.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';

const small = poolOf('10.3.0.1-10.3.0.2');
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
  it('said twice is told of once', () => {
    const dns = [octets('10.2.0.53')];
    const both = road({ gateway: gateway([small], { dns, domains: ['corp.example'] }) });
    misbehave(both.network, both.responder, {
      rules: [
        {
          on: { direction: 'out', exchange: 'IKE_AUTH', message: 'response' },
          do: { action: 'set', payload: 'CP', field: 'attributes.*', duplicate: true },
        },
      ],
    });
    both.up();
    expectUp(both);
    expect(given(both.initiator)).toMatchObject({
      addresses: ['10.3.0.1/32'],
      dns: ['10.2.0.53'],
      domains: ['corp.example'],
      subnets: ['10.2.0.0/16'],
    });
    expect(only(both.initiator.ikeSas).internal).toEqual({ local: ['10.3.0.1/32'], remote: [] });
  });

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

  it('goes on in the second pool of a family when the first is exhausted', () => {
    const both = road({ gateway: gateway([poolOf('10.3.0.1'), poolOf('10.4.0.1')]) }).up();
    expect(given(another(both))?.addresses).toEqual(['10.4.0.1/32']);
  });

  it('lives through a rekey of the IKE SA and of the child, and goes with the last', () => {
    const both = road({ gateway: gateway([small]) }).up();
    for (const end of [both.initiator, both.responder]) {
      for (const what of ['ike', 'children'] as const) {
        end.command({ kind: 'rekey', name: both.name, what });
        both.network.advance(70_000);
        expect(only(both.responder.ikeSas).internal.remote).toEqual(['10.3.0.1/32']);
        expect(only(both.initiator.ikeSas).internal.local).toEqual(['10.3.0.1/32']);
        expect(traffic(both.initiator)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
        expectMirrored(both.initiator, both.responder);
      }
    }
    expect(both.responder.held.leases).toBe(1);
    down(both);
    expectNothing(both);
  });

  it('is one lease for all children of an IKE SA', () => {
    const both = road({ gateway: gateway([small]) }).up();
    both.initiator.command({ kind: 'upChild', name: both.name, child: both.name });
    both.network.settle();
    expect(traffic(both.initiator)).toEqual(Array(2).fill('10.3.0.1/32 === 10.2.0.0/16'));
    expect(both.responder.held.leases).toBe(1);
    expect(both.initiator.told('configured')).toHaveLength(1);
  });

  it('without any pool: only name servers are told, the client gets no child', () => {
    const server = gateway([], { required: false, dns: [octets('10.2.0.53')] });
    const both = road({ gateway: server }).up();
    expect(given(both.initiator)).toMatchObject({ addresses: [], dns: ['10.2.0.53'] });
    expect(only(both.initiator.established).children).toEqual([]);
    expect(both.initiator.failures).toMatchObject([{ code: 'LOCAL' }]);
    expect(both.responder.children).toEqual([]);
  });
});

describe('a client that asks', () => {
  it('of a gateway that gives nothing keeps the IKE SA, without a child at either end', () => {
    const both = road({ gateway: gateway([small]), responder: { entry: { configuration: client() } } }).up();
    expect(only(both.initiator.established).children).toEqual([]);
    expect(both.initiator.failures).toHaveLength(1);
    expect(both.responder.children).toEqual([]);
    expect(both.initiator.memory.sas).toEqual([]);
  });

  it('refuses selectors without the address it was given', () => {
    const both = road({ gateway: gateway([small]) });
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((payload) =>
            payload.kind === 'tsi'
              ? {
                  ...payload,
                  selectors: payload.selectors.map((each) =>
                    each.kind === 'range'
                      ? { ...each, start: octets('10.9.0.1'), end: octets('10.9.0.1') }
                      : each,
                  ),
                }
              : payload,
          ),
        ),
      ),
    );
    both.up();
    expect(both.initiator.failures).toMatchObject([{ code: 'BAD_MESSAGE' }]);
    expect(both.initiator.children).toEqual([]);
    expect(both.responder.children).toEqual([]);
  });

  it('passes over what makes no sense in an answer', () => {
    const both = road({ gateway: gateway([small], { dns: [octets('10.2.0.53')] }) });
    const text = (value: string) => new TextEncoder().encode(value);
    const hostile = [
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: octets('127.0.0.1') },
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: new Uint8Array(3) },
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: new Uint8Array(0) },
      { type: CfgAttribute.INTERNAL_IP6_ADDRESS, value: Uint8Array.of(...octets('2001:db8::1'), 64) },
      { type: CfgAttribute.INTERNAL_IP4_NETMASK, value: octets('255.0.255.0') },
      { type: CfgAttribute.INTERNAL_IP4_DNS, value: octets('224.0.0.1') },
      { type: CfgAttribute.INTERNAL_IP4_SUBNET, value: Uint8Array.of(10, 8, 0, 0, 0, 255, 0, 0) },
      ...['$(reboot)', 'a b', 'evil\nnameserver 1.2.3.4', '', '.', 'a..b', 'x'.repeat(300), '\0'].map(
        (name) => ({
          type: CfgAttribute.INTERNAL_DNS_DOMAIN,
          value: text(name),
        }),
      ),
      { type: CfgAttribute.INTERNAL_DNS_DOMAIN, value: text('Corp.Example.') },
      { type: 28_676, value: new Uint8Array(14) },
    ];
    both.network.fate(
      on(
        { exchange: ExchangeType.IKE_AUTH, response: true },
        tampered(both.network.keys, ({ payloads }) =>
          payloads.map((payload) =>
            payload.kind === 'configuration'
              ? { ...payload, attributes: [...hostile, ...payload.attributes] }
              : payload,
          ),
        ),
      ),
    );
    both.up();
    expect(given(both.initiator)).toMatchObject({
      addresses: ['10.3.0.1/32'],
      prefixes: [],
      dns: ['10.2.0.53'],
      domains: ['corp.example'],
      subnets: ['10.2.0.0/16'],
    });
    expectUp(both);
  });

  it('asks again with the next child, when there was none for it', () => {
    const both = road({ gateway: gateway([poolOf('10.3.0.1')]) });
    const first = another(both);
    both.up();
    expect(only(both.initiator.established).children).toEqual([]);
    first.down(both.name);
    both.network.settle();
    both.initiator.command({ kind: 'upChild', name: both.name, child: both.name });
    both.network.settle();
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32']);
    expect(traffic(both.initiator)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
    expectUp(both);
  });
});

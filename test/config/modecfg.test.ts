/** addresspool=, modecfg*=: who is the gateway, who the client, and of what pool. */
import { describe, expect, it } from 'vitest';
import type { PadEntry } from '../../src/policy/policy.ts';
import { formatRange } from '../../src/policy/range.ts';
import { formatSelector } from '../../src/policy/selector.ts';
import { formatAddress } from '../../src/wire/address.ts';
import { conn, errors, good, pad, read, remarks } from './read.ts';

/** Left is this host. */
const gateway = (...lines: string[]) => {
  const subnet = lines.some((line) => line.startsWith('leftsubnet=')) ? [] : ['leftsubnet=0.0.0.0/0'];
  const roles = ['leftmodecfgserver=yes', 'rightmodecfgclient=yes'];
  return pad('right=%any', 'rightid=%any', ...roles, ...subnet, ...lines);
};

const poolsOf = ({ configuration }: PadEntry) =>
  configuration?.role === 'server'
    ? configuration.pools.map((pool) => `${formatRange(pool)} ${pool.prefixLength ?? ''}`.trim())
    : undefined;

const traffic = ({ children }: PadEntry) =>
  children.map(
    ({ local, remote }) =>
      `${local.map(formatSelector).join(' ')} === ${remote.map(formatSelector).join(' ')}`,
  );

describe('a gateway', () => {
  it('as the manual has it', () => {
    const entry = gateway(
      'rightaddresspool=192.168.1.100-192.168.1.200',
      'modecfgdns="10.2.0.53, 2001:db8::53 10.2.0.54"',
      'modecfgdomains=corp.example,example.net.',
    );
    expect(poolsOf(entry)).toEqual(['192.168.1.100-192.168.1.200']);
    expect(entry.configuration).toMatchObject({
      role: 'server',
      required: true,
      keepLeases: true,
      domains: ['corp.example', 'example.net'],
    });
    const { dns } = entry.configuration as { dns: readonly Uint8Array[] };
    expect(dns.map(formatAddress)).toEqual(['10.2.0.53', '2001:db8::53', '10.2.0.54']);
    expect(traffic(entry)).toEqual(['0.0.0.0/0 === dynamic']);
  });

  it.each([
    ['2001:db8:0:3:1::/97', '2001:db8:0:3:1::1-2001:db8:0:3:1:0:7fff:ffff'],
    ['2001:db8:1::/48/64', '2001:db8:1::/48 64'],
    ['10.3.0.0/24', '10.3.0.1-10.3.0.254'],
    ['10.3.0.0/31', '10.3.0.0/31'],
    ['10.3.0.7', '10.3.0.7/32'],
    ['100.64.0.0/10', '100.64.0.1-100.127.255.254'],
  ])('with rightaddresspool=%s', (text, range) => {
    expect(poolsOf(gateway('leftsubnet=0.0.0.0/0,::/0', `rightaddresspool=${text}`))).toEqual([range]);
  });

  it('with pools of both families', () => {
    const entry = gateway('leftsubnet=0.0.0.0/0,::/0', 'rightaddresspool=10.3.0.1-10.3.0.9,2001:db8::/64');
    expect(poolsOf(entry)).toEqual(['10.3.0.1-10.3.0.9', '2001:db8::1-2001:db8::ffff:ffff:ffff:ffff']);
    expect(traffic(entry)).toEqual(['0.0.0.0/0 ::/0 === dynamic']);
  });

  it('needs no more than the pool to be one', () => {
    expect(
      poolsOf(pad('right=%any', 'leftsubnet=10.2.0.0/16', 'rightaddresspool=10.3.0.1-10.3.0.9')),
    ).toEqual(['10.3.0.1-10.3.0.9']);
  });

  it('without a pool tells name servers only', () => {
    expect(gateway('modecfgdns=10.2.0.53').configuration).toMatchObject({ pools: [], required: false });
  });

  it('with share-lease=no keeps no lease', () => {
    const entry = gateway('rightaddresspool=10.3.0.1-10.3.0.9', 'share-lease=no');
    expect(entry.configuration).toMatchObject({ keepLeases: false });
  });
});

describe('a client', () => {
  it.each([
    ['leftsubnet=0.0.0.0/0', 'rightsubnet=0.0.0.0/0', ['ipv4'], 'dynamic === 0.0.0.0/0'],
    ['leftsubnet=::/0', 'rightsubnet=::/0', ['ipv6'], 'dynamic === ::/0'],
    [
      'leftsubnet=0.0.0.0/0,::/0',
      'rightsubnet=0.0.0.0/0,::/0',
      ['ipv4', 'ipv6'],
      'dynamic === 0.0.0.0/0 ::/0',
    ],
    ['narrowing=yes', 'rightsubnet=2001:db8::/64', ['ipv6'], 'dynamic === 2001:db8::/64'],
    ['narrowing=yes', 'narrowing=yes', ['ipv4'], 'dynamic === dynamic'],
    ['leftprotoport=tcp', 'rightsubnet=10.2.0.0/16', ['ipv4'], 'dynamic[tcp] === 10.2.0.0/16[tcp]'],
  ])('%s %s', (own, peers, families, selectors) => {
    const entry = pad('leftmodecfgclient=yes', 'rightmodecfgserver=yes', ...new Set([own, peers]));
    expect(entry.configuration).toEqual({ role: 'client', families, dns: true });
    expect(traffic(entry)).toEqual([selectors]);
  });

  it('is the end whose pool it is, when both hosts read one file', () => {
    const entry = pad(
      'leftaddresspool=10.3.0.1-10.3.0.9',
      'rightsubnet=10.2.0.0/16',
      'rightmodecfgserver=yes',
    );
    expect(entry.configuration).toMatchObject({ role: 'client', families: ['ipv4'] });
  });

  it('with ignore-peer-dns=yes asks for no name server', () => {
    expect(pad('leftmodecfgclient=yes', 'ignore-peer-dns=yes').configuration).toMatchObject({ dns: false });
  });

  it('asks only behind a NAT where its address would be translated', () => {
    const { configuration } = pad('leftmodecfgclient=yes', 'leftcat=yes');
    expect(configuration).toMatchObject({ role: 'client', onlyBehindNat: true });
  });

  it('is none without a word of it', () => {
    expect(pad().configuration).toBeUndefined();
    expect(pad('leftmodecfgclient=no', 'rightmodecfgclient=yes').configuration).toBeUndefined();
  });
});

describe('mistakes', () => {
  it.each([
    [
      ['rightaddresspool=10.3.0.1-10.3.0.9', 'rightsubnet=10.3.0.0/24'],
      'rightsubnet= and rightaddresspool= exclude',
    ],
    [
      ['rightaddresspool=10.3.0.1-10.3.0.9', 'leftaddresspool=10.4.0.1-10.4.0.9'],
      'both ends have an addresspool=',
    ],
    [['rightaddresspool=10.3.0.9-10.3.0.1'], '"10.3.0.9-10.3.0.1" is no range of addresses'],
    [['rightaddresspool=10.3.0.x'], '"10.3.0.x" is no range of addresses'],
    [['rightaddresspool=0.0.0.0-10.0.0.9'], 'begins with the address zero'],
    [['rightaddresspool=10.3.0.0/16/24'], 'gives out IPv4 prefixes'],
    [['rightaddresspool=2001:db8::/64/48', 'leftsubnet=::/0'], 'has no prefixes of 48 bits'],
    [['rightaddresspool=10.3.0.1-10.3.0.9,10.3.0.5-10.3.0.7'], 'overlaps another of its pools'],
    [['rightaddresspool=10.3.0.1-10.3.0.9', 'type=transport'], 'type=transport protects'],
    [['rightaddresspool=2001:db8::/64', 'leftsubnet=10.2.0.0/16'], 'IPv4 and of the other IPv6'],
    [['leftmodecfgserver=yes', 'modecfgdns=ns.example'], '"ns.example" is no address'],
    [['leftmodecfgserver=yes', 'modecfgdomains=$(reboot)'], '"$(reboot)" is no domain'],
  ])('%j', (lines, expected) => {
    expect(errors(read(conn(...lines))).join('\n')).toContain(expected);
  });

  it('pools of two conns that overlap without being one', () => {
    const two = (first: string, second: string) =>
      `${conn('right=%any', 'rightid=@b', `rightaddresspool=${first}`)}${conn(
        'right=%any',
        'rightid=@c',
        `rightaddresspool=${second}`,
      ).replace('conn a', 'conn b')}`;
    expect(errors(read(two('10.3.0.1-10.3.0.9', '10.3.0.9-10.3.0.12'))).join()).toContain(
      'overlaps that of conn "a"',
    );
    expect(good(two('10.3.0.1-10.3.0.9', '10.3.0.1-10.3.0.9')).policy.pad).toHaveLength(2);
    expect(good(two('10.3.0.1-10.3.0.9', '10.3.0.10-10.3.0.12')).policy.pad).toHaveLength(2);
  });

  it('domains without a name server are warned about', () => {
    const said = remarks(read(conn('leftmodecfgserver=yes', 'modecfgdomains=corp.example')));
    expect(said.join()).toContain('no use without name servers');
  });
});

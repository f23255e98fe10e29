/** Internal addresses: charon and pluto as our gateway, and as our client. */
import { expect } from 'vitest';
import {
  takeDown as endCharon,
  establish as establishCharon,
  nets,
  pair as pairCharon,
} from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import { takeDown as endPluto, establish as establishPluto, pair as pairPluto } from './pluto-pair.ts';

/** Our conn as the gateway's. */
const gateway = {
  leftmodecfgserver: 'yes',
  rightmodecfgclient: 'yes',
  rightaddresspool: '10.3.0.1-10.3.0.9',
  rightsubnet: '',
  modecfgdns: '10.1.0.53',
  modecfgdomains: 'corp.example',
};

/** Our conn as the client's. */
const client = { leftmodecfgclient: 'yes', rightmodecfgserver: 'yes', leftsubnet: '' };

suite('internal addresses with charon', ['namespaces', 'charon', 'tun', 'ours'], () => {
  const asClient = { vips: '0.0.0.0' };
  const asGateway = { pools: 'p1' };

  it.concurrent('charon is the gateway: we get an address, a name server, and pings through', async ({
    stage,
  }) => {
    const both = await pairCharon(stage, {
      conn: client,
      connection: asGateway,
      child: { remote_ts: 'dynamic' },
      pools: { p1: { addrs: '10.3.0.0/24', dns: '10.2.0.53' } },
    });
    await establishCharon(both, 'ours');
    const sa = await both.ours.established();
    expect(sa.internal.local).toEqual(['10.3.0.1/32']);
    expect(sa.children[0]?.local).toBe('10.3.0.1/32');
    const echo = await both.ours.ping('net', 2);
    expect(echo.code, echo.stdout + echo.stderr).toBe(0);
    await both.ours.says('the peer configured us');
    await both.charon.rekey({ ike: 'psk' });
    await both.charon.when('rekeyed', ([found]) => (found?.fields.uniqueid !== '1' ? true : undefined));
    expect((await both.ours.established()).internal.local).toEqual(['10.3.0.1/32']);
    await endCharon(both, 'ours');
    await establishCharon(both, 'ours');
    expect((await both.ours.established()).internal.local).toEqual(['10.3.0.1/32']);
    await endCharon(both, 'charon');
  });

  it.concurrent('charon is the gateway of both families', async ({ stage }) => {
    const both = await pairCharon(stage, {
      noData: true,
      conn: { ...client, leftsubnet: '0.0.0.0/0,::/0', rightsubnet: '10.2.0.0/16,fd02::/64' },
      connection: { pools: 'p1,p2' },
      child: { remote_ts: 'dynamic', local_ts: '10.2.0.0/16,fd02::/64' },
      pools: { p1: { addrs: '10.3.0.0/24' }, p2: { addrs: 'fd03::/120', dns: 'fd02::53' } },
    });
    await establishCharon(both, 'ours');
    const sa = await both.ours.established();
    expect(sa.internal.local).toEqual(['10.3.0.1/32', 'fd03::1/128']);
    expect(sa.children[0]?.local).toBe('10.3.0.1/32 fd03::1/128');
    await endCharon(both, 'ours');
  });

  it.concurrent('charon has no such address: the child is refused, the IKE SA stands', async ({ stage }) => {
    const both = await pairCharon(stage, {
      conn: client,
      connection: asGateway,
      child: { remote_ts: 'dynamic' },
      pools: { p1: { addrs: 'fd03::/120' } },
    });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toContain('INTERNAL_ADDRESS_FAILURE');
    const [sa] = await both.ours.list();
    expect(sa).toMatchObject({ phase: 'established', children: [] });
  });

  it.concurrent('charon is the client: it gets the same address again, and pings through', async ({
    stage,
  }) => {
    const both = await pairCharon(stage, {
      conn: gateway,
      connection: asClient,
      child: { local_ts: 'dynamic' },
    });
    await both.charon.beside('ip', 'addr', 'add', '10.3.0.1/32', 'dev', 'lo');
    for (const _again of [1, 2]) {
      await establishCharon(both, 'charon');
      expect((await both.ours.established()).internal.remote).toEqual(['10.3.0.1/32']);
      const sa = await both.charon.established();
      expect(sa.fields['local-vips']).toBe('[10.3.0.1]');
      expect(sa.children[0]?.fields['local-ts']).toBe('[10.3.0.1/32]');
      const back = await both.charon.beside(
        ...['ping', '-c', '2', '-i', '0.2', '-W', '2', '-I', '10.3.0.1', nets.ours],
      );
      expect(back.stdout).toContain('2 received');
      await endCharon(both, 'charon');
    }
    expect(both.charon.log).toContain('handling INTERNAL_IP4_DNS attribute failed');
  });

  it.concurrent('charon is the client of both families', async ({ stage }) => {
    const both = await pairCharon(stage, {
      noData: true,
      conn: {
        ...gateway,
        leftsubnet: '10.1.0.0/16,fd01::/64',
        rightaddresspool: '10.3.0.1-10.3.0.9,fd03::/64',
      },
      connection: { vips: '0.0.0.0,::' },
      child: { local_ts: 'dynamic', remote_ts: '10.1.0.0/16,fd01::/64' },
    });
    await establishCharon(both, 'charon');
    expect((await both.charon.established()).fields['local-vips']).toBe('[10.3.0.1 fd03::1]');
    expect((await both.ours.established()).children[0]?.remote).toBe('10.3.0.1/32 fd03::1/128');
    await endCharon(both, 'ours');
  });

  it.concurrent('charon does not ask: FAILED_CP_REQUIRED, the IKE SA stands', async ({ stage }) => {
    const both = await pairCharon(stage, { conn: gateway });
    expect((await both.charon.initiate('net')).code).not.toBe(0);
    expect(both.charon.log).toContain('N(FAIL_CP_REQ)');
    expect((await both.ours.list())[0]).toMatchObject({ phase: 'established', children: [] });
  });

  it.concurrent('we have no such address: INTERNAL_ADDRESS_FAILURE, the IKE SA stands', async ({ stage }) => {
    const both = await pairCharon(stage, {
      conn: { ...gateway, rightaddresspool: 'fd03::/64', leftsubnet: 'fd01::/64', narrowing: 'yes' },
      connection: asClient,
      child: { local_ts: 'dynamic', remote_ts: '0.0.0.0/0,::/0' },
    });
    expect((await both.charon.initiate('net')).code).not.toBe(0);
    await both.ours.says('INTERNAL_ADDRESS_FAILURE');
    expect(both.charon.log).toContain('N(INT_ADDR_FAIL)');
  });
});

suite('internal addresses with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  const untouched = { leftupdown: '%disabled', rightupdown: '%disabled' };

  it.concurrent.for([
    ['IPv4', '10.3.0.1-10.3.0.9', '10.2.0.1/32', '10.2.0.53', ['10.3.0.1/32']],
    ['IPv6', 'fd03::/97', 'fd02::1/128', 'fd02::53', ['fd03::/128']],
  ] as const)(
    'pluto is the gateway, %s',
    async ([_family, pool, rightsubnet, modecfgdns, addresses], { stage }) => {
      // Addresses of a pool are of the hosts' own family with pluto.
      const both = await pairPluto(stage, {
        ipv6: pool.includes(':'),
        conn: { ...client, rightsubnet, modecfgdns, modecfgdomains: 'corp.example' },
        plutoConn: { leftaddresspool: pool, ...untouched },
      });
      await establishPluto(both, 'ours');
      const sa = await both.ours.established();
      expect(sa.internal.local).toEqual(addresses);
      expect(sa.children[0]).toMatchObject({ local: addresses[0], remote: rightsubnet });
      await both.ours.says('the peer configured us');
      await endPluto(both, 'ours');
      await establishPluto(both, 'ours');
      expect((await both.ours.established()).internal.local).toHaveLength(1);
      await endPluto(both, 'ours');
    },
  );

  it.concurrent('pluto is the gateway, and both read the same file', async ({ stage }) => {
    const both = await pairPluto(stage, {
      conn: { ...client, leftaddresspool: '10.3.0.1-10.3.0.9' },
      plutoConn: untouched,
    });
    await establishPluto(both, 'ours');
    expect((await both.ours.established()).internal.local).toEqual(['10.3.0.1/32']);
    await endPluto(both, 'pluto');
  });

  it.concurrent.for([
    ['IPv4', '10.3.0.1-10.3.0.9', '10.1.0.1/32', '0.0.0.0/0', '10.3.0.1/32'],
    ['IPv6', 'fd03::/97', 'fd01::1/128', '::/0', 'fd03::1/128'],
  ] as const)(
    'pluto is the client, %s',
    async ([_family, rightaddresspool, leftsubnet, rightsubnet, address], { stage }) => {
      const both = await pairPluto(stage, {
        conn: { leftsubnet, narrowing: 'yes' },
        oursConn: { ...gateway, rightaddresspool },
        plutoConn: { rightmodecfgclient: 'yes', leftmodecfgserver: 'yes', rightsubnet, ...untouched },
      });
      await establishPluto(both, 'pluto');
      const sa = await both.ours.established();
      expect(sa.internal.remote).toEqual([address]);
      expect(sa.children[0]).toMatchObject({ local: leftsubnet, remote: address });
      expect(both.pluto.log).toContain('received INTERNAL_IP');
      await endPluto(both, 'pluto');
    },
  );

  it.concurrent('pluto does not ask: FAILED_CP_REQUIRED', async ({ stage }) => {
    const both = await pairPluto(stage, { oursConn: gateway, plutoConn: untouched });
    // Its exit code says that the IKE SA is up; the child is what failed.
    await both.pluto.up('net');
    await both.ours.says('FAILED_CP_REQUIRED');
    expect(both.pluto.log).toContain('IKE_AUTH response rejected Child SA with FAILED_CP_REQUIRED');
    expect((await both.ours.list()).flatMap(({ children }) => children)).toEqual([]);
  });
});

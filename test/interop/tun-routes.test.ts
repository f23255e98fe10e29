/** Which packets of a host the TUN device takes, and that nothing protected leaves in clear when it is not there. */
import { expect } from 'vitest';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { suite } from './peers/needs.ts';
import { must, until } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { device, echoes, establish, inner, nets, nets6, on, type TunPair, tunPair } from './tun-pair.ts';

const ends: Keywords = { left: '192.168.1.2', right: '192.168.1.3', auto: 'ondemand' };
const clear = (leftsubnet: string, rightsubnet: string): Keywords => ({
  ...ends,
  authby: 'never',
  type: 'passthrough',
  leftsubnet,
  rightsubnet,
});
const tunnel = (leftsubnet: string, rightsubnet: string, more: Keywords = {}): Keywords => ({
  ...ends,
  leftid: '@left.example',
  rightid: '@right.example',
  authby: 'secret',
  leftsubnet,
  rightsubnet,
  ...more,
});

/** Addresses of the left host's own, and the way to all others. */
async function addressed({ wire: { left, right } }: TunPair, ...addresses: string[]): Promise<void> {
  for (const address of addresses)
    await must(['ip', '-n', left.namespace, 'addr', 'add', `${address}/32`, 'dev', 'lo']);
  const there = await on(left, 'ip', 'route', 'show', 'default');
  if (there.stdout === '')
    await must(['ip', '-n', left.namespace, 'route', 'add', 'default', 'via', right.address]);
}

/** The device packets leave by; what is refused says so. */
async function way({ wire: { left } }: TunPair, to: string, from?: string, ...which: string[]) {
  const asked = ['ip', 'route', 'get', to, ...(from === undefined ? [] : ['from', from]), ...which];
  const { stdout, stderr } = await on(left, ...asked);
  return / dev (\S+)/.exec(stdout)?.[1] ?? stderr.trim();
}

const reaches = (both: TunPair, to: string) =>
  until('an echo comes back', async () => {
    const { code } = await on(both.wire.left, 'ping', '-n', '-c', '1', '-W', '1', to);
    return code === 0 ? true : undefined;
  });

suite('routes into a TUN device', ['namespaces', 'nft', 'tun', 'ours'], () => {
  it('one local end’s passthrough opens nothing for another', async ({ stage }) => {
    const conns = { clear: clear('10.5.0.0/16', '10.2.9.0/24') };
    const both = await tunPair(stage, { conn: nets, conns, sealed: true });
    await establish(both);
    await addressed(both, '10.5.0.1');
    const { left, right } = both.wire;
    await must(['ip', '-n', right.namespace, 'addr', 'add', '10.2.9.1/32', 'dev', 'lo']);
    expect(await way(both, '10.2.9.1', '10.5.0.1')).toBe(left.device);
    expect(await way(both, '10.2.9.1', inner.left)).toBe(device);
    expect(await way(both, '10.2.9.1')).toBe(device);
    await echoes(left, '10.2.9.1');
    await echoes(left, '10.2.9.1', '-I', inner.left);
  });

  it('the passthrough of one flow that negotiates is that flow’s', async ({ stage }) => {
    const gone = {
      right: '192.168.1.99',
      auto: 'ondemand',
      negotiationshunt: 'passthrough',
      narrowing: 'yes',
    };
    const both = await tunPair(stage, { conn: nets, leftConn: gone });
    await addressed(both, '10.1.0.5');
    const { left } = both.wire;
    await on(left, 'ping', '-n', '-c', '1', '-W', '1', '-I', inner.left, inner.right);
    await until('the flow is in clear', async () =>
      (await way(both, inner.right, inner.left, 'ipproto', 'icmp')) === left.device ? true : undefined,
    );
    expect(await way(both, inner.right, '10.1.0.5', 'ipproto', 'icmp')).toBe(device);
    expect(await way(both, '10.2.0.2', inner.left, 'ipproto', 'icmp')).toBe(device);
  });

  it('a passthrough of worse priority opens nothing of a tunnel’s, be its remote end the longer', async ({
    stage,
  }) => {
    const both = await tunPair(stage, {
      conn: { ...nets, leftsubnet: '10.1.0.1/32' },
      conns: { clear: clear('10.1.0.0/16', '10.2.9.0/24') },
    });
    await establish(both);
    await addressed(both, '10.1.0.5');
    expect(await way(both, '10.2.9.1', inner.left)).toBe(device);
    expect(await way(both, '10.2.9.1')).toBe(device);
    expect(await way(both, '10.2.9.1', '10.1.0.5')).toBe(both.wire.left.device);
  });

  it('what fits no policy goes as it would without', async ({ stage }) => {
    const conns = { behind: tunnel('10.7.0.0/16', '10.8.0.0/16') };
    const both = await tunPair(stage, { conn: nets, conns });
    const wire = both.wire.left.device;
    await addressed(both);
    await establish(both);
    expect(await way(both, '10.8.0.1')).toBe(wire);
    expect(await way(both, '10.8.0.1', inner.left)).toBe(wire);
    expect(await way(both, inner.right, both.wire.left.address)).toBe(wire);
    await addressed(both, '10.7.0.1');
    await until('the address is known', async () =>
      (await way(both, '10.8.0.1')) === device ? true : undefined,
    );
    expect(await way(both, inner.right, '10.7.0.1')).toBe(wire);
  });

  it('IPv6: what fits no policy, or bypasses, goes as it would without', async ({ stage }) => {
    const conns = {
      behind: tunnel('fd00:c::/64', 'fd00:d::/64'),
      clear: clear('fd00:e::/64', 'fd00:b:0:0:9::/80'),
    };
    const both = await tunPair(stage, { conn: nets6, conns });
    const { left, right } = both.wire;
    const wire = left.device;
    await must(['ip', '-n', left.namespace, '-6', 'route', 'add', 'default', 'via', right.address6]);
    await must(['ip', '-n', left.namespace, 'addr', 'add', 'fd00:e::1/128', 'dev', 'lo', 'nodad']);
    await establish(both);
    expect(await way(both, 'fd00:d::1')).toBe(wire);
    expect(await way(both, inner.right6, left.address6)).toBe(wire);
    expect(await way(both, inner.right6, inner.left6)).toBe(device);
    expect(await way(both, 'fd00:b:0:0:9::1', 'fd00:e::1')).toBe(wire);
    expect(await way(both, 'fd00:b:0:0:9::1', inner.left6)).toBe(device);
    expect(await way(both, 'fd00:b:0:0:9::1')).toBe(device);
  });

  it('sockets that come with a reload are not in the tunnel that is there', async ({ stage }) => {
    const wide = { leftsubnet: '0.0.0.0/0', rightsubnet: '0.0.0.0/0' };
    const both = await tunPair(stage, { conn: wide });
    await establish(both);
    const { left, right } = both.wire;
    const datagram = ['ipproto', 'udp', 'sport', '4611', 'dport', '4500'];
    expect(await way(both, right.address, left.address, ...datagram)).toBe(device);
    const other = tunnel('10.1.0.0/16', '10.2.0.0/16', { auto: 'add', leftikeport: '4611' });
    const net = tunnel(wide.leftsubnet, wide.rightsubnet, { auto: 'add' });
    const done = await both.left.reload(ipsecConf({ conns: { net, other } }));
    expect(done.code, done.stderr).toBe(0);
    expect(await way(both, right.address, left.address, ...datagram)).toBe(left.device);
    expect(await way(both, right.address, left.address)).toBe(device);
  });
});

suite('a TUN device that goes', ['namespaces', 'nft', 'tun', 'ours'], () => {
  for (const [what, conn, to] of [
    ['IPv4', nets, inner.right],
    ['IPv6', nets6, inner.right6],
  ] as const) {
    it(`${what}: down, nothing leaves in clear; up again, all goes on`, async ({ stage }) => {
      const both = await tunPair(stage, { conn });
      const { left, right } = both.wire;
      const version = what === 'IPv4' ? '-4' : '-6';
      const next = what === 'IPv4' ? right.address : right.address6;
      await must(['ip', '-n', left.namespace, version, 'route', 'add', 'default', 'via', next]);
      await establish(both);
      const link = (...how: string[]) => must(['ip', '-n', left.namespace, 'link', 'set', device, ...how]);
      await link('down');
      expect(await way(both, to)).toMatch(/unreachable|No route to host/);
      await both.left.says(`no protected traffic goes out, the TUN device is not there: link ${device}`);
      expect(await way(both, to)).toMatch(/unreachable|No route to host/);
      await link('up');
      await reaches(both, to);
      await both.left.says('is up again');
      await must(['ip', '-n', left.namespace, '-batch', '-'], {
        input: `link set ${device} down\nlink set ${device} up\n`,
      });
      await reaches(both, to);
      expect(await way(both, to)).toBe(device);
    });

    it(`${what}: deleted, it is made again`, async ({ stage }) => {
      const both = await tunPair(stage, { conn, sealed: true });
      await establish(both);
      await echoes(both.wire.left, to);
      await must(['ip', '-n', both.wire.left.namespace, 'link', 'del', device]);
      await both.left.says('was deleted');
      await reaches(both, to);
      expect(await both.left.terminate()).toBe(0);
    });
  }
});

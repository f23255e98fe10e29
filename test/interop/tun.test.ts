/** The TUN data plane: what a host sends is protected, by nothing but its own routes. */
import { expect } from 'vitest';
import { establish as establishWith } from './both-ends.ts';
import { pair } from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { ikev2 } from './peers/places.ts';
import { must, run, until } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { device, echoes, establish, inner, leftovers, nets, nets6, on, tunPair } from './tun-pair.ts';

suite('two hosts with TUN devices', ['namespaces', 'nft', 'tun', 'ours'], () => {
  for (const outer of ['IPv4', 'IPv6'] as const) {
    for (const [what, conn, left, right] of [
      ['IPv4', nets, inner.left, inner.right],
      ['IPv6', nets6, inner.left6, inner.right6],
    ] as const) {
      it(`${what} in ${outer}: the hosts' own pings, and ours`, async ({ stage }) => {
        const both = await tunPair(stage, { ipv6: outer === 'IPv6', conn, sealed: true });
        await establish(both);
        await echoes(both.wire.left, right);
        await echoes(both.wire.right, left);
        await echoes(both.wire.left, right, '-s', '4000');
        for (const end of [both.left, both.right]) expect((await end.ping('net')).code).toBe(0);
        expect((await both.left.down('net')).code).toBe(0);
        expect((await on(both.wire.left, 'ping', '-n', '-c', '1', '-W', '1', right)).code).not.toBe(0);
      });
    }
  }

  for (const [what, conn, ipv6] of [
    ['host to host, tunnel mode', {}, false],
    ['host to host, transport mode', { type: 'transport' }, false],
    ['host to host, IPv6', {}, true],
    ['everything to everything', { leftsubnet: '0.0.0.0/0', rightsubnet: '0.0.0.0/0' }, false],
    ['everything to everything, IPv6', { leftsubnet: '::/0', rightsubnet: '::/0' }, true],
  ] as const) {
    it(`${what}: the tunnel holds its own peer, and no packet goes round and round`, async ({ stage }) => {
      const both = await tunPair(stage, { conn, ipv6, sealed: true });
      await establish(both);
      const { left, right } = both.wire;
      await echoes(left, ipv6 ? right.address6 : right.address);
      await echoes(right, ipv6 ? left.address6 : left.address);
      expect((await both.left.rekey('net', 'ike')).code).toBe(0);
      await echoes(left, ipv6 ? right.address6 : right.address);
    });
  }

  it('the first packet of an on-demand connection waits for its child', async ({ stage }) => {
    const both = await tunPair(stage, { conn: nets, leftConn: { auto: 'ondemand' }, sealed: true });
    await echoes(both.wire.left, inner.right);
    await both.left.established();
  });

  it('a client has the address it is given, for everything; its own stays in clear', async ({ stage }) => {
    const both = await tunPair(stage, {
      conn: { rightsubnet: '0.0.0.0/0' },
      leftConn: { leftmodecfgclient: 'yes', rightmodecfgserver: 'yes' },
      rightConn: {
        rightmodecfgserver: 'yes',
        leftmodecfgclient: 'yes',
        leftaddresspool: '10.3.0.1-10.3.0.9',
      },
    });
    const { left, right } = both.wire;
    await must(['ip', '-n', right.namespace, 'addr', 'add', '203.0.113.9/32', 'dev', 'lo']);
    await establish(both);
    expect((await on(left, 'ip', '-o', 'addr', 'show', device)).stdout).toContain('inet 10.3.0.1/32');
    await echoes(left, '203.0.113.9');
    await echoes(left, right.address, '-I', left.address);
    expect(await both.left.count('esp.drop.no-policy')).toBe(0);
    expect((await both.left.down('net')).code).toBe(0);
    await until('the address is gone', async () => {
      const { stdout } = await on(left, 'ip', '-o', 'addr', 'show', device);
      return stdout.includes('10.3.0.1') ? undefined : true;
    });
  });

  it('only the protocol a connection is for goes into the device', async ({ stage }) => {
    const both = await tunPair(stage, {
      conn: { leftprotoport: 'icmp', rightprotoport: 'icmp' },
    });
    await establish(both);
    const { left, right } = both.wire;
    const way = (...which: string[]) => on(left, 'ip', 'route', 'get', right.address, ...which);
    expect((await way('ipproto', 'icmp')).stdout).toContain(device);
    expect((await way('ipproto', 'tcp', 'dport', '80')).stdout).not.toContain(device);
    await echoes(left, right.address);
    const [sa] = await both.left.list();
    expect(sa?.children).toHaveLength(1);
  });

  it('what bypasses is not led into the device, and what is dropped is dropped there', async ({ stage }) => {
    const part = (rightsubnet: string, type: string, more: object = {}) => ({
      left: '192.168.1.2',
      right: '192.168.1.3',
      authby: 'never',
      leftsubnet: '10.1.0.0/16',
      rightsubnet,
      type,
      auto: 'ondemand',
      ...more,
    });
    const both = await tunPair(stage, {
      conn: nets,
      conns: {
        clear: part('10.2.7.0/24', 'passthrough'),
        none: part('10.2.8.0/24', 'drop'),
        ssh: part('10.2.0.0/16', 'passthrough', { leftprotoport: 'tcp', rightprotoport: 'tcp/22' }),
      },
    });
    await establish(both);
    const { left, right } = both.wire;
    await must(['ip', '-n', left.namespace, 'route', 'add', 'default', 'via', right.address]);
    const way = async (to: string, ...which: string[]) =>
      (await on(left, 'ip', 'route', 'get', to, 'from', inner.left, ...which)).stdout;
    expect(await way(inner.right)).toContain(`dev ${device}`);
    expect(await way('10.2.7.1')).toContain(`dev ${left.device}`);
    expect(await way(inner.right, 'ipproto', 'tcp', 'dport', '22')).toContain(`dev ${left.device}`);
    expect(await way(inner.right, 'ipproto', 'tcp', 'dport', '23')).toContain(`dev ${device}`);
    expect((await on(left, 'ping', '-n', '-c', '1', '-W', '1', '10.2.8.1')).code).not.toBe(0);
    expect(await both.left.count('esp.drop.discard')).toBe(1);
    await echoes(left, inner.right);
  });

  it('children and IKE SAs are rekeyed under a flood, and no packet is lost', async ({ stage }) => {
    const both = await tunPair(stage, { conn: nets, sealed: true });
    await establish(both);
    const flood = on(both.wire.left, 'ping', '-n', '-q', '-i', '0.01', '-c', '900', inner.right);
    for (const what of ['child', 'ike', 'child'] as const)
      for (const end of [both.left, both.right]) {
        const done = await end.rekey('net', what);
        expect(done.code, done.stderr).toBe(0);
      }
    const { stdout } = await flood;
    expect(stdout).toContain('900 received, 0% packet loss');
  });

  it('a packet too big is told its sender, and a stream goes through', async ({ stage }) => {
    const both = await tunPair(stage, { conn: nets, sealed: true });
    await establish(both);
    const big = await on(
      both.wire.left,
      'ping',
      '-n',
      '-c',
      '1',
      '-W',
      '1',
      '-M',
      'do',
      '-s',
      '1472',
      inner.right,
    );
    expect(`${big.stdout}${big.stderr}`).toMatch(/message too long, mtu[ =:]+\d+/i);
    const counts = `require('net').createServer((socket) => {
      let length = 0;
      socket.on('data', (octets) => { length += octets.length; });
      socket.on('end', () => { socket.end(); console.log(length); process.exit(0); });
    }).listen(7000)`;
    const sends = `require('net').connect(7000, '${inner.right}').on('error', () => process.exit(1))
      .on('close', () => process.exit(0)).resume().end(Buffer.alloc(3e6, 120))`;
    const listening = on(both.wire.right, process.execPath, '-e', counts);
    await until('the stream went', async () => {
      const { code } = await on(both.wire.left, process.execPath, '-e', sends);
      return code === 0 ? true : undefined;
    });
    expect((await listening).stdout.trim()).toBe('3000000');
  });

  it('SIGTERM ends an idle daemon within a second, and nothing is left', async ({ stage }) => {
    const { left, wire } = await tunPair(stage, { conn: nets });
    const before = performance.now();
    expect(await left.terminate()).toBe(0);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await leftovers(wire.left)).toBe('');
  });

  it('SIGTERM with traffic leaves nothing either', async ({ stage }) => {
    const both = await tunPair(stage, { conn: nets });
    await establish(both);
    await echoes(both.wire.left, inner.right);
    expect(await leftovers(both.wire.left)).toContain(`dev ${device}`);
    expect(await both.left.terminate()).toBe(0);
    expect(await leftovers(both.wire.left)).toBe('');
  });

  it('after SIGKILL the next of the name sweeps, and has a tunnel again', async ({ stage }) => {
    const both = await tunPair(stage, { conn: nets, sealed: true });
    await establish(both);
    const rules = async () =>
      (await leftovers(both.wire.left)).split('\n').filter((line) => /^\d+:\tfrom/.test(line));
    const before = await rules();
    await both.left.kill();
    expect(await leftovers(both.wire.left)).not.toContain(`dev ${device}`);
    const left = await both.again();
    await establish({ ...both, left });
    await echoes(both.wire.left, inner.right);
    expect(await rules()).toEqual(before);
    expect(await left.terminate()).toBe(0);
    expect(await leftovers(both.wire.left)).toBe('');
  });

  it('a name that is taken, or none, is said in one line', async ({ stage }) => {
    const { wire } = await tunPair(stage, { conn: nets });
    const start = async (name: string) => {
      const where = [
        '--config',
        '/dev/null',
        '--secrets',
        '/dev/null',
        '--control',
        `/run/ikev2-${process.pid}`,
      ];
      const ports = ['--listen', '127.0.0.1', '--ike-port', '0', '--nat-port', '0'];
      const done = await on(wire.left, process.execPath, ikev2, 'daemon', ...where, ...ports, '--tun', name);
      expect(done.code).toBe(1);
      return done.stderr.trim().split('\n').at(-1);
    };
    expect(await start(device)).toContain('another process has the TUN device ipsec0');
    expect(await start('lo')).toContain('lo is there already, and is no TUN device');
    expect(await start('a-name-far-too-long')).toContain('is no name for a device');
  });
});

suite('a TUN device without rights', ['tun', 'ours'], () => {
  it('is said in one line', async () => {
    const where = [
      '--config',
      '/dev/null',
      '--secrets',
      '/dev/null',
      '--control',
      `/tmp/ikev2-${process.pid}.sock`,
    ];
    const ports = ['--listen', '127.0.0.1', '--ike-port', '0', '--nat-port', '0'];
    const drop = [
      'setpriv',
      '--reuid',
      '65534',
      '--clear-groups',
      '--bounding-set=-all',
      '--inh-caps=-all',
      '--',
    ];
    const done = await run([
      ...drop,
      process.execPath,
      ikev2,
      'daemon',
      ...where,
      ...ports,
      '--tun',
      'ipsec9',
    ]);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain(
      'no right to make the TUN device ipsec9. Run as root or with CAP_NET_ADMIN',
    );
  });
});

suite('our TUN device and charon', ['namespaces', 'nft', 'charon', 'tun', 'ours'], () => {
  for (const initiator of ['ours', 'charon']) {
    it(`${initiator} initiates: the hosts' own pings both ways, after a rekey too`, async ({ stage }) => {
      const both = await pair(stage, { conn: { leftsourceip: inner.left }, args: ['--tun', device] });
      await establishWith(both, initiator);
      const back = () =>
        both.charon.beside('ping', '-n', '-c', '3', '-i', '0.1', '-W', '2', '-I', inner.right, inner.left);
      await echoes(both.wire.left, inner.right);
      expect((await back()).stdout).toMatch(/ 3 received/);
      expect((await both.ours.rekey('net', 'child')).code).toBe(0);
      await echoes(both.wire.left, inner.right);
      expect((await back()).stdout).toMatch(/ 3 received/);
      expect((await both.ours.ping('net')).code).toBe(0);
    });
  }
});

/** Sockets of the kernel's own data plane, on this machine's kernel in a network namespace of the test's own. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plainSocket } from '../../src/daemon/socket.ts';
import { xfrmSockets } from '../../src/daemon/socket-xfrm.ts';
import { UdpSockets } from '../../src/daemon/udp.ts';
import { newPolicies } from '../../src/kernel/xfrm/policies.ts';
import { flushPolicies } from '../../src/kernel/xfrm/requests.ts';
import { XfrmSocket } from '../../src/kernel/xfrm/socket.ts';
import { ownNetwork } from '../kernel/xfrm/own-network.ts';
import { net } from '../kernel/xfrm/selectors.ts';

const network = ownNetwork();
const why = typeof network === 'string' ? network : undefined;
if (why) console.warn(`skipped: ${why}`);

const marked = Uint8Array.of(0, 0, 0, 0, 1);

describe.skipIf(why !== undefined)('UDP sockets opened by hand', () => {
  let kernel: XfrmSocket;
  const opened: Socket[] = [];
  const open = async (address: string, name: 'ike' | 'nat' = 'nat', port = 0): Promise<Socket> => {
    const socket = await xfrmSockets()({ address, port }, name);
    opened.push(socket);
    return socket;
  };
  const plain = async (address: string): Promise<Socket> => {
    const socket = await plainSocket({ address, port: 0 }, 'nat');
    opened.push(socket);
    return socket;
  };
  /** The next datagram, in hexadecimal digits. */
  const heard = (socket: Socket) =>
    new Promise<string>((resolve) => socket.once('message', (octets) => resolve(octets.toString('hex'))));
  const send = (from: Socket, to: Socket, octets: Uint8Array) =>
    new Promise<string | undefined>((resolve) => {
      const { address, port } = to.address();
      from.send(octets, port, address, (error) => resolve((error as NodeJS.ErrnoException | null)?.code));
    });

  beforeAll(() => {
    if (typeof network !== 'string') network.enter();
    const on = 'ip link set lo up; echo 0 >/proc/sys/net/ipv4/conf/lo/disable_xfrm';
    execFileSync('sh', ['-ec', `${on}; echo 0 >/proc/sys/net/ipv4/conf/lo/disable_policy`]);
    kernel = new XfrmSocket();
  });
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.close();
    kernel.do(flushPolicies());
  });
  afterAll(() => {
    kernel?.close();
    if (typeof network !== 'string') network.leave();
  });

  it.each(['127.0.0.1', '::1'])(
    'take and send IKE on %s, and leave ESP and keepalives to the kernel',
    async (at) => {
      const [one, other] = [await open(at), await open(at)];
      expect(one.address()).toMatchObject({ address: at });
      const next = heard(one);
      for (const octets of [Uint8Array.of(9, 9, 9, 9, 0, 0, 0, 1, 2, 3, 4, 5), Uint8Array.of(0xff), marked])
        await send(other, one, octets);
      expect(await next).toBe('0000000001');
    },
  );

  it('need no SA where all else is forbidden', async () => {
    const [one, other, ordinary] = [
      await open('127.0.0.1'),
      await open('127.0.0.2'),
      await plain('127.0.0.3'),
    ];
    const all = { reqid: 1, mode: 'tunnel', local: net('0.0.0.0/0'), remote: net('0.0.0.0/0') } as const;
    const forbidden = { ...all, localAddress: '', remoteAddress: '', action: 'discard' } as const;
    for (const direction of ['in', 'out'] as const) kernel.doAll(newPolicies({ ...forbidden, direction }));
    const next = heard(one);
    expect(await send(ordinary, one, Uint8Array.of(0, 0, 0, 0, 7))).toBe('EPERM');
    expect(await send(other, one, marked)).toBeUndefined();
    expect(await next).toBe('0000000001');
  });

  it('let nobody else have the port, and leave no descriptor behind when they cannot have it', async () => {
    const one = await open('127.0.0.1', 'ike');
    const { port } = one.address();
    const before = readdirSync('/proc/self/fd').length;
    await expect(xfrmSockets()({ address: '127.0.0.1', port }, 'ike')).rejects.toMatchObject({
      code: 'LISTEN',
      errno: 'EADDRINUSE',
      message: expect.stringContaining('the port is in use'),
    });
    await expect(xfrmSockets()({ address: '192.0.2.1', port }, 'ike')).rejects.toMatchObject({
      errno: 'EADDRNOTAVAIL',
    });
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
    const thief = createSocket({ type: 'udp4', reuseAddr: true });
    const outcome = await new Promise((resolve) => {
      thief.once('error', (error) => resolve((error as NodeJS.ErrnoException).code));
      thief.bind(port, '127.0.0.1', () => resolve('bound'));
    });
    thief.close();
    expect(outcome).toBe('EADDRINUSE');
  });

  it('serve the pairs of a daemon, and close with them', async () => {
    const udp = new UdpSockets({ ikePort: 0, natPort: 0, open: xfrmSockets() });
    const before = readdirSync('/proc/self/fd').length;
    await udp.listen(['127.0.0.1', '::1']);
    expect(udp.locals).toHaveLength(2);
    await udp.close();
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});

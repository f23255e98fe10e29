import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { type UdpReceiver, UdpSockets } from '../../src/daemon/udp.ts';
import type { Path } from '../../src/ike/actions.ts';

type Arrival = {
  kind: 'ike' | 'esp' | 'keepalive' | 'unsent';
  path: Path;
  octets?: Uint8Array;
  errno?: string;
};

/** Arrivals in order, each to be awaited. */
function inbox(): { receiver: UdpReceiver; next: () => Promise<Arrival> } {
  const arrived: Arrival[] = [];
  const waiting: ((arrival: Arrival) => void)[] = [];
  const put = (arrival: Arrival) => {
    const taker = waiting.shift();
    if (taker) taker(arrival);
    else arrived.push(arrival);
  };
  return {
    receiver: {
      ike: (path, octets) => put({ kind: 'ike', path, octets }),
      esp: (path, octets) => put({ kind: 'esp', path, octets }),
      keepalive: (path) => put({ kind: 'keepalive', path }),
      unsent: (path, errno) => put({ kind: 'unsent', path, errno }),
    },
    next: () => {
      const first = arrived.shift();
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}

const open: UdpSockets[] = [];
async function sockets(address: string, receiver: UdpReceiver, ports = { ikePort: 0, natPort: 0 }) {
  const made = new UdpSockets(ports);
  made.deliverTo(receiver);
  open.push(made);
  await made.listen([address]);
  const [local] = made.locals;
  if (local === undefined) throw new Error('nothing bound');
  return { made, local };
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

describe.each(['127.0.0.1', '::1'])('UdpSockets on %s', (address) => {
  it('tells IKE, ESP and keepalives apart, and answers from the address it was asked at', async () => {
    const a = inbox();
    const b = inbox();
    const { made: asking, local: from } = await sockets(address, a.receiver);
    const { made: answering, local: to } = await sockets(address, b.receiver);
    const ike: Path = {
      socket: 'ike',
      local: { address, port: from.ike },
      remote: { address, port: to.ike },
    };
    const nat: Path = {
      socket: 'nat',
      local: { address, port: from.nat },
      remote: { address, port: to.nat },
    };

    asking.send(ike, Uint8Array.of(0, 0, 0, 1, 9));
    const first = await b.next();
    expect(first).toEqual({
      kind: 'ike',
      path: { socket: 'ike', local: ike.remote, remote: ike.local },
      octets: Uint8Array.of(0, 0, 0, 1, 9),
    });
    expect(first.octets?.constructor).toBe(Uint8Array);
    answering.send(first.path, Uint8Array.of(7));
    expect(await a.next()).toEqual({ kind: 'ike', path: ike, octets: Uint8Array.of(7) });

    asking.send(nat, Uint8Array.of(0, 0, 0, 0, 9));
    expect(await b.next()).toMatchObject({ kind: 'ike', octets: Uint8Array.of(0, 0, 0, 0, 9) });
    asking.send(nat, Uint8Array.of(0, 0, 1, 0, 9));
    expect(await b.next()).toMatchObject({ kind: 'esp', octets: Uint8Array.of(0, 0, 1, 0, 9) });
    asking.send(nat, Uint8Array.of(0xff));
    expect(await b.next()).toMatchObject({ kind: 'keepalive' });
    asking.send(nat, Uint8Array.of(1, 2, 3));
    expect(await b.next()).toMatchObject({ kind: 'ike', octets: Uint8Array.of(1, 2, 3) });
  });

  it('says what to do when a port is in use, and leaves nothing half bound', async () => {
    const other = createSocket(address === '::1' ? 'udp6' : 'udp4');
    other.bind(0, address);
    await once(other, 'listening');
    const { port } = other.address();
    const made = new UdpSockets({ ikePort: 0, natPort: port });
    open.push(made);
    await expect(made.listen([address])).rejects.toThrow(/the port is in use \(EADDRINUSE\).*--nat-port/);
    expect(made.locals).toEqual([]);
    other.close();
    await once(other, 'close');
    await made.listen([address]);
    expect(made.locals).toMatchObject([{ address, nat: port }]);
  });
});

describe('UdpSockets', () => {
  it('says that an address is not ours', async () => {
    const made = new UdpSockets({ ikePort: 0, natPort: 0 });
    await expect(made.listen(['192.0.2.1'])).rejects.toThrow(/192\.0\.2\.1 is no address of this host/);
  });

  it('answers from an extra port what came to it', async () => {
    const { receiver, next } = inbox();
    const { made, local } = await sockets('127.0.0.1', receiver);
    const [, other] = [made, await sockets('127.0.0.1', inbox().receiver)];
    const extra = { address: '127.0.0.1', port: other.local.nat };
    await other.made.close();
    await made.listen(['127.0.0.1'], [extra]);
    const from = { address: '127.0.0.1', port: local.nat };
    made.send({ socket: 'nat', local: from, remote: extra }, Uint8Array.of(0, 0, 0, 0, 1));
    const arrived = await next();
    expect(arrived).toMatchObject({ kind: 'ike', path: { socket: 'nat', local: extra, remote: from } });
    made.send(arrived.path, Uint8Array.of(0, 0, 0, 0, 2));
    expect(await next()).toMatchObject({ path: { socket: 'nat', local: from, remote: extra } });
  });

  it('wants two ports', async () => {
    const made = new UdpSockets({ ikePort: 4500, natPort: 4500 });
    await expect(made.listen(['127.0.0.1'])).rejects.toThrow(
      'IKE and its NAT traversal need two ports. Choose another for one of them: --ike-port (500), --nat-port (4500)',
    );
  });

  it('takes the same free ports for every address', async () => {
    const { made } = await sockets('127.0.0.1', inbox().receiver);
    await made.listen(['127.0.0.2']);
    const [first, second] = made.locals;
    expect(second).toEqual({ ...first, address: '127.0.0.2' });
  });

  it('reports what cannot be sent', async () => {
    const { receiver, next } = inbox();
    const { made, local } = await sockets('127.0.0.1', receiver);
    const path: Path = {
      socket: 'ike',
      local: { address: '127.0.0.1', port: local.ike },
      remote: { address: '127.0.0.1', port: 9 },
    };
    made.send(path, new Uint8Array(70_000));
    expect(await next()).toEqual({ kind: 'unsent', path, errno: 'EMSGSIZE' });
    await made.close();
    expect(made.locals).toEqual([]);
    made.send(path, Uint8Array.of(1));
    expect(await next()).toEqual({ kind: 'unsent', path, errno: 'EADDRNOTAVAIL' });
  });
});

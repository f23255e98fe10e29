import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { directSockets } from '../../src/daemon/socket-direct.ts';
import { UdpSockets } from '../../src/daemon/udp.ts';
import type { Path } from '../../src/ike/actions.ts';

const open: UdpSockets[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

interface Heard {
  readonly what: 'ike' | 'esp' | 'unsent';
  readonly path: Path;
  readonly octets: Uint8Array;
}

async function sockets(address: string, direct: boolean) {
  const udp = new UdpSockets({ ikePort: 0, natPort: 0, ...(direct && { open: directSockets() }) });
  open.push(udp);
  await udp.listen([address]);
  const heard: Heard[] = [];
  let expected: { count: number; resolve: () => void } | undefined;
  const hear = (one: Heard): void => {
    heard.push(one);
    if (expected && heard.length >= expected.count) expected.resolve();
  };
  udp.deliverTo({
    ike: (path, octets) => hear({ what: 'ike', path, octets }),
    // ESP is worked on at once: its octets are the next datagram's afterwards.
    esp: (path, octets) => hear({ what: 'esp', path, octets: octets.slice() }),
    keepalive() {},
    unsent: (path, errno) => hear({ what: 'unsent', path, octets: new TextEncoder().encode(errno) }),
  });
  const [local] = udp.locals;
  if (local === undefined) throw new Error('not bound');
  const all = (count: number) =>
    new Promise<Heard[]>((resolve) => {
      expected = { count, resolve: () => resolve(heard) };
      if (heard.length >= count) resolve(heard);
    });
  return { udp, all, nat: { address, port: local.nat }, ike: { address, port: local.ike } };
}

const esp = (n: number): Uint8Array =>
  Uint8Array.of(1, 2, 3, 4, n >> 8, n & 255, ...new Uint8Array(40).fill(n));
const marked = (n: number): Uint8Array =>
  Uint8Array.of(0, 0, 0, 0, n >> 8, n & 255, ...new Uint8Array(40).fill(n));

describe.each(['127.0.0.1', '::1'])('direct sockets on %s', (address) => {
  it('carry bursts in order, ESP and IKE, and leave IKE as it came', async () => {
    const [from, to] = [await sockets(address, true), await sockets(address, true)];
    const path: Path = { socket: 'nat', local: from.nat, remote: to.nat };
    for (let n = 0; n < 100; n++) from.udp.send(path, n % 10 === 0 ? marked(n) : esp(n));
    const heard = await to.all(100);
    expect(heard.map(({ octets }) => octets)).toEqual(
      Array.from({ length: 100 }, (_, n) => (n % 10 === 0 ? marked(n) : esp(n))),
    );
    expect(heard.map(({ what }) => what === 'ike')).toEqual(
      Array.from({ length: 100 }, (_, n) => n % 10 === 0),
    );
    for (const { path: seen } of heard)
      expect(seen).toEqual({ socket: 'nat', local: to.nat, remote: from.nat });
  });

  it('tell several peers apart, and talk with sockets of Node', async () => {
    const to = await sockets(address, true);
    const peers = [await sockets(address, false), await sockets(address, true)];
    for (let n = 0; n < 40; n++) {
      const peer = peers[n % 2];
      peer?.udp.send({ socket: 'nat', local: peer.nat, remote: to.nat }, esp(n));
    }
    const heard = await to.all(40);
    for (const { octets, path } of heard) {
      const n = octets[5] ?? 0;
      expect(path.remote).toEqual(peers[n % 2]?.nat);
      to.udp.send({ ...path, local: to.nat }, octets);
    }
    for (const [i, peer] of peers.entries())
      expect((await peer.all(20)).map(({ octets }) => (octets[5] ?? 0) % 2)).toEqual(new Array(20).fill(i));
  });

  it('say what cannot be sent', async () => {
    const from = await sockets(address, true);
    from.udp.send(
      { socket: 'nat', local: from.nat, remote: { address, port: 9 } },
      new Uint8Array(66_000).fill(1),
    );
    const [unsent] = await from.all(1);
    expect(unsent?.what).toBe('unsent');
    expect(new TextDecoder().decode(unsent?.octets)).toBe('EMSGSIZE');
    expect(from.udp.isBehind(() => {})).toBe(false);
  });

  it('are exclusive, and free when closed', async () => {
    const { udp, nat } = await sockets(address, true);
    const bind = () =>
      new Promise<string>((resolve) => {
        const other = createSocket(address.includes(':') ? 'udp6' : 'udp4');
        other.once('error', (error) => resolve(String(Reflect.get(error, 'code'))));
        other.bind(nat.port, address, () => other.close(() => resolve('bound')));
      });
    expect(await bind()).toBe('EADDRINUSE');
    await udp.close();
    expect(await bind()).toBe('bound');
  });
});

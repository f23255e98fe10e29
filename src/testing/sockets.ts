/** The two UDP sockets of a host on a real network. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint, SocketName } from '../ike/actions.ts';

export type Ports = Readonly<Record<SocketName, number>>;

/** Bound already, to one address: perhaps in another network namespace. */
export type BoundSockets = Readonly<Record<SocketName, Socket>>;

/** One address with both sockets bound. */
export class HostSockets {
  readonly address: string;
  readonly ports: Ports;
  readonly #sockets: readonly Socket[];

  private constructor(address: string, sockets: readonly [ike: Socket, nat: Socket]) {
    this.address = address;
    this.#sockets = sockets;
    const [ike, nat] = sockets;
    this.ports = { ike: ike.address().port, nat: nat.address().port };
  }

  /** Port 0 takes a free one. Throws what `node:dgram` throws, the address in its text. */
  static async bind(address: string, ports: Ports): Promise<HostSockets> {
    const ike = await bound(address, ports.ike);
    try {
      return new HostSockets(address, [ike, await bound(address, ports.nat)]);
    } catch (error) {
      ike.close();
      throw error;
    }
  }

  /** Takes these over, and closes them in the end. */
  static over({ ike, nat }: BoundSockets): HostSockets {
    return new HostSockets(ike.address().address, [ike, nat]);
  }

  receive(take: (octets: Uint8Array, local: Endpoint, remote: Endpoint) => void): void {
    for (const socket of this.#sockets) {
      const local = { address: this.address, port: socket.address().port };
      socket.on('message', (octets, { address, port }) =>
        take(new Uint8Array(octets), local, { address, port }),
      );
      // What cannot be delivered comes back as an error of a later call: UDP loses datagrams.
      socket.on('error', () => {});
    }
  }

  has({ address, port }: Endpoint): boolean {
    return address === this.address && (port === this.ports.ike || port === this.ports.nat);
  }

  send(octets: Uint8Array, sourcePort: number, destination: Endpoint): void {
    const socket = this.#sockets[sourcePort === this.ports.ike ? 0 : 1];
    socket?.send(octets, destination.port, destination.address, () => {});
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  }
}

function bound(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

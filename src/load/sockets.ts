/** A source's two UDP sockets, connected to the target: the system refuses what is from elsewhere and tells of refusals. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint, SocketName } from '../ike/actions.ts';
import { count, type Tally } from './tally.ts';

/** Octets that may wait while we are busy, as far as the kernel allows. */
const recvBufferSize = 4 * 1024 * 1024;

/** A local address cannot be used, or the target cannot be reached. */
export class SourceError extends Error {
  readonly code = 'SOURCE';
}

interface Connected {
  readonly socket: Socket;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export class SourceSockets {
  readonly #sockets: Readonly<Record<SocketName, Connected>>;
  #tally: Tally;
  #isClosed = false;

  private constructor(sockets: Readonly<Record<SocketName, Connected>>, tally: Tally) {
    this.#sockets = sockets;
    this.#tally = tally;
  }

  /** On free ports of `address`. Throws SourceError. */
  static async open(address: string, target: Endpoint, tally: Tally): Promise<SourceSockets> {
    const ike = await connect(address, target);
    const nat = await connect(address, target.port === 500 ? { ...target, port: 4500 } : target);
    return new SourceSockets({ ike, nat }, tally);
  }

  get ports(): Readonly<Record<SocketName, number>> {
    return { ike: this.#sockets.ike.local.port, nat: this.#sockets.nat.local.port };
  }

  /** Where datagrams of a socket come from and go to. */
  path(socket: SocketName): {
    readonly socket: SocketName;
    readonly local: Endpoint;
    readonly remote: Endpoint;
  } {
    const { local, remote } = this.#sockets[socket];
    return { socket, local, remote };
  }

  /** From now on datagrams and errors count there. */
  countIn(tally: Tally): void {
    this.#tally = tally;
  }

  receive(receiver: (socket: SocketName, octets: Uint8Array) => void): void {
    for (const name of ['ike', 'nat'] as const) {
      const { socket } = this.#sockets[name];
      socket.on('message', (buffer) => {
        this.#tally.in.datagrams++;
        this.#tally.in.octets += buffer.length;
        receiver(name, buffer);
      });
      socket.on('error', (error) => this.#failed(error));
    }
  }

  send(name: SocketName, octets: Uint8Array): void {
    if (this.#isClosed) return;
    this.#tally.out.datagrams++;
    this.#tally.out.octets += octets.length;
    this.#sockets[name].socket.send(octets, this.#sent);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const sockets = [this.#sockets.ike.socket, this.#sockets.nat.socket];
    await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(done))));
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#failed(error);
  };

  #failed(error: Error): void {
    count(this.#tally.trouble, errnoOf(error));
  }
}

function connect(address: string, remote: Endpoint): Promise<Connected> {
  const socket = createSocket({ type: isIPv6(remote.address) ? 'udp6' : 'udp4', recvBufferSize });
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close();
      reject(new SourceError(`cannot send from ${address} to ${remote.address}: ${errnoOf(error)}`));
    };
    socket.once('error', failed);
    socket.bind({ address, port: 0, exclusive: true }, () =>
      socket.connect(remote.port, remote.address, (error?: Error) => {
        if (error) return failed(error);
        socket.removeListener('error', failed);
        resolve({ socket, local: { address, port: socket.address().port }, remote });
      }),
    );
  });
}

const errnoOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;

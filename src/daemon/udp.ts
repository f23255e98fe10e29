/** One pair of UDP sockets per local address, never a wildcard: an answer leaves by the address its request came to. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint, Path, SocketName } from '../ike/actions.ts';

/** Where datagrams go. */
export interface UdpReceiver {
  /** An IKE datagram; on the nat socket with whatever stands where the non-ESP marker belongs. */
  ike(path: Path, octets: Uint8Array): void;
  /** ESP in UDP, RFC 3948 §2.1. */
  esp(path: Path, octets: Uint8Array): void;
  /** A NAT keepalive, RFC 3948 §2.3. */
  keepalive(path: Path): void;
  /** A datagram that could not be sent. */
  unsent(path: Path, errno: string): void;
}

export interface UdpOptions {
  /** 500; 0 takes a free one. */
  readonly ikePort: number;
  /** 4500; 0 takes a free one. */
  readonly natPort: number;
  readonly receiver: UdpReceiver;
}

export interface LocalPorts {
  readonly address: string;
  readonly ike: number;
  readonly nat: number;
}

/** A socket could not be had; the message says what to do. */
export class UdpError extends Error {
  readonly code = 'UDP';
  constructor(
    readonly local: Endpoint,
    readonly errno: string,
  ) {
    super(`cannot listen on ${formatEndpoint(local)}: ${advice(local, errno)}`);
  }
}

export const formatEndpoint = ({ address, port }: Endpoint): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

type Pair = Readonly<Record<SocketName, { readonly socket: Socket; readonly local: Endpoint }>>;

export class UdpSockets {
  readonly #options: UdpOptions;
  readonly #pairs = new Map<string, Pair>();

  constructor(options: UdpOptions) {
    this.#options = options;
  }

  /** What is bound now, in the order it was. */
  get locals(): LocalPorts[] {
    return [...this.#pairs].map(([address, { ike, nat }]) => ({
      address,
      ike: ike.local.port,
      nat: nat.local.port,
    }));
  }

  /** Binds a pair for each address that has none. All or nothing. Throws UdpError. */
  async listen(addresses: readonly string[]): Promise<void> {
    const added: string[] = [];
    try {
      for (const address of new Set(addresses)) {
        if (this.#pairs.has(address)) continue;
        this.#pairs.set(address, await this.#open(address));
        added.push(address);
      }
    } catch (error) {
      await this.#close(added);
      throw error;
    }
  }

  /** Closes the pairs of every other address. */
  async retain(addresses: readonly string[]): Promise<void> {
    await this.#close([...this.#pairs.keys()].filter((address) => !addresses.includes(address)));
  }

  /** Sends from the pair of `path.local.address`; a failure is the receiver's `unsent`. */
  send(path: Path, octets: Uint8Array): void {
    const socket = this.#pairs.get(path.local.address)?.[path.socket].socket;
    const { receiver } = this.#options;
    if (socket === undefined) {
      receiver.unsent(path, 'EADDRNOTAVAIL');
      return;
    }
    socket.send(octets, path.remote.port, path.remote.address, (error) => {
      if (error) receiver.unsent(path, errnoOf(error));
    });
  }

  async close(): Promise<void> {
    await this.#close([...this.#pairs.keys()]);
  }

  async #open(address: string): Promise<Pair> {
    const { ikePort, natPort } = this.#options;
    const ike = await bind({ address, port: ikePort });
    try {
      const nat = await bind({ address, port: natPort });
      return { ike: this.#attach('ike', ike, address), nat: this.#attach('nat', nat, address) };
    } catch (error) {
      ike.close();
      throw error;
    }
  }

  #attach(name: SocketName, socket: Socket, address: string) {
    const local: Endpoint = { address, port: socket.address().port };
    const { receiver } = this.#options;
    socket.on('error', (error) =>
      receiver.unsent({ socket: name, local, remote: { address: '', port: 0 } }, errnoOf(error)),
    );
    socket.on('message', (buffer, { address, port }) => {
      const octets = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      deliver(receiver, { socket: name, local, remote: { address, port } }, octets);
    });
    return { socket, local };
  }

  async #close(addresses: readonly string[]): Promise<void> {
    const sockets = addresses.flatMap((address) => Object.values(this.#pairs.get(address) ?? {}));
    for (const address of addresses) this.#pairs.delete(address);
    await Promise.all(sockets.map(({ socket }) => new Promise<void>((done) => socket.close(() => done()))));
  }
}

function deliver(receiver: UdpReceiver, path: Path, octets: Uint8Array): void {
  if (path.socket === 'nat' && isKeepalive(octets)) receiver.keepalive(path);
  else if (path.socket === 'nat' && isEsp(octets)) receiver.esp(path, octets);
  else receiver.ike(path, octets);
}

const isKeepalive = (octets: Uint8Array): boolean => octets.length === 1 && octets[0] === 0xff;

/** An SPI is never zero, so it is not the non-ESP marker. */
const isEsp = (octets: Uint8Array): boolean =>
  octets.length >= 4 && octets.subarray(0, 4).some((octet) => octet !== 0);

/** Every address is already one; the resolver is never asked. */
const numeric = (
  address: string,
  _options: unknown,
  callback: (e: null, address: string, f: number) => void,
) => callback(null, address, isIPv6(address) ? 6 : 4);

function bind(local: Endpoint): Promise<Socket> {
  const type = isIPv6(local.address) ? 'udp6' : 'udp4';
  const socket = createSocket({ type, ipv6Only: type === 'udp6', lookup: numeric });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(new UdpError(local, errnoOf(error)));
    });
    socket.bind({ ...local, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

const errnoOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;

function advice({ address, port }: Endpoint, errno: string): string {
  switch (errno) {
    case 'EADDRINUSE':
      return `the port is in use (EADDRINUSE). Stop the other IKE daemon (see: ss -lunp sport = :${port}), or choose other ports with --ike-port and --nat-port`;
    case 'EACCES':
      return `no right to a port below 1024 (EACCES). Run as root or with CAP_NET_BIND_SERVICE, or choose higher ports with --ike-port and --nat-port`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this host (EADDRNOTAVAIL). See: ip address; then correct --listen, or left= or right= of the connection`;
    default:
      return errno;
  }
}

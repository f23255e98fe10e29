/** One pair of UDP sockets per local address, never a wildcard: an answer leaves by the address its request came to. */
import type { Socket } from 'node:dgram';
import type { Endpoint, Path, SocketName } from '../ike/actions.ts';
import { isKeepalive } from '../wire/index.ts';
import { errnoOf, type OpenSocket, plainSocket, UdpError } from './socket.ts';
import { type DirectSocket, directOf } from './socket-direct.ts';

export { UdpError };

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
  /** Node's own unless said. */
  readonly open?: OpenSocket;
}

/** Octets that may wait to be sent before we are behind. */
const mostUnsent = 512 * 1024;

/** Hears nothing. */
const nobody: UdpReceiver = { ike() {}, esp() {}, keepalive() {}, unsent() {} };

export interface LocalPorts {
  readonly address: string;
  readonly ike: number;
  readonly nat: number;
}

interface Bound {
  readonly socket: Socket;
  readonly local: Endpoint;
  readonly direct: DirectSocket | undefined;
}

type Pair = Readonly<Record<SocketName, Bound>>;

export class UdpSockets {
  readonly #options: UdpOptions;
  #receiver = nobody;
  readonly #pairs = new Map<string, Pair>();
  #caughtUp: (() => void) | undefined;
  /** Octets handed to Node and not sent yet. */
  #unsent = 0;
  /** By address and port. */
  readonly #sockets = new Map<string, Bound>();

  constructor(options: UdpOptions) {
    this.#options = options;
  }

  /** Until then datagrams are lost. */
  deliverTo(receiver: UdpReceiver): void {
    this.#receiver = receiver;
  }

  /** The pairs that are bound now, in the order they were. */
  get locals(): LocalPorts[] {
    return [...this.#pairs].map(([address, { ike, nat }]) => ({
      address,
      ike: ike.local.port,
      nat: nat.local.port,
    }));
  }

  /** Every address and port that is bound now. */
  get bound(): Endpoint[] {
    return [...this.#sockets.values()].map(({ local }) => local);
  }

  /** Whether a good deal waits to be sent; then `caughtUp` is called once, when it is. */
  isBehind(caughtUp: () => void): boolean {
    if (this.#unsent <= mostUnsent) return false;
    this.#caughtUp = caughtUp;
    return true;
  }

  /**
   * Binds a pair for each address that has none, and each of `extras` as one more nat socket (`leftikeport=`). All or
   * nothing. Throws UdpError.
   */
  async listen(addresses: readonly string[], extras: readonly Endpoint[] = []): Promise<void> {
    const pairs = new Map<string, Pair>();
    const bound: Bound[] = [];
    try {
      let [ikePort, natPort] = this.#ports;
      const [first] = addresses;
      if (first !== undefined && ikePort === natPort && ikePort !== 0)
        throw new UdpError({ address: first, port: ikePort }, 'same port');
      for (const address of new Set(addresses)) {
        if (this.#pairs.has(address)) continue;
        const ike = await this.#bind('ike', { address, port: ikePort }, bound);
        const nat = await this.#bind('nat', { address, port: natPort }, bound);
        [ikePort, natPort] = [ike.local.port, nat.local.port];
        pairs.set(address, { ike, nat });
      }
      for (const extra of extras) {
        const taken = [...this.#sockets.values(), ...bound].some(
          ({ local }) => keyOf(local) === keyOf(extra),
        );
        if (!taken) await this.#bind('nat', extra, bound);
      }
    } catch (error) {
      await closeAll(bound);
      throw error;
    }
    for (const [address, pair] of pairs) this.#pairs.set(address, pair);
    for (const each of bound) this.#sockets.set(keyOf(each.local), each);
  }

  /** Sends from the very socket `path.local` names, else from its address's. A failure is the receiver's `unsent`. */
  send(path: Path, octets: Uint8Array): void {
    const bound = this.#sockets.get(keyOf(path.local)) ?? this.#pairs.get(path.local.address)?.[path.socket];
    if (bound === undefined) {
      this.#receiver.unsent(path, 'EADDRNOTAVAIL');
      return;
    }
    const { socket, direct } = bound;
    // What Node still holds goes first.
    const refused = direct && this.#unsent === 0 ? direct.send(octets, path.remote) : 'EAGAIN';
    if (refused === undefined) return;
    if (refused !== 'EAGAIN') return this.#receiver.unsent(path, refused);
    this.#unsent += octets.length;
    socket.send(octets, path.remote.port, path.remote.address, (error) => {
      this.#unsent -= octets.length;
      if (error) this.#receiver.unsent(path, errnoOf(error));
      if (this.#unsent > 0 || this.#caughtUp === undefined) return;
      const caughtUp = this.#caughtUp;
      this.#caughtUp = undefined;
      caughtUp();
    });
  }

  async close(): Promise<void> {
    const all = [...this.#sockets.values()];
    this.#sockets.clear();
    this.#pairs.clear();
    await closeAll(all);
  }

  /** A free port once taken is taken for every further address. */
  get #ports(): [ike: number, nat: number] {
    const [first] = this.locals;
    return [this.#options.ikePort || (first?.ike ?? 0), this.#options.natPort || (first?.nat ?? 0)];
  }

  /** What came in the same moment as the datagram Node told of. */
  #drain(direct: DirectSocket, socket: SocketName, local: Endpoint): void {
    for (let read = 0; read < mostInOneTurn; read++) {
      const next = direct.receive();
      if (next === undefined) return;
      const { from, octets } = next;
      // ESP is worked on at once; IKE may be kept, and these octets hold the next datagram soon.
      const kept = socket === 'nat' && isEsp(octets) ? octets : octets.slice();
      deliver(this.#receiver, { socket, local, remote: from }, kept);
    }
  }

  async #bind(name: SocketName, at: Endpoint, into: Bound[]): Promise<Bound> {
    const socket = await (this.#options.open ?? plainSocket)(at, name);
    const local: Endpoint = { address: at.address, port: socket.address().port };
    socket.on('error', (error) =>
      this.#receiver.unsent({ socket: name, local, remote: local }, errnoOf(error)),
    );
    socket.on('message', (buffer, { address, port }) => {
      const octets = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      deliver(this.#receiver, { socket: name, local, remote: { address, port } }, octets);
      if (direct) this.#drain(direct, name, local);
    });
    const direct = directOf(socket);
    const bound = { socket, local, direct };
    into.push(bound);
    return bound;
  }
}

/** Datagrams read at once before the rest of the program has its turn. */
const mostInOneTurn = 32;

const keyOf = ({ address, port }: Endpoint): string => `${address} ${port}`;

async function closeAll(bound: readonly Bound[]): Promise<void> {
  for (const { direct } of bound) direct?.end();
  await Promise.all(bound.map(({ socket }) => new Promise<void>((done) => socket.close(() => done()))));
}

function deliver(receiver: UdpReceiver, path: Path, octets: Uint8Array): void {
  if (path.socket === 'nat' && isKeepalive(octets)) receiver.keepalive(path);
  else if (path.socket === 'nat' && isEsp(octets)) receiver.esp(path, octets);
  else receiver.ike(path, octets);
}

/** An SPI is never zero, so it is not the non-ESP marker. */
const isEsp = (octets: Uint8Array): boolean =>
  octets.length >= 4 && (octets[0] || octets[1] || octets[2] || octets[3]) !== 0;

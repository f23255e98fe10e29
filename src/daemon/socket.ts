/** A bound UDP socket, as Node opens one. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint, SocketName } from '../ike/actions.ts';
import { ControlError } from './control-protocol.ts';
import { formatEndpoint } from './endpoint.ts';

/** Opens and binds a socket; port 0 takes a free one. Rejects with UdpError. */
export type OpenSocket = (local: Endpoint, name: SocketName) => Promise<Socket>;

/**
 * Octets that may wait in a socket while we are busy, as far as the kernel allows (net.core.rmem_max): with its usual 208
 * KiB a third of the datagrams of a thousand peers is lost on a busy machine.
 */
export const receiveBuffer = 4 * 1024 * 1024;

/** A socket could not be had (code LISTEN); the message says what to do. */
export class UdpError extends ControlError {
  constructor(
    readonly local: Endpoint,
    readonly errno: string,
  ) {
    super('LISTEN', `cannot listen on ${formatEndpoint(local)}: ${advice(local, errno)}`);
  }
}

export const plainSocket: OpenSocket = (local) =>
  bound(local, dgram(local, { ipv6Only: isIPv6(local.address), recvBufferSize: receiveBuffer }), {
    ...local,
    exclusive: true,
  });

/** A socket of the address's family, not bound yet. */
export function dgram({ address }: Endpoint, options: Omit<SocketOptions, 'type'>): Socket {
  return createSocket({ ...options, type: isIPv6(address) ? 'udp6' : 'udp4', lookup: numeric });
}

export function bound(
  local: Endpoint,
  socket: Socket,
  to:
    | { readonly address: string; readonly port: number; readonly exclusive: boolean }
    | { readonly fd: number },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(new UdpError(local, errnoOf(error)));
    });
    socket.bind(to, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

export const errnoOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;

/** Every address is already one; the resolver is never asked. */
const numeric = (
  address: string,
  _options: unknown,
  callback: (e: null, address: string, f: number) => void,
) => callback(null, address, isIPv6(address) ? 6 : 4);

function advice({ address, port }: Endpoint, errno: string): string {
  switch (errno) {
    case 'same port':
      return 'IKE and its NAT traversal need two ports. Choose another for one of them: --ike-port (500), --nat-port (4500)';
    case 'EADDRINUSE':
      return `the port is in use (EADDRINUSE). Stop the other IKE daemon (see: ss -lunp sport = :${port}), or choose other ports with --ike-port and --nat-port`;
    case 'EACCES':
      return `no right to a port below 1024 (EACCES). Run as root or with CAP_NET_BIND_SERVICE, or choose higher ports with --ike-port and --nat-port`;
    case 'EPERM':
      return `no right to exempt the socket from IPsec (EPERM). Run as root or with CAP_NET_ADMIN, or choose: --kernel userspace`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this host (EADDRNOTAVAIL). See: ip address; then correct --listen, or left= or right= of the connection`;
    default:
      return errno;
  }
}

/**
 * UDP sockets for the kernel's own data plane: their packets need no SA (IP_XFRM_POLICY), and ESP that comes to the nat
 * socket is the kernel's (UDP_ENCAP, RFC 3948). Node has no names for these options, so a socket is opened by hand and
 * then handed over.
 */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../ike/actions.ts';
import { SystemError } from '../kernel/errno.ts';
import { checked, type Libc, libc } from '../kernel/libc.ts';
import { socketBypass } from '../kernel/xfrm/policies.ts';
import { host, setOption } from '../kernel/xfrm/socket.ts';
import { be16, u16, viewOf } from '../kernel/xfrm/struct.ts';
import { userPolicyInfo } from '../kernel/xfrm/structs.ts';
import { parseAddress } from '../wire/address.ts';
import { bound, dgram, type OpenSocket, receiveBuffer, UdpError } from './socket.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_UDP = 17;
const UDP_ENCAP = 100;
const UDP_ENCAP_ESPINUDP = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** Level and name of IP_XFRM_POLICY and IPV6_XFRM_POLICY. */
const xfrmPolicy = { ipv4: [0, 17], ipv6: [IPPROTO_IPV6, 35] } as const;

/** Throws SystemError without koffi. */
export function xfrmSockets(calls: Libc = libc()): OpenSocket {
  return async (local, name) => {
    const fd = openUdp(local, { exempt: true, encapsulated: name === 'nat' }, calls);
    const socket = await bound(local, dgram(local, {}), { fd }).catch((error) => {
      // A descriptor that was handed over is closed with its socket: this one was not.
      calls.close(fd);
      throw error;
    });
    // Handing over allows others the same port, as Node's sockets do not.
    setOption(calls, fd, SOL_SOCKET, SO_REUSEADDR, 0);
    return socket;
  };
}

/** A bound descriptor. Throws UdpError. */
export function openUdp(
  local: Endpoint,
  { exempt: isExempt, encapsulated }: { readonly exempt: boolean; readonly encapsulated: boolean },
  calls: Libc,
): number {
  const family = isIPv6(local.address) ? 'ipv6' : 'ipv4';
  const option = (fd: number, what: string, level: number, option: number, value: number) =>
    checked(calls, what, setOption(calls, fd, level, option, value));
  let fd: number | undefined;
  try {
    const domain = family === 'ipv6' ? AF_INET6 : AF_INET;
    fd = checked(calls, 'socket', calls.socket(domain, SOCK_DGRAM_CLOEXEC, 0));
    if (family === 'ipv6') option(fd, 'IPV6_V6ONLY', IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (setOption(calls, fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) < 0)
      setOption(calls, fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
    if (isExempt) exempt(fd, family, calls);
    const address = socketAddress(local);
    checked(calls, 'bind', calls.bind(fd, address, address.length));
    if (encapsulated) option(fd, 'UDP_ENCAP', SOL_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
    return fd;
  } catch (error) {
    if (fd !== undefined) calls.close(fd);
    if (!(error instanceof SystemError)) throw error;
    const known = error.call === 'bind' || error.errno === 'EPERM';
    throw new UdpError(local, known ? error.errno : error.message);
  }
}

function exempt(fd: number, family: 'ipv4' | 'ipv6', calls: Libc): void {
  const [level, name] = xfrmPolicy[family];
  for (const direction of ['in', 'out'] as const) {
    const octets = new Uint8Array(userPolicyInfo.size);
    userPolicyInfo.write(viewOf(octets), 0, socketBypass(family, direction), host);
    const result = calls.setsockopt(fd, level, name, octets, octets.length);
    checked(calls, 'IP_XFRM_POLICY', result);
  }
}

/** struct sockaddr_in or sockaddr_in6. */
export function socketAddress({ address, port }: Endpoint): Uint8Array {
  const octets = parseAddress(address) ?? new Uint8Array(4);
  const six = octets.length === 16;
  const written = new Uint8Array(six ? 28 : 16);
  const view = viewOf(written);
  u16.write(view, 0, six ? AF_INET6 : AF_INET, host);
  be16.write(view, 2, port, host);
  written.set(octets, six ? 8 : 4);
  return written;
}

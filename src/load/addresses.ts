/** Addresses a load comes from. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../ike/actions.ts';
import { parseCidr } from '../policy/selector.ts';
import { formatAddress } from '../wire/address.ts';
import { SourceError } from './sockets.ts';

/** More sources than these are not opened: each is an engine and two sockets. */
export const mostSources = 1024;

/**
 * The addresses of a network, without those an IPv4 network has for itself; the first 1,024. Undefined when the text is no
 * network.
 */
export function parseSources(cidr: string): string[] | undefined {
  const range = parseCidr(cidr);
  if (range === undefined) return undefined;
  const { start, end } = range;
  const [first, last] = [toNumber(start), toNumber(end)];
  const inner = start.length === 4 && last - first > 1n ? 1n : 0n;
  const addresses: string[] = [];
  for (let at = first + inner; at <= last - inner && addresses.length < mostSources; at++)
    addresses.push(formatAddress(toOctets(at, start.length)));
  return addresses;
}

/** The address of ours the system would send from. Throws SourceError when there is no way to the target. */
export function sourceFor({ address, port }: Endpoint): Promise<string> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close();
      reject(new SourceError(`no way to ${address}: ${error.message}`));
    };
    socket.once('error', failed);
    socket.connect(port, address, (error?: Error) => {
      if (error) return failed(error);
      const { address: own } = socket.address();
      socket.close();
      resolve(own);
    });
  });
}

export const toNumber = (octets: Uint8Array): bigint =>
  octets.reduce((all, octet) => (all << 8n) | BigInt(octet), 0n);

export function toOctets(value: bigint, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let [at, rest] = [length - 1, value]; at >= 0; at--, rest >>= 8n) octets[at] = Number(rest & 0xffn);
  return octets;
}

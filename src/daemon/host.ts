/** What only this host knows: its addresses, its default routes, what names resolve to. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

/** Milliseconds a name may take to resolve. */
const patience = 5_000;

/** Addresses no packet is sent to; the kernel only says which source it would take. RFC 5737, RFC 3849. */
const farAway = { ipv4: '198.51.100.1', ipv6: '2001:db8::1' } as const;

/** All addresses but the link-local IPv6 ones, which mean nothing without an interface. */
export function localAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.toLowerCase().startsWith('fe80:'));
}

/** The name of the device that has an address. */
export const deviceOf = (address: string): string | undefined =>
  Object.entries(networkInterfaces()).find(([, all]) => all?.some((each) => each.address === address))?.[0];

/** The source addresses of packets to the world, where there is a route. */
export async function defaultRoutes(): Promise<{ ipv4?: string; ipv6?: string }> {
  const [ipv4, ipv6] = await Promise.all([sourceFor(farAway.ipv4), sourceFor(farAway.ipv6)]);
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}

/** The names that resolve in time, each with its addresses in the resolver's order. */
export async function resolveNames(names: Iterable<string>): Promise<Map<string, string[]>> {
  const found = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await resolve(name)] as const),
  );
  return new Map(found.filter(([, addresses]) => addresses.length > 0));
}

/** Loopback of both families, whatever a hosts file says. RFC 6761 §6.3. */
const loopback = ['127.0.0.1', '::1'];

async function resolve(name: string): Promise<string[]> {
  if (/^(.+\.)?localhost\.?$/i.test(name)) return loopback;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((done) => {
    timer = setTimeout(() => done([]), patience);
  });
  const asked = lookup(name, { all: true }).then(
    (addresses) => addresses.map(({ address }) => address),
    () => [],
  );
  const addresses = await Promise.race([asked, late]);
  clearTimeout(timer);
  return addresses;
}

function sourceFor(destination: string): Promise<string | undefined> {
  const socket = createSocket(destination.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const done = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done(undefined));
    socket.connect(9, destination, () => done(socket.address().address));
  });
}

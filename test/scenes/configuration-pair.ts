/** A client that asks for an internal address, and a gateway that has pools. */
import { Secret } from '../../src/crypto/secret.ts';
import { parseIdentity } from '../../src/policy/identity.ts';
import type { ConfigurationClient, ConfigurationServer, Policy } from '../../src/policy/policy.ts';
import type { PoolPolicy } from '../../src/policy/pool.ts';
import { parseCidr } from '../../src/policy/range.ts';
import { connection, type Host, type Pair, type PairEnd, pair } from '../../src/testing/index.ts';
import { parseAddress } from '../../src/wire/address.ts';

export function poolOf(text: string, prefixLength?: number): PoolPolicy {
  const range = parseCidr(text);
  if (range === undefined) throw new SyntaxError(text);
  return { ...range, ...(prefixLength !== undefined && { prefixLength }) };
}

/** The octets of an address. */
export function octets(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new SyntaxError(text);
  return address;
}

export const gateway = (
  pools: readonly PoolPolicy[],
  more: Partial<ConfigurationServer> = {},
): ConfigurationServer => ({
  role: 'server',
  pools,
  required: true,
  keepLeases: true,
  dns: [],
  domains: [],
  ...more,
});

export const client = (...families: ConfigurationClient['families']): ConfigurationClient => ({
  role: 'client',
  families: families.length > 0 ? families : ['ipv4'],
  dns: true,
});

export interface RoadOptions {
  readonly seed?: number;
  /** The client's; `@client.example` unless said. */
  readonly identity?: string;
  /** Whether each client has a key of its own, as it has unless said. */
  readonly personal?: boolean;
  readonly gateway: ConfigurationServer;
  /** Null: it does not ask. */
  readonly client?: ConfigurationClient | null;
  /** What the gateway protects; 10.2.0.0/16 unless said. */
  readonly behind?: string;
  readonly initiator?: PairEnd;
  readonly responder?: PairEnd;
}

const gatewayId = '@gateway.example';
const usualClient = '@client.example';

/** The initiator is the client. Its selectors, and the gateway's for it, are dynamic. */
export function road(options: RoadOptions): Pair {
  const { identity = usualClient, personal = true, behind = '10.2.0.0/16', seed = 0 } = options;
  const asks = options.client === undefined ? client() : options.client;
  const both = pair({
    seed,
    initiator: {
      identity,
      ...options.initiator,
      entry: { ...(asks && { configuration: asks }), ...options.initiator?.entry },
    },
    responder: {
      identity: gatewayId,
      subnet: behind,
      peerAddress: '%any',
      peerIdentity: '%any',
      ...options.responder,
      entry: { configuration: options.gateway, ...options.responder?.entry },
    },
  });
  if (personal) both.responder.setPolicy(withKeysFor(both.policies.responder, [identity, ...others]));
  return both;
}

const others = ['@second.example', '@third.example'];

/** One more client of the gateway, at 10.0.0.3 and up. */
export function another({ network, responder, name, policies }: Pair, identity = others[0] ?? ''): Host {
  const address = `10.0.0.${network.hosts.length + 1}`;
  const [like] = policies.initiator.pad;
  const policy = connection({
    name,
    address,
    identity,
    entry: like?.configuration ? { configuration: like.configuration } : {},
    peer: { address: responder.address, identity: gatewayId, subnet: '10.2.0.0/16' },
  });
  const host = network.host({ name: identity, addresses: [address], policy });
  host.up(name);
  network.settle();
  return host;
}

/** A key for each of the clients, all of them the same octets. */
function withKeysFor(policy: Policy, identities: readonly string[]): Policy {
  const preSharedKeys = identities.map((name) => ({
    secret: new Secret(new TextEncoder().encode('somesharedkey')),
    selectors: [gatewayId, name].map((each) => ({
      kind: 'identity' as const,
      identity: parseIdentity(each),
    })),
    where: 'test:1',
  }));
  return { ...policy, preSharedKeys };
}

/** What the client was given last. */
export const given = (host: Host) => host.told('configured').at(-1);

/** Each child's selectors: the end's own, the peer's. */
export const traffic = (host: Host): string[] =>
  host.children.map(({ local, remote }) => `${local} === ${remote}`);

export function down({ initiator, network, name }: Pair): void {
  initiator.down(name);
  network.settle();
}

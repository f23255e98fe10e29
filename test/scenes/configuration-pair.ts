/** A client that asks for an internal address, and a gateway that has pools. */
import { Secret } from '../../src/crypto/secret.ts';
import type { ConfigurationClient, ConfigurationServer, Policy } from '../../src/policy/policy.ts';
import type { PoolPolicy } from '../../src/policy/pool.ts';
import { parseIdentity } from '../../src/policy/identity.ts';
import { parseCidr } from '../../src/policy/range.ts';
import { type EndOptions, type Host, type Pair, type PairEnd, pair, VirtualNetwork } from '../../src/testing/index.ts';
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
  /** Whether the key is for this client alone, as it is unless said. */
  readonly personal?: boolean;
  readonly gateway: ConfigurationServer;
  /** Null: it does not ask. */
  readonly client?: ConfigurationClient | null;
  /** What the gateway protects; 10.2.0.0/16 unless said. */
  readonly behind?: string;
  readonly initiator?: PairEnd;
  readonly responder?: PairEnd;
}

/** The initiator is the client. Its selectors, and the gateway's for it, are dynamic. */
export function road(options: RoadOptions, network = new VirtualNetwork({ seed: options.seed ?? 0 })): Pair {
  const { identity = '@client.example', personal = true, behind = '10.2.0.0/16' } = options;
  const asks = options.client === undefined ? client() : options.client;
  const both = pair({
    network,
    initiator: {
      identity,
      ...options.initiator,
      entry: { ...(asks && { configuration: asks }), ...options.initiator?.entry },
    },
    responder: {
      identity: '@gateway.example',
      subnet: behind,
      peerAddress: '%any',
      peerIdentity: '%any',
      ...options.responder,
      entry: { configuration: options.gateway, ...options.responder?.entry },
    },
  });
  if (personal) both.responder.setPolicy(withKeyFor(both.policies.responder, identity));
  return both;
}

/** The policy's key is named for these two ends. */
export function withKeyFor(policy: Policy, identity: string): Policy {
  const { secret = new Secret(new Uint8Array()), where = '' } = policy.preSharedKeys[0] ?? {};
  const selectors = ['@gateway.example', identity].map((name) => ({
    kind: 'identity' as const,
    identity: parseIdentity(name),
  }));
  return { ...policy, preSharedKeys: [{ secret, selectors, where }] };
}

/** What the client was given last. */
export const given = (host: Host) => host.told('configured').at(-1);

/** The end's one child: own selectors, the peer's. */
export const traffic = (host: Host): string[] =>
  host.children.map(({ local, remote }) => `${local} === ${remote}`);

export function down({ initiator, network, name }: Pair): void {
  initiator.down(name);
  network.settle();
}

export type { EndOptions };

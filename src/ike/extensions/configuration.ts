/** The Configuration payload: what a client asks for, and what a gateway gives. RFC 7296 §2.19, §3.15; RFC 5739, RFC 8598. */
import { type Identity, identityKey, sameIdentity } from '../../policy/identity.ts';
import type {
  AddressFamily,
  AuthKind,
  ConfigurationServer,
  PadEntry,
  PreSharedKey,
} from '../../policy/policy.ts';
import { findAll } from '../../wire/message.ts';
import { CfgAttribute, CfgType, IdType, NotifyType } from '../../wire/numbers.ts';
import type { Configuration, ConfigurationAttribute } from '../../wire/payloads/configuration.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Context } from '../context.ts';
import { NotifyError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import { clientOf, familyOf } from '../internal-addresses.ts';
import { assignedBy, describeAssignment, describeLease, given } from './assignment.ts';

const families = ['ipv4', 'ipv6'] as const;

/** What asks for an address of a family. */
const addressTypes: Record<AddressFamily, readonly number[]> = {
  ipv4: [CfgAttribute.INTERNAL_IP4_ADDRESS],
  ipv6: [CfgAttribute.INTERNAL_IP6_ADDRESS, CfgAttribute.INTERNAL_IP6_PREFIX],
};

const serverTypes: Record<AddressFamily, number> = {
  ipv4: CfgAttribute.INTERNAL_IP4_DNS,
  ipv6: CfgAttribute.INTERNAL_IP6_DNS,
};

const subnetTypes: Record<AddressFamily, number> = {
  ipv4: CfgAttribute.INTERNAL_IP4_SUBNET,
  ipv6: CfgAttribute.INTERNAL_IP6_SUBNET,
};

/** A client's CFG_REQUEST, as long as it has no address. */
export function offerConfiguration(sa: IkeSa, entry: PadEntry): Payload[] {
  const client = clientOf(sa, entry);
  if (client === undefined || sa.internal.assigned.length > 0) return [];
  const types = [
    ...client.families.flatMap((family) => addressTypes[family]),
    ...(client.dns
      ? [...client.families.map((family) => serverTypes[family]), CfgAttribute.INTERNAL_DNS_DOMAIN]
      : []),
    ...client.families.map((family) => subnetTypes[family]),
  ];
  const attributes = types.map((type) => ({ type, value: new Uint8Array(0) }));
  return [{ kind: 'configuration', type: CfgType.REQUEST, attributes }];
}

/** What a gateway answers; the lease is held until the IKE SA ends. Throws INTERNAL_ADDRESS_FAILURE with scope `child`. */
export function answerConfiguration(
  sa: IkeSa,
  entry: PadEntry,
  request: readonly Payload[],
  cx: Context,
): Payload[] {
  const server = entry.configuration;
  const asked = ofType(request, CfgType.REQUEST);
  if (server?.role !== 'server' || asked === undefined) return [];
  lease(sa, server, asked, cx);
  return [{ kind: 'configuration', type: CfgType.REPLY, attributes: given(sa, entry, server, asked) }];
}

/** Throws FAILED_CP_REQUIRED when the peer must have an address of ours for a child and has none. */
export function requireLease(sa: IkeSa, entry: PadEntry): void {
  const server = entry.configuration;
  if (server?.role !== 'server' || !server.required || sa.internal.leases.length > 0) return;
  throw new NotifyError(
    NotifyType.FAILED_CP_REQUIRED,
    `${entry.name} is for clients that ask for an address`,
    {
      scope: 'child',
    },
  );
}

/** A client takes what it was given, once. */
export function readConfiguration(
  sa: IkeSa,
  entry: PadEntry,
  response: readonly Payload[],
  cx: Context,
): void {
  const client = clientOf(sa, entry);
  const reply = ofType(response, CfgType.REPLY);
  const before = sa.internal.assigned;
  if (client === undefined || reply === undefined || before.length > 0) return;
  const assignment = assignedBy(reply.attributes, client);
  sa.internal.assigned = [...assignment.addresses.map(({ range }) => range), ...assignment.prefixes];
  cx.onThrow(() => {
    sa.internal.assigned = before;
  });
  cx.emit({ kind: 'configured', sa: sa.name, ...describeAssignment(assignment) });
}

/**
 * Whom a lease is kept for: a peer whose identity is its own. Never one that is an address or nobody's, nor one that is
 * proven by a key for any peer, nor one that several may use at a time.
 */
export function leaseOwner(
  entry: PadEntry,
  peer: Identity,
  key: PreSharedKey | undefined,
  proof: AuthKind,
): string | undefined {
  const { configuration, unique } = entry;
  if (configuration?.role !== 'server' || !configuration.keepLeases || !unique) return undefined;
  const personal =
    proof === 'psk'
      ? key?.selectors.some((each) => each.kind === 'identity' && sameIdentity(each.identity, peer))
      : proof !== 'null';
  if (!personal || !ownTypes.has(peer.type)) return undefined;
  return identityKey(peer);
}

const ownTypes: ReadonlySet<number> = new Set([
  IdType.FQDN,
  IdType.RFC822_ADDR,
  IdType.DER_ASN1_DN,
  IdType.KEY_ID,
]);

/** One lease for each family that is asked for, has a pool and is not held yet. One of them is enough (§2.19). */
function lease(sa: IkeSa, server: ConfigurationServer, asked: Configuration, cx: Context): void {
  const { leases } = sa.internal;
  const wanted = families.flatMap((family) => {
    const request = asked.attributes.find(({ type }) => addressTypes[family].includes(type));
    return request === undefined ? [] : [{ family, wished: wishIn(request, family) }];
  });
  const before = leases.length;
  for (const { family, wished } of wanted) {
    if (leases.some((held) => familyOf(held) === family)) continue;
    const pools = server.pools.filter((pool) => familyOf(pool) === family);
    pools.some((pool) => cx.takeLease(pool, wished));
  }
  const taken = leases.slice(before);
  if (taken.length > 0) cx.emit({ kind: 'leased', sa: sa.name, addresses: taken.map(describeLease) });
  if (wanted.length === 0 || server.pools.length === 0 || leases.length > 0) return;
  const what = wanted.map(({ family }) => family).join(' and ');
  throw new NotifyError(NotifyType.INTERNAL_ADDRESS_FAILURE, `no ${what} address is left`, {
    scope: 'child',
  });
}

/** The address a client would like to have again; 0 is any. */
function wishIn({ value }: ConfigurationAttribute, family: AddressFamily): Uint8Array | undefined {
  const wish = value.subarray(0, family === 'ipv4' ? 4 : 16);
  return wish.some((octet) => octet !== 0) ? wish : undefined;
}

const ofType = (payloads: readonly Payload[], wanted: number): Configuration | undefined =>
  findAll(payloads, 'configuration').find(({ type }) => type === wanted);

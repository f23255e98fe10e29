/** The attributes of a CFG_REPLY: written for a lease, and read as what a client was given. RFC 7296 §3.15.1-3.15.4. */
import type { ConfigurationClient, ConfigurationServer, PadEntry } from '../../policy/policy.ts';
import type { Lease } from '../../policy/pool.ts';
import { type AddressRange, formatRange, prefixLength, prefixRange } from '../../policy/range.ts';
import { formatAddress } from '../../wire/address.ts';
import { CfgAttribute } from '../../wire/numbers.ts';
import type { Configuration, ConfigurationAttribute } from '../../wire/payloads/configuration.ts';
import type { IkeSa } from '../ike-sa.ts';
import { familyOf } from '../internal-addresses.ts';

/** What a client was given. */
export interface Assignment {
  /** Each with the prefix length of its link. */
  readonly addresses: readonly { readonly range: AddressRange; readonly prefixLength: number }[];
  /** Prefixes that are the client's own. RFC 5739. */
  readonly prefixes: readonly AddressRange[];
  readonly dns: readonly Uint8Array[];
  readonly domains: readonly string[];
  /** What is behind the gateway; traffic selectors decide what of it a child carries. */
  readonly subnets: readonly AddressRange[];
}

const empty = new Uint8Array(0);
const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of each kind no more are read, or sent. */
const most = 64;

const supported = [
  CfgAttribute.INTERNAL_IP4_ADDRESS,
  CfgAttribute.INTERNAL_IP4_NETMASK,
  CfgAttribute.INTERNAL_IP4_DNS,
  CfgAttribute.INTERNAL_IP4_SUBNET,
  CfgAttribute.INTERNAL_IP6_ADDRESS,
  CfgAttribute.INTERNAL_IP6_DNS,
  CfgAttribute.INTERNAL_IP6_SUBNET,
  CfgAttribute.INTERNAL_IP6_PREFIX,
  CfgAttribute.INTERNAL_DNS_DOMAIN,
  CfgAttribute.SUPPORTED_ATTRIBUTES,
];

/** The gateway's answer. Name servers are told to everybody, domains and subnets to who asks. */
export function given(
  sa: IkeSa,
  entry: PadEntry,
  server: ConfigurationServer,
  asked: Configuration,
): ConfigurationAttribute[] {
  const asks = (type: number): boolean => asked.attributes.some((each) => each.type === type);
  const attributes = sa.internal.leases.flatMap((lease) => leaseAttributes(lease, server, asks));
  for (const address of server.dns) {
    const type = address.length === 4 ? CfgAttribute.INTERNAL_IP4_DNS : CfgAttribute.INTERNAL_IP6_DNS;
    attributes.push({ type, value: address });
  }
  if (asks(CfgAttribute.INTERNAL_DNS_DOMAIN) && server.dns.length > 0)
    for (const domain of server.domains)
      attributes.push({ type: CfgAttribute.INTERNAL_DNS_DOMAIN, value: octetsOf(domain) });
  attributes.push(...subnetsOf(entry).filter(({ type }) => asks(type)));
  if (asks(CfgAttribute.SUPPORTED_ATTRIBUTES))
    attributes.push({
      type: CfgAttribute.SUPPORTED_ATTRIBUTES,
      value: Uint8Array.from(supported.flatMap((type) => [type >> 8, type & 0xff])),
    });
  // Who would not tell its version says so (§3.15.4).
  if (asks(CfgAttribute.APPLICATION_VERSION))
    attributes.push({ type: CfgAttribute.APPLICATION_VERSION, value: empty });
  return attributes;
}

function leaseAttributes(
  lease: Lease,
  { netmask }: ConfigurationServer,
  asks: (type: number) => boolean,
): ConfigurationAttribute[] {
  if (familyOf(lease) === 'ipv4') {
    const address = { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: lease.address };
    return netmask ? [address, { type: CfgAttribute.INTERNAL_IP4_NETMASK, value: netmask }] : [address];
  }
  const { address, start, prefixLength: bits } = lease;
  const both: ConfigurationAttribute[] = [];
  if (asks(CfgAttribute.INTERNAL_IP6_ADDRESS))
    both.push({ type: CfgAttribute.INTERNAL_IP6_ADDRESS, value: withPrefix(address, bits) });
  if (asks(CfgAttribute.INTERNAL_IP6_PREFIX) && bits < 128)
    both.push({ type: CfgAttribute.INTERNAL_IP6_PREFIX, value: withPrefix(start, bits) });
  return both;
}

/** The networks of our children, as far as they are prefixes; all addresses are no network. */
function subnetsOf(entry: PadEntry): ConfigurationAttribute[] {
  const subnets = new Map<string, ConfigurationAttribute>();
  for (const selector of entry.children.flatMap(({ local }) => local)) {
    const bits = selector.dynamic ? 0 : (prefixLength(selector.start, selector.end) ?? 0);
    if (selector.dynamic || bits === 0) continue;
    const { start } = selector;
    const mask =
      prefixRange(
        start.map(() => 0xff),
        bits,
      )?.start ?? empty;
    subnets.set(
      formatRange(selector),
      start.length === 4
        ? { type: CfgAttribute.INTERNAL_IP4_SUBNET, value: Uint8Array.of(...start, ...mask) }
        : { type: CfgAttribute.INTERNAL_IP6_SUBNET, value: withPrefix(start, bits) },
    );
  }
  return [...subnets.values()].slice(0, most);
}

const withPrefix = (address: Uint8Array, bits: number): Uint8Array => Uint8Array.of(...address, bits);

/** What of a CFG_REPLY a client takes; attributes that make no sense or were not wanted are passed over. */
export function assignedBy(
  attributes: readonly ConfigurationAttribute[],
  { families, dns: wantsDns }: ConfigurationClient,
): Assignment {
  const valuesOf = (type: number, ...lengths: number[]): Uint8Array[] =>
    attributes
      .filter((each) => each.type === type && lengths.includes(each.value.length))
      .map(({ value }) => value)
      .slice(0, most);
  const [netmask] = valuesOf(CfgAttribute.INTERNAL_IP4_NETMASK, 4);
  const link =
    netmask &&
    prefixLength(
      netmask.map((octet) => octet & 0),
      netmask.map((octet) => ~octet),
    );
  const ipv4 = families.includes('ipv4') ? valuesOf(CfgAttribute.INTERNAL_IP4_ADDRESS, 4) : [];
  const ipv6 = families.includes('ipv6') ? valuesOf(CfgAttribute.INTERNAL_IP6_ADDRESS, 16, 17) : [];
  const prefixes = families.includes('ipv6') ? valuesOf(CfgAttribute.INTERNAL_IP6_PREFIX, 17) : [];
  const dns = wantsDns
    ? [...valuesOf(CfgAttribute.INTERNAL_IP4_DNS, 4), ...valuesOf(CfgAttribute.INTERNAL_IP6_DNS, 16, 17)]
    : [];
  const addresses = [
    ...ipv4.map((value) => ({ range: { start: value, end: value }, prefixLength: link ?? 32 })),
    ...ipv6.map((value) => {
      const address = value.slice(0, 16);
      return { range: { start: address, end: address }, prefixLength: value[16] ?? 128 };
    }),
  ].filter(({ range, prefixLength: bits }) => isHost(range.start) && bits <= range.start.length * 8);
  const own = prefixes
    .flatMap((value) => prefixRange(value.slice(0, 16), value[16] ?? 255) ?? [])
    .filter(({ start }) => isHost(start));
  const domains =
    dns.length === 0
      ? []
      : attributes
          .filter(({ type }) => type === CfgAttribute.INTERNAL_DNS_DOMAIN)
          .flatMap(({ value }) => domainIn(value) ?? [])
          .slice(0, most);
  const subnets = [
    ...valuesOf(CfgAttribute.INTERNAL_IP4_SUBNET, 8).flatMap(
      (value) => masked(value.slice(0, 4), value.slice(4)) ?? [],
    ),
    ...valuesOf(CfgAttribute.INTERNAL_IP6_SUBNET, 17).flatMap(
      (value) => prefixRange(value.slice(0, 16), value[16] ?? 255) ?? [],
    ),
  ];
  return {
    addresses: once(addresses, ({ range }) => formatRange(range)),
    prefixes: once(own, formatRange),
    dns: once(dns.map((value) => value.slice(0, value.length === 4 ? 4 : 16)).filter(isHost), formatAddress),
    domains: once(domains, String),
    subnets: once(subnets, formatRange),
  };
}

/** The first of each name. */
function once<T>(list: readonly T[], name: (each: T) => string): T[] {
  const names = list.map(name);
  return list.filter((_, at) => names.indexOf(names[at] ?? '') === at);
}

function masked(address: Uint8Array, mask: Uint8Array): AddressRange | undefined {
  const bits = prefixLength(
    mask.map(() => 0),
    mask.map((octet) => ~octet),
  );
  return bits === undefined ? undefined : prefixRange(address, bits);
}

/** Neither unspecified nor loopback nor multicast: an address a host can have. */
function isHost(address: Uint8Array): boolean {
  const [first = 0] = address;
  if (address.length === 4) return first !== 0 && first !== 127 && first < 224;
  return first !== 0xff && address.subarray(0, 15).some((octet) => octet !== 0);
}

const domainName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** A name in letters, digits, hyphens and underscores, as programs that are told of it may rely on (RFC 8598 §4.1). */
function domainIn(value: Uint8Array): string | undefined {
  const name = String.fromCharCode(...value.subarray(0, 255)).replace(/\.$/, '');
  return value.length <= 254 && domainName.test(name) ? name.toLowerCase() : undefined;
}

/** As events tell it. */
export const describeAssignment = ({ addresses, prefixes, dns, domains, subnets }: Assignment) => ({
  addresses: addresses.map(({ range, prefixLength: bits }) => `${formatAddress(range.start)}/${bits}`),
  prefixes: prefixes.map(formatRange),
  dns: dns.map(formatAddress),
  domains,
  subnets: subnets.map(formatRange),
});

/** `10.3.0.1`, or the prefix. */
export const describeLease = ({ start, end, address }: Lease): string =>
  start.every((octet, at) => octet === end[at]) ? formatAddress(address) : formatRange({ start, end });

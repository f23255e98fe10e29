/** `addresspool=`, `modecfg*=`: who gives out addresses by the Configuration payload, and who asks. RFC 7296 §2.19. */
import type { AddressFamily, ConfigurationClient, ConfigurationServer } from '../policy/policy.ts';
import type { PoolPolicy } from '../policy/pool.ts';
import { type AddressRange, compareAddresses, formatRange, parseCidr } from '../policy/range.ts';
import type { SelectorPolicy } from '../policy/selector.ts';
import { parseAddress } from '../wire/address.ts';
import type { ResolvedConnection } from './conn.ts';
import type { Oriented } from './host.ts';
import type { End } from './lookup.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';
import type { BothTraffic } from './traffic.ts';

/** What the conn is in this, and its traffic: an end with internal addresses is dynamic. */
export interface Modecfg {
  readonly configuration?: ConfigurationServer | ConfigurationClient;
  readonly traffic: BothTraffic;
}

/** Undefined when a mistake was reported. The pool is of the end that gets addresses of it. */
export function modecfg(
  conn: ConnSettings,
  ends: Oriented,
  traffic: BothTraffic,
  mistakes: Mistakes,
): Modecfg | undefined {
  const { ours, theirs } = ends;
  const says = (name: string): boolean => conn.settings.get(name)?.word === 'yes';
  const [own, peers] = [ours, theirs].map((end) => conn.settings.get(`${end}addresspool`));
  if (!checkPool(conn, own, ours, mistakes) || !checkPool(conn, peers, theirs, mistakes)) return undefined;
  if (own !== undefined && peers !== undefined) {
    mistakes.error(peers.at, 'both ends have an addresspool=', 'one, at the end of the client');
    return undefined;
  }
  if (peers !== undefined || says(`${ours}modecfgserver`))
    return server(conn, peers, theirs, traffic, mistakes);
  if (own !== undefined || says(`${ours}modecfgclient`)) return client(conn, ends, traffic, mistakes);
  return { traffic };
}

/** What makes no sense beside a pool, at whichever end. */
function checkPool(conn: ConnSettings, pool: Setting | undefined, end: End, mistakes: Mistakes): boolean {
  if (pool === undefined) return true;
  const subnet = conn.settings.get(`${end}subnet`) ?? conn.settings.get(`${end}subnets`);
  const type = conn.settings.get('type');
  if (subnet !== undefined)
    mistakes.error(subnet.at, `${subnet.name}= and ${pool.name}= exclude each other`, 'one of them');
  if (type?.word === 'transport')
    mistakes.error(
      type.at,
      `type=transport protects the hosts' own addresses, not ${pool.name}=`,
      'type=tunnel',
    );
  return subnet === undefined && type?.word !== 'transport';
}

function server(
  conn: ConnSettings,
  pool: Setting | undefined,
  end: End,
  traffic: BothTraffic,
  mistakes: Mistakes,
): Modecfg | undefined {
  const pools = pool === undefined ? [] : readPools(pool, mistakes);
  const dns = readDns(conn.settings.get('modecfgdns'), mistakes);
  const domains = readDomains(conn.settings.get('modecfgdomains'), mistakes);
  if (pools === undefined || dns === undefined || domains === undefined) return undefined;
  if (domains.length > 0 && dns.length === 0) {
    const at = conn.settings.get('modecfgdomains')?.at ?? conn.at;
    mistakes.warning(at, 'modecfgdomains= is of no use without name servers to ask', 'modecfgdns=');
  }
  const configuration: ConfigurationServer = {
    role: 'server',
    pools,
    required: pools.length > 0,
    keepLeases: conn.settings.get('share-lease')?.word !== 'no',
    dns,
    domains,
  };
  if (pools.length === 0) return { configuration, traffic };
  const lengths = [...new Set(pools.map(({ start }) => start.length))];
  return { configuration, traffic: { ...traffic, assigned: { end, lengths } } };
}

/** A client's own `subnet=0.0.0.0/0` and `::/0` say which families it asks for; without, the traffic it wants does. */
function client(
  conn: ConnSettings,
  { ours, theirs, local }: Oriented,
  traffic: BothTraffic,
  mistakes: Mistakes,
): Modecfg {
  const cat = conn.settings.get(`${ours}cat`);
  const onlyBehindNat = cat?.word === 'yes';
  if (cat && onlyBehindNat)
    mistakes.warning(cat.at, `${ours}cat=yes behind a NAT: the address we are given is not translated yet`);
  const whole = traffic[ours].lists.flat().flatMap((each) => (isWhole(each) ? [each.start.length] : []));
  const wanted = traffic[theirs].lists.flat().flatMap((each) => (each.dynamic ? [] : [each.start.length]));
  const said = whole.length > 0 ? whole : wanted.length > 0 ? wanted : [local.length];
  const lengths = [4, 16].filter((length) => said.includes(length));
  const lists = traffic[ours].lists.map(withDynamic);
  return {
    configuration: {
      role: 'client',
      families: lengths.map((length): AddressFamily => (length === 4 ? 'ipv4' : 'ipv6')),
      dns: conn.settings.get('ignore-peer-dns')?.word !== 'yes',
      ...(onlyBehindNat && { onlyBehindNat }),
    },
    traffic: { ...traffic, [ours]: { ...traffic[ours], lists }, assigned: { end: ours, lengths } },
  };
}

const isWhole = (selector: SelectorPolicy): selector is Extract<SelectorPolicy, AddressRange> =>
  !selector.dynamic &&
  selector.start.every((octet) => octet === 0) &&
  selector.end.every((octet) => octet === 0xff);

/** All addresses become the one that comes; one selector stands for both families. */
function withDynamic(selectors: readonly SelectorPolicy[]): SelectorPolicy[] {
  const seen = new Set<string>();
  return selectors.flatMap((each): SelectorPolicy[] => {
    if (!isWhole(each)) return [each];
    const { protocol, startPort, endPort } = each;
    const key = `${protocol} ${startPort} ${endPort}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ dynamic: true, protocol, startPort, endPort }];
  });
}

const poolForms = 'FIRST-LAST, NETWORK/PREFIX, or NETWORK/PREFIX/PREFIX to give out prefixes';

function readPools({ name, text, at }: Setting, mistakes: Mistakes): PoolPolicy[] | undefined {
  const words = wordsOf(text);
  const pools = words.flatMap((word) => {
    const pool = parsePool(word);
    if (typeof pool !== 'string') return [pool];
    mistakes.error(at, `${name}=: ${quoted(word)} ${pool}`, poolForms);
    return [];
  });
  if (pools.length < words.length) return undefined;
  const clash = pools.find((pool, place) => pools.slice(0, place).some((other) => overlap(pool, other)));
  if (clash === undefined) return pools;
  mistakes.error(at, `${name}=: ${formatRange(clash)} overlaps another of its pools`);
  return undefined;
}

/**
 * A pool, or what is wrong. A network's own address and its broadcast address (of IPv6: the routers' anycast address)
 * are nobody's; a range is leased as it stands.
 */
function parsePool(word: string): PoolPolicy | string {
  const [, network = '', bits] = /^(.+\/\d+)\/(\d{1,3})$/.exec(word) ?? [undefined, word];
  const range = parseCidr(network);
  if (range === undefined) return 'is no range of addresses';
  if (range.start.every((octet) => octet === 0)) return 'begins with the address zero';
  const width = Number(/\/(\d+)$/.exec(network)?.[1] ?? 128);
  if (bits !== undefined) {
    const prefixLength = Number(bits);
    if (range.start.length === 4) return 'gives out IPv4 prefixes, which have no attribute';
    if (prefixLength < width || prefixLength > 128) return `has no prefixes of ${prefixLength} bits`;
    return { ...range, prefixLength };
  }
  if (!network.includes('/')) return range;
  const ipv4 = range.start.length === 4;
  if (width > (ipv4 ? 30 : 126)) return range;
  const [first, last] = [range.start.slice(), range.end.slice()];
  first[first.length - 1] = (first.at(-1) ?? 0) | 1;
  if (ipv4) last[last.length - 1] = (last.at(-1) ?? 0) & 0xfe;
  return { start: first, end: last };
}

function readDns(setting: Setting | undefined, mistakes: Mistakes): Uint8Array[] | undefined {
  const words = wordsOf(setting?.text);
  const addresses = words.map((word) => ({ word, address: parseAddress(word) }));
  for (const { word, address } of addresses)
    if (setting && address === undefined)
      mistakes.error(setting.at, `modecfgdns=: ${quoted(word)} is no address`, 'IPv4 and IPv6 addresses');
  const good = addresses.flatMap(({ address }) => address ?? []);
  return good.length === words.length ? good : undefined;
}

const domainName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

function readDomains(setting: Setting | undefined, mistakes: Mistakes): string[] | undefined {
  const words = wordsOf(setting?.text).map((word) => word.replace(/\.$/, ''));
  const bad = words.filter((word) => !domainName.test(word));
  for (const word of bad)
    if (setting)
      mistakes.error(setting.at, `modecfgdomains=: ${quoted(word)} is no domain`, 'names of domains');
  return bad.length === 0 ? words : undefined;
}

const wordsOf = (text = ''): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** Pools of two conns are the same, or have nothing in common: else an address would be given out twice. */
export function checkPools(connections: readonly ResolvedConnection[], mistakes: Mistakes): void {
  const all = connections.flatMap(({ name, at, pad }) =>
    pad?.configuration?.role === 'server' ? pad.configuration.pools.map((pool) => ({ name, at, pool })) : [],
  );
  const sorted = all.sort(({ pool: a }, { pool: b }) => {
    return a.start.length - b.start.length || compareAddresses(a.start, b.start);
  });
  for (const [place, { name, at, pool }] of sorted.entries()) {
    const before = sorted[place - 1];
    if (before === undefined || !overlap(pool, before.pool) || same(pool, before.pool)) continue;
    mistakes.error(
      at,
      `conn ${quoted(name)}: its pool ${formatRange(pool)} overlaps that of conn ${quoted(before.name)}`,
      'the same pool, or another',
    );
  }
}

const overlap = (a: AddressRange, b: AddressRange): boolean =>
  a.start.length === b.start.length &&
  compareAddresses(a.start, b.end) <= 0 &&
  compareAddresses(b.start, a.end) <= 0;

const same = (a: PoolPolicy, b: PoolPolicy): boolean =>
  compareAddresses(a.start, b.start) === 0 &&
  compareAddresses(a.end, b.end) === 0 &&
  a.prefixLength === b.prefixLength;

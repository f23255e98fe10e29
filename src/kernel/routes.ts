/** Which packets of the host go into a device: routes and rules made from the policies of packets that go out. */
import { formatAddress } from '../wire/address.ts';
import { prefixesOf } from './prefixes.ts';
import type { Prefix, Route, RouteSocket, Rule } from './rtnetlink.ts';

/** Of a policy what routing asks. */
export interface RoutedPolicy {
  readonly action: 'protect' | 'bypass' | 'discard';
  /** The lowest decides. */
  readonly priority: number;
  readonly local: RoutedSelector;
  readonly remote: RoutedSelector;
}

export interface RoutedSelector {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** A UDP socket of ours, whose datagrams never go into the device. */
export interface OwnSocket {
  readonly address: Uint8Array;
  readonly port: number;
}

export type RouteWriter = Pick<
  RouteSocket,
  'setRoute' | 'deleteRoute' | 'addRule' | 'deleteRule' | 'clearRules' | 'routes'
>;

export interface RoutesOptions {
  /** By which what one left behind is found again. */
  readonly name: string;
  readonly device: number;
  /** Addresses of this host, those to be preferred first. */
  readonly addresses: () => readonly Uint8Array[];
}

/** What was asked for last; of equal priority the newest is first. */
interface Claim {
  readonly policy: RoutedPolicy;
  readonly to: Prefix;
}

const versions = [4, 6] as const;
/** Rules of a device: in this order, and between the table of local addresses (0) and the main table (32766). */
const step = { sockets: 0, narrow: 1, bypass: 2, whole: 3, end: 4 } as const;
const [firstPriority, steps, slots] = [16_384, 8, 1_024] as const;
const firstTable = 0x494b_0000;
const udp = 17;
const unspecified: Prefix = { address: new Uint8Array(4), length: 32 };

/**
 * A table of routes to the policies' remote ends, which packets of their local ends look into. Datagrams of our own
 * sockets pass it over by their address and port: a tunnel may hold its own peer, or everything. What is narrower than
 * addresses (a protocol, ports) is a rule of its own. What bypasses passes the table over, or is told by it to look on.
 */
export class TunRoutes {
  readonly #socket: RouteWriter;
  readonly #options: RoutesOptions;
  readonly #priority: number;
  readonly #table: number;
  /** By table and prefix. */
  readonly #claims = new Map<string, Claim[]>();
  readonly #rules = new Map<string, { readonly rule: Rule; count: number }>();
  #sockets = new Set<string>();

  /** Takes away what another of the same name left behind. Throws SystemError: EPERM, EOPNOTSUPP. */
  constructor(socket: RouteWriter, options: RoutesOptions) {
    this.#socket = socket;
    this.#options = options;
    const slot = slotOf(options.name);
    this.#priority = firstPriority + slot * steps;
    this.#table = firstTable + slot * 2;
    this.#sweep();
    for (const version of versions) this.#begin(version);
  }

  /** The sockets there are now. */
  sockets(all: readonly OwnSocket[]): void {
    const named = new Map(all.map((socket) => [`${formatAddress(socket.address)} ${socket.port}`, socket]));
    for (const [key, socket] of named) if (!this.#sockets.has(key)) this.#take(this.#socketRule(socket));
    this.#sockets = new Set([...this.#sockets, ...named.keys()]);
  }

  /** Throws SystemError; then there is nothing of the policy. */
  add(policy: RoutedPolicy): void {
    if (policy.local.start.length !== policy.remote.start.length) return;
    const narrow = isNarrow(policy);
    try {
      for (const rule of this.#rulesOf(policy, narrow)) this.#take(rule);
      if (narrow && policy.action === 'bypass') return;
      for (const to of prefixesOf(policy.remote.start, policy.remote.end)) {
        const claims = this.#claimsOf(narrow, to);
        const at = claims.findIndex((claim) => claim.policy.priority >= policy.priority);
        claims.splice(at < 0 ? claims.length : at, 0, { policy, to });
        this.#settle(narrow, claims, to);
      }
    } catch (error) {
      this.remove(policy);
      throw error;
    }
  }

  /** The very policy that was added; nothing when it is not there. */
  remove(policy: RoutedPolicy): void {
    if (policy.local.start.length !== policy.remote.start.length) return;
    const narrow = isNarrow(policy);
    for (const to of prefixesOf(policy.remote.start, policy.remote.end)) {
      const claims = this.#claimsOf(narrow, to);
      const at = claims.findIndex((claim) => claim.policy === policy);
      if (at < 0) continue;
      claims.splice(at, 1);
      this.#settle(narrow, claims, to);
    }
    for (const rule of this.#rulesOf(policy, narrow)) this.#giveBack(rule);
  }

  /** The host's addresses are others now. */
  refresh(): void {
    for (const [key, claims] of this.#claims) {
      const [first] = claims;
      if (first) this.#settle(key.startsWith('narrow'), claims, first.to);
    }
  }

  clear(): void {
    this.#claims.clear();
    this.#rules.clear();
    this.#sockets.clear();
    this.#sweep();
  }

  #begin(version: 4 | 6): void {
    const rule = (at: number, leads: Rule['leads']): Rule => ({
      version,
      priority: this.#priority + at,
      leads,
    });
    this.#socket.addRule(rule(step.end, { kind: 'nop' }));
    if (version === 4) return;
    // The source of an IPv6 packet is not looked for among routes' rules but where it is zero; see `sourcesOf`.
    this.#socket.addRule({ ...rule(step.whole, this.#whole), butDefault: true });
  }

  #sweep(): void {
    for (const version of versions)
      for (const at of Object.values(step)) this.#socket.clearRules(version, this.#priority + at);
    for (const table of [this.#table, this.#table + 1])
      for (const route of this.#socket.routes(table)) {
        this.#socket.deleteRoute({ ...route, device: this.#options.device });
        this.#socket.deleteRoute(route);
      }
  }

  get #whole(): Rule['leads'] {
    return { kind: 'table', table: this.#table };
  }

  #socketRule({ address, port }: OwnSocket): Rule {
    return {
      version: address.length === 4 ? 4 : 6,
      priority: this.#priority + step.sockets,
      leads: { kind: 'goto', priority: this.#priority + step.end },
      from: { address, length: address.length * 8 },
      protocol: udp,
      sourcePorts: [port, port],
    };
  }

  #rulesOf(policy: RoutedPolicy, narrow: boolean): Rule[] {
    const { local, remote, action } = policy;
    const version = local.start.length === 4 ? 4 : 6;
    const froms = prefixesOf(local.start, local.end);
    if (!narrow) {
      if (action === 'bypass') return [];
      const common = { version, priority: this.#priority + step.whole, leads: this.#whole } as const;
      return froms.flatMap((from) => sourcesOf(version, from).map((source) => ({ ...common, ...source })));
    }
    const which = narrowTo(policy);
    const tos = prefixesOf(remote.start, remote.end);
    if (action !== 'bypass') {
      const leads = { kind: 'table', table: this.#table + 1 } as const;
      const common = { version, priority: this.#priority + step.narrow, leads, ...which } as const;
      return product(froms, tos).flatMap(({ from, to }) =>
        sourcesOf(version, from).map((source) => ({ ...common, ...source, to })),
      );
    }
    // Routing sees no types of ICMP: such packets come into the device, and are dropped there.
    if (which === undefined) return [];
    const leads = { kind: 'goto', priority: this.#priority + step.end } as const;
    const common = { version, priority: this.#priority + step.bypass, leads, ...which } as const;
    return product(froms, tos).map((ends) => ({ ...common, ...ends }));
  }

  #settle(narrow: boolean, claims: readonly Claim[], to: Prefix): void {
    const table = this.#table + (narrow ? 1 : 0);
    const [first] = claims;
    if (first === undefined) {
      this.#claims.delete(keyOf(narrow, to));
      this.#socket.deleteRoute({ to, table, device: this.#options.device });
      this.#socket.deleteRoute({ to, table });
    } else this.#socket.setRoute(this.#routeOf(first, table));
  }

  #routeOf({ policy: { action, local }, to }: Claim, table: number): Route {
    if (action === 'bypass') return { to, table };
    const source = this.#options.addresses().find((address) => within(local, address));
    return { to, table, device: this.#options.device, ...(source && { source }) };
  }

  #claimsOf(narrow: boolean, to: Prefix): Claim[] {
    const key = keyOf(narrow, to);
    const claims = this.#claims.get(key) ?? [];
    this.#claims.set(key, claims);
    return claims;
  }

  #take(rule: Rule): void {
    const key = JSON.stringify(rule);
    const held = this.#rules.get(key);
    if (held === undefined) this.#socket.addRule(rule);
    this.#rules.set(key, { rule, count: (held?.count ?? 0) + 1 });
  }

  #giveBack(rule: Rule): void {
    const key = JSON.stringify(rule);
    const held = this.#rules.get(key);
    if (held === undefined) return;
    held.count -= 1;
    if (held.count > 0) return;
    this.#rules.delete(key);
    this.#socket.deleteRule(rule);
  }
}

/**
 * Packets of the local end, and those whose source is yet to be chosen, for which the route says it: IPv4 asks with a
 * source of zero; IPv6 with none, and the rule is held to the one that would be chosen.
 */
const sourcesOf = (version: 4 | 6, from: Prefix): Pick<Rule, 'from' | 'findSource'>[] =>
  version === 4 ? [{ from }, { from: unspecified }] : [{ from, findSource: true }];

const isNarrow = ({ local, remote }: RoutedPolicy): boolean =>
  local.protocol !== 0 || remote.protocol !== 0 || !anyPort(local) || !anyPort(remote);

const anyPort = ({ startPort, endPort }: RoutedSelector): boolean => startPort === 0 && endPort === 65_535;

/** Undefined when routing cannot see it: ICMP's type and code, mobility headers, OPAQUE ports. */
function narrowTo({
  local,
  remote,
  action,
}: RoutedPolicy): Omit<Rule, 'version' | 'priority' | 'leads'> | undefined {
  const protocol = local.protocol || remote.protocol;
  const ports =
    portProtocols.has(protocol) && [local, remote].every(({ startPort, endPort }) => startPort <= endPort);
  if (!ports && action === 'bypass' && !(anyPort(local) && anyPort(remote))) return undefined;
  return {
    protocol,
    ...(ports && !anyPort(local) && { sourcePorts: [local.startPort, local.endPort] as const }),
    ...(ports && !anyPort(remote) && { destinationPorts: [remote.startPort, remote.endPort] as const }),
  };
}

/** TCP, UDP, SCTP, DCCP: those whose ports a rule can tell. */
const portProtocols: ReadonlySet<number> = new Set([6, 17, 33, 132]);

const product = (froms: readonly Prefix[], tos: readonly Prefix[]): { from: Prefix; to: Prefix }[] =>
  froms.flatMap((from) => tos.map((to) => ({ from, to })));

function within({ start, end }: RoutedSelector, address: Uint8Array): boolean {
  return address.length === start.length && compare(start, address) <= 0 && compare(address, end) <= 0;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (const [i, octet] of a.entries()) if (octet !== b[i]) return octet - (b[i] ?? 0);
  return 0;
}

const keyOf = (narrow: boolean, { address, length }: Prefix): string =>
  `${narrow ? 'narrow' : 'whole'} ${formatAddress(address)}/${length}`;

/** FNV-1a: two devices seldom share a slot, and the same name always has the same. */
function slotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(name)) hash = Math.imul(hash ^ octet, 0x01000193);
  return (hash >>> 0) % slots;
}

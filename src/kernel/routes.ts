/** Which packets of the host go into a device: routes and rules made from the policies of packets that go out. */
import { formatAddress } from '../wire/address.ts';
import { prefixesOf } from './prefixes.ts';
import { isNarrow, kindOf, overlap, type RoutedPolicy, remotesMeet, within } from './routes-policies.ts';
import { DeviceTables, type TableWriter } from './routes-tables.ts';
import type { Prefix, RouteSocket, Rule } from './rtnetlink.ts';

export type { RoutedPolicy, RoutedSelector } from './routes-policies.ts';

/** A UDP socket of ours, whose datagrams never go into the device. */
export interface OwnSocket {
  readonly address: Uint8Array;
  readonly port: number;
}

export type RouteWriter = TableWriter & Pick<RouteSocket, 'addRule' | 'deleteRule' | 'clearRules'>;

export interface RoutesOptions {
  /** By which what one left behind is found again. */
  readonly name: string;
  readonly device: number;
  /** Addresses of this host, those to be preferred first. */
  readonly addresses: () => readonly Uint8Array[];
}

type Undo = () => void;

/** Policies with an address of this host in their local ends, in the order of the SPD: the first says the route's source. */
interface Claims {
  readonly to: Prefix;
  readonly table: number;
  readonly policies: RoutedPolicy[];
}

const versions = [4, 6] as const;
/**
 * Rules of a device: in this order, and between the table of local addresses (0) and the main table (32766). Those from
 * `own` on are only for packets of this host whose source is yet to be chosen.
 */
const step = {
  sockets: 0,
  gate: 1,
  bypass: 2,
  narrow: 3,
  bypassWhole: 4,
  whole: 5,
  pass: 6,
  own: 7,
  ownBypass: 8,
  ownNarrow: 9,
  ownWhole: 10,
  end: 11,
} as const;
const [firstPriority, steps, slots] = [16_384, 16, 512] as const;
const [firstTable, tables] = [0x4940_0000, 4_096] as const;
const udp = 17;
const unspecified = { 4: new Uint8Array(4), 6: new Uint8Array(16) } as const;

/**
 * A table of routes to remote ends for each local end and kind of packet, which a rule leads to; and for packets without a
 * source yet one for each kind, whose routes say it, of policies with an address of this host. Datagrams of our own
 * sockets pass them over by their address and port: a tunnel may hold its own peer, or everything. What bypasses passes
 * them over by a rule with both its ends, where no policy before it in the SPD says else of any of its packets.
 */
export class TunRoutes {
  readonly #socket: RouteWriter;
  readonly #options: RoutesOptions;
  readonly #priority: number;
  readonly #tables: DeviceTables;
  /** In the order of the SPD. */
  readonly #policies: RoutedPolicy[] = [];
  readonly #undo = new Map<RoutedPolicy, Undo[]>();
  /** How many hold a rule, a route or a table. */
  readonly #held = new Map<string, number>();
  readonly #claims = new Map<string, Claims>();
  /** By policy and rule. */
  readonly #bypasses = new Map<RoutedPolicy, Map<string, Undo>>();
  #sockets = new Set<string>();
  #addresses: readonly Uint8Array[] = [];

  /** Takes away what another of the same name left behind. Throws SystemError: EPERM, EOPNOTSUPP. */
  constructor(socket: RouteWriter, options: RoutesOptions) {
    this.#socket = socket;
    this.#options = options;
    const slot = slotOf(options.name);
    this.#priority = firstPriority + slot * steps;
    this.#tables = new DeviceTables(socket, firstTable + slot * tables, tables, options.device);
    this.#addresses = [...options.addresses()];
    this.#sweep();
    for (const version of versions) this.#begin(version);
  }

  /** The sockets there are now. Throws SystemError. */
  sockets(all: readonly OwnSocket[]): void {
    const named = new Map(all.map((socket) => [`${formatAddress(socket.address)} ${socket.port}`, socket]));
    for (const [key, socket] of named) if (!this.#sockets.has(key)) this.#rule(this.#socketRule(socket));
    this.#sockets = new Set([...this.#sockets, ...named.keys()]);
  }

  /** Throws SystemError; then there is nothing of the policy. */
  add(policy: RoutedPolicy): void {
    if (policy.local.start.length !== policy.remote.start.length) return;
    insert(this.#policies, policy);
    const undo: Undo[] = [];
    this.#undo.set(policy, undo);
    try {
      if (policy.action === 'bypass') this.#bypasses.set(policy, new Map());
      else this.#lead(policy, undo);
      this.#settleBypasses(policy);
    } catch (error) {
      this.remove(policy);
      throw error;
    }
  }

  /** The very policy that was added; nothing when it is not there. */
  remove(policy: RoutedPolicy): void {
    const undo = this.#undo.get(policy);
    if (undo === undefined) return;
    this.#undo.delete(policy);
    this.#policies.splice(this.#policies.indexOf(policy), 1);
    for (const each of this.#bypasses.get(policy)?.values() ?? []) each();
    this.#bypasses.delete(policy);
    for (const each of undo.reverse()) each();
    this.#settleBypasses(policy);
  }

  /** The host's addresses may be others now. Throws SystemError. */
  refresh(): void {
    const before = this.#addresses.map(formatAddress).join();
    this.#addresses = [...this.#options.addresses()];
    if (this.#addresses.map(formatAddress).join() === before) return;
    for (const claims of this.#claims.values()) this.#settle(claims);
    this.#settleBypasses();
  }

  /** The device's index; undefined while it is down or gone: what would go into it is refused. Throws SystemError. */
  device(index: number | undefined): void {
    this.#tables.device(index);
  }

  clear(): void {
    for (const each of [this.#undo, this.#held, this.#claims, this.#bypasses, this.#sockets]) each.clear();
    this.#policies.length = 0;
    this.#sweep();
  }

  #begin(version: 4 | 6): void {
    this.#socket.addRule({
      ...this.#ruleAt(version, 'gate'),
      leads: { kind: 'goto', priority: this.#priority + step.own },
      from: { address: unspecified[version], length: version === 4 ? 32 : 128 },
      // Else IPv6 holds packets without a source to no rule that asks for one.
      ...(version === 6 && { findSource: true }),
    });
    this.#socket.addRule({ ...this.#ruleAt(version, 'pass'), leads: this.#past });
    // The kernel jumps to a rule, not to a priority.
    for (const at of ['own', 'end'] as const)
      this.#socket.addRule({ ...this.#ruleAt(version, at), leads: { kind: 'nop' } });
  }

  #sweep(): void {
    for (const version of versions)
      for (const at of Object.values(step)) this.#socket.clearRules(version, this.#priority + at);
    this.#tables.sweep();
  }

  get #past(): Rule['leads'] {
    return { kind: 'goto', priority: this.#priority + step.end };
  }

  #ruleAt(version: 4 | 6, at: keyof typeof step): Pick<Rule, 'version' | 'priority'> {
    return { version, priority: this.#priority + step[at] };
  }

  #socketRule({ address, port }: OwnSocket): Rule {
    return {
      ...this.#ruleAt(versionOf(address), 'sockets'),
      leads: this.#past,
      from: { address, length: address.length * 8 },
      protocol: udp,
      sourcePorts: [port, port],
    };
  }

  /** Into the device, by its local end and without one. */
  #lead(policy: RoutedPolicy, undo: Undo[]): void {
    const { local, remote } = policy;
    const version = versionOf(local.start);
    const kind = kindOf(policy);
    const [at, ownAt] = isNarrow(policy)
      ? (['narrow', 'ownNarrow'] as const)
      : (['whole', 'ownWhole'] as const);
    const tos = prefixesOf(remote.start, remote.end);
    const ends = `${formatAddress(local.start)}-${formatAddress(local.end)} ${JSON.stringify(kind)}`;
    const table = this.#table(ends, undo);
    for (const to of tos) undo.push(this.#route(to, table));
    for (const from of prefixesOf(local.start, local.end))
      undo.push(this.#rule({ ...this.#ruleAt(version, at), leads: { kind: 'table', table }, ...kind, from }));
    const own = this.#table(`own ${version} ${JSON.stringify(kind)}`, undo);
    for (const to of tos) undo.push(this.#claim(policy, to, own));
    undo.push(this.#rule({ ...this.#ruleAt(version, ownAt), leads: { kind: 'table', table: own }, ...kind }));
  }

  /** Of policies of equal ends and kind all that are, and no more rules than they need. */
  #settleBypasses(changed?: RoutedPolicy): void {
    for (const [policy, held] of this.#bypasses) {
      if (changed && changed !== policy && !remotesMeet(changed, policy)) continue;
      const wanted = new Map(this.#bypassRules(policy).map((rule) => [JSON.stringify(rule), rule]));
      for (const [key, undo] of held)
        if (!wanted.has(key)) {
          held.delete(key);
          undo();
        }
      for (const [key, rule] of wanted) if (!held.has(key)) held.set(key, this.#rule(rule));
    }
  }

  #bypassRules(policy: RoutedPolicy): Rule[] {
    const { local, remote } = policy;
    const kind = kindOf(policy);
    if (kind === undefined) return [];
    const version = versionOf(local.start);
    const tos = prefixesOf(remote.start, remote.end);
    const rules: Rule[] = [];
    const before = this.#policies
      .slice(0, this.#policies.indexOf(policy))
      .filter((each) => each.action !== 'bypass' && overlap(each, policy));
    if (before.every(isNarrow)) {
      const at = this.#ruleAt(version, before.length === 0 ? 'bypass' : 'bypassWhole');
      for (const from of prefixesOf(local.start, local.end))
        for (const to of tos) rules.push({ ...at, leads: this.#past, ...kind, from, to });
    }
    if (this.#bypassesOwn(policy))
      for (const to of tos)
        rules.push({ ...this.#ruleAt(version, 'ownBypass'), leads: this.#past, ...kind, to });
    return rules;
  }

  /** Whether whatever address of this host is chosen as a source, no policy says else. */
  #bypassesOwn(policy: RoutedPolicy): boolean {
    if (!this.#addresses.some((address) => within(policy.local, address))) return false;
    const at = this.#policies.indexOf(policy);
    return this.#policies.every((each, i) => {
      if (each.action === 'bypass' || !remotesMeet(each, policy)) return true;
      const sources = this.#addresses.filter((address) => within(each.local, address));
      return sources.length === 0 || (i > at && sources.every((address) => within(policy.local, address)));
    });
  }

  #claim(policy: RoutedPolicy, to: Prefix, table: number): Undo {
    const key = `${table} ${formatAddress(to.address)}/${to.length}`;
    const claims = this.#claims.get(key) ?? { to, table, policies: [] };
    this.#claims.set(key, claims);
    insert(claims.policies, policy);
    const undo = () => {
      claims.policies.splice(claims.policies.indexOf(policy), 1);
      if (claims.policies.length === 0) this.#claims.delete(key);
      this.#settle(claims);
    };
    return this.#orUndone(() => this.#settle(claims), undo);
  }

  #settle({ to, table, policies }: Claims): void {
    for (const { local } of policies) {
      const source = this.#addresses.find((address) => within(local, address));
      if (source) return this.#tables.set(to, table, source);
    }
    this.#tables.unset(to, table);
  }

  #table(what: string, undo: Undo[]): number {
    const table = this.#tables.table(what);
    undo.push(
      this.#hold(
        `table ${what}`,
        () => {},
        () => this.#tables.free(what),
      ),
    );
    return table;
  }

  #route(to: Prefix, table: number): Undo {
    return this.#hold(
      `route ${table} ${formatAddress(to.address)}/${to.length}`,
      () => this.#tables.set(to, table),
      () => this.#tables.unset(to, table),
    );
  }

  #rule(rule: Rule): Undo {
    return this.#hold(
      JSON.stringify(rule),
      () => this.#socket.addRule(rule),
      () => this.#socket.deleteRule(rule),
    );
  }

  /** Made for the first who holds it, unmade when the last gives it back. */
  #hold(key: string, make: () => void, unmake: () => void): Undo {
    const count = this.#held.get(key) ?? 0;
    if (count === 0) this.#orUndone(make, unmake);
    this.#held.set(key, count + 1);
    return () => {
      const left = (this.#held.get(key) ?? 0) - 1;
      if (left > 0) this.#held.set(key, left);
      else if (this.#held.delete(key)) unmake();
    };
  }

  #orUndone(make: () => void, undo: Undo): Undo {
    try {
      make();
      return undo;
    } catch (error) {
      undo();
      throw error;
    }
  }
}

/** Before those of equal priority: the newest decides. */
function insert(policies: RoutedPolicy[], policy: RoutedPolicy): void {
  const at = policies.findIndex(({ priority }) => priority >= policy.priority);
  policies.splice(at < 0 ? policies.length : at, 0, policy);
}

const versionOf = (address: Uint8Array): 4 | 6 => (address.length === 4 ? 4 : 6);

/** FNV-1a: two devices seldom share a slot, and the same name always has the same. */
function slotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(name)) hash = Math.imul(hash ^ octet, 0x01000193);
  return (hash >>> 0) % slots;
}

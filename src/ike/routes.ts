/** Policies that stand before any child: on-demand ones, whose packets ask for a child, beside what bypasses or is discarded. RFC 4301 §4.4.1. */
import type { KernelCommand, PolicyCommand } from '../kernel/port.ts';
import { formatLabel, mostLabelOctets } from '../policy/label.ts';
import { sameEntry } from '../policy/pad.ts';
import type { PadEntry, Policy, SpdEntry } from '../policy/policy.ts';
import { covers, type SelectorPolicy, toWire } from '../policy/selector.ts';
import { parseAddress } from '../wire/address.ts';
import type { RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import type { Millis, Path } from './actions.ts';
import { type ChildSa, describeSelectors, policiesOf } from './child-sa.ts';
import type { Services } from './context.ts';
import { Shunts } from './shunts.ts';
import {
  addPolicy,
  deletePolicy,
  policyCommands,
  policyKey,
  selectionKey,
  withdrawn,
} from './spd-policies.ts';
import type { RouteStatus } from './status.ts';

/** An on-demand policy. */
export interface Route {
  readonly connection: string;
  readonly spd: SpdEntry;
  readonly reqid: number;
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
  policies: readonly PolicyCommand[];
  readonly since: Millis;
  /** Of a connection for several peers: where its children are asked for. */
  peer: string | undefined;
}

/** A connection whose children are asked for by packets. */
interface Routed {
  readonly entry: PadEntry;
  readonly routes: readonly Route[];
}

/** By the operator, or by a peer's death; it holds while the connection stays what it is. */
interface Said {
  readonly entry: PadEntry;
  readonly how: 'route' | 'unroute' | 'hold';
}

/** What stands in its place already, if anything does. */
type StandingOf = (spd: SpdEntry, policies: readonly PolicyCommand[]) => ChildSa | undefined;

export class Routes {
  readonly shunts: Shunts;
  readonly #services: Pick<Services, 'now' | 'act' | 'takeReqid' | 'sasOf'>;
  readonly #routed = new Map<string, Routed>();
  readonly #byReqid = new Map<number, Set<Route>>();
  readonly #said = new Map<string, Said>();
  /** IKE SAs, by what of them stays when they are rekeyed, for which labelled policies stand: whether wanted else or not. */
  readonly #parents = new Map<string, Set<object>>();

  constructor(services: Pick<Services, 'now' | 'act' | 'takeReqid' | 'sasOf'>) {
    this.#services = services;
    this.shunts = new Shunts(services);
  }

  /**
   * A policy was read: what is new of it is there at once. Returns what takes away what is not in it any more, to be
   * called when the children that stood on it are gone.
   */
  load({ pad, shunts = [] }: Policy): () => void {
    const gone: PolicyCommand[] = this.shunts.load(shunts);
    const names = new Set(pad.map(({ name }) => name));
    for (const entry of pad) {
      const { name } = entry;
      const said = this.#said.get(name);
      if (said && !sameEntry(said.entry, entry)) this.#said.delete(name);
      const before = this.#routed.get(name);
      if (before && sameEntry(before.entry, entry)) continue;
      const old = this.#take(name);
      if (this.#wanted(entry)) this.#put(entry);
      gone.push(...old);
    }
    for (const [key, { entry }] of [...this.#routed]) {
      if (names.has(entry.name)) continue;
      this.#said.delete(entry.name);
      gone.push(...this.#take(key));
    }
    return () => this.#delete(gone);
  }

  /** From now on; false when it has no address to initiate to. */
  route(entry: PadEntry, how: 'route' | 'hold' = 'route'): boolean {
    if (entry.remote.address === undefined) return false;
    const isThere = this.#routed.has(entry.name);
    if (isThere && this.#wanted(entry)) return true;
    this.#said.set(entry.name, { entry, how });
    if (!isThere) this.#put(entry, { standingOf: (spd, policies) => this.#standing(entry, spd, policies) });
    return true;
  }

  /**
   * An IKE SA is there for children of labels: the policies they share are, too, from now on until it falls. `by` stays
   * the same when it is rekeyed.
   */
  stand(entry: PadEntry, peer: string, by: object): void {
    const key = keyOf(entry, peer);
    this.#parents.set(key, (this.#parents.get(key) ?? new Set()).add(by));
    if (!this.#routed.has(key)) this.#put(entry, { peer });
  }

  fall(by: object): void {
    for (const [key, those] of this.#parents) {
      if (!those.delete(by) || those.size > 0) continue;
      this.#parents.delete(key);
      const routed = this.#routed.get(key);
      if (routed === undefined) continue;
      const { entry, routes } = routed;
      const { local, remote } = entry;
      if (!this.#wanted(entry) || key !== entry.name) this.#delete(this.#take(key));
      else if (remote.address !== undefined) this.#moveTo(routes, local.address, remote.address);
    }
  }

  /** An IKE SA that policies stand for is on another path: they name its ends. */
  move(by: object, { local, remote }: Path): void {
    for (const [key, those] of [...this.#parents]) {
      const routed = this.#routed.get(key);
      if (routed === undefined || !those.has(by)) continue;
      const { entry, routes } = routed;
      const now = keyOf(entry, remote.address);
      if (now !== key) {
        those.delete(by);
        if (those.size > 0 || this.#routed.has(now)) {
          // Of another IKE SA with the old address, or with the new one, there are policies, which stay.
          this.stand(entry, remote.address, by);
          if (those.size === 0) this.#delete(this.#take(key));
        } else {
          this.#routed.delete(key);
          this.#routed.set(now, routed);
          this.#parents.set(now, new Set([by]));
          for (const route of routes) route.peer = remote.address;
        }
        if (those.size === 0) this.#parents.delete(key);
        if (this.#routed.get(now) !== routed) continue;
      }
      this.#moveTo(routes, local.address, remote.address);
    }
  }

  /** Those of the new ends are there before those of the old ones go. */
  #moveTo(routes: readonly Route[], localAddress: string, remoteAddress: string): void {
    for (const route of routes) {
      const before = route.policies;
      if (before.every((each) => each.localAddress === localAddress && each.remoteAddress === remoteAddress))
        continue;
      route.policies = before.map((each) => ({ ...each, localAddress, remoteAddress }));
      this.#add(route.policies);
      this.#delete(withdrawn(before));
    }
  }

  /** What stands for the labels of a child with that peer. */
  templateOf({ connection, spd }: Pick<ChildSa, 'connection' | 'spd'>, peer: string): Route | undefined {
    const { routes = [] } = this.#routed.get(connection) ?? this.#routed.get(`${connection} ${peer}`) ?? {};
    return routes.find((each) => each.spd.template && each.spd.name === spd.name);
  }

  /** No longer. */
  unroute(entry: PadEntry): void {
    this.#said.set(entry.name, { entry, how: 'unroute' });
    if (!this.#parents.has(entry.name)) this.#delete(this.#take(entry.name));
  }

  /** What was kept waiting for a dead peer is not any more: the operator took the connection down. */
  release(name: string): void {
    if (this.#said.get(name)?.how !== 'hold') return;
    this.#said.delete(name);
    if (!this.#parents.has(name)) this.#delete(this.#take(name));
  }

  /** The engine ends. */
  clear(): void {
    for (const name of [...this.#routed.keys()]) this.#delete(this.#take(name));
    this.#said.clear();
    this.#delete(this.shunts.load([]));
  }

  /** The on-demand policy of an acquire. */
  find(reqid: number, local: RangeSelector, remote: RangeSelector): Route | undefined {
    for (const route of this.#byReqid.get(reqid) ?? []) {
      if (holds(route.local, local) && holds(route.remote, remote)) return route;
    }
    return undefined;
  }

  has(route: Route): boolean {
    return this.#byReqid.get(route.reqid)?.has(route) ?? false;
  }

  /** The reqid of the on-demand policy that selects just this: a child of the same selectors takes its place. */
  reqidOf(
    connection: string,
    child: string,
    local: readonly TrafficSelector[],
    remote: readonly TrafficSelector[],
  ): number | undefined {
    const route = this.#routed.get(connection)?.routes.find(({ spd }) => spd.name === child);
    if (route === undefined) return undefined;
    const [here] = route.policies;
    if (here === undefined) return undefined;
    return selectSame(policyCommands({ ...here, local, remote }), route.policies) ? route.reqid : undefined;
  }

  /** Whose policy it is, if it is one of these. */
  whose(policy: PolicyCommand): { readonly connection: string; readonly child: string } | undefined {
    const key = policyKey(policy);
    const isIt = (each: PolicyCommand): boolean => policyKey(each) === key;
    const route = [...(this.#byReqid.get(policy.reqid) ?? [])].find(({ policies }) => policies.some(isIt));
    if (route) return { connection: route.connection, child: route.spd.name };
    return this.shunts.whose(policy);
  }

  status(negotiating: (route: Route) => number): RouteStatus[] {
    return [...this.#routed.values()].flatMap(({ routes }) =>
      routes.map((route) => ({
        connection: route.connection,
        child: route.spd.name,
        local: describeSelectors(route.local),
        remote: describeSelectors(route.remote),
        what: 'protect' as const,
        ...(route.spd.label && { label: formatLabel(route.spd.label, mostLabelOctets) }),
        mode: route.spd.mode,
        reqid: route.reqid,
        since: route.since,
        negotiating: negotiating(route),
      })),
    );
  }

  #wanted(entry: PadEntry): boolean {
    if (entry.remote.address === undefined) return false;
    const said = this.#said.get(entry.name);
    return said === undefined ? entry.start === 'ondemand' : said.how !== 'unroute';
  }

  #put(
    entry: PadEntry,
    {
      peer = entry.remote.address ?? '',
      standingOf = () => undefined,
    }: { readonly peer?: string; readonly standingOf?: StandingOf } = {},
  ): void {
    const routes = entry.children
      .filter(({ action }) => action === 'protect')
      .map((spd) => this.#routeOf(entry, spd, peer, standingOf));
    this.#routed.set(keyOf(entry, peer), { entry, routes });
    for (const route of routes) {
      const others = this.#byReqid.get(route.reqid) ?? new Set();
      this.#byReqid.set(route.reqid, others.add(route));
      this.#add(route.policies);
    }
  }

  /** Beside a child that has its place the ends are the child's: its peer may have moved since. */
  #routeOf(entry: PadEntry, spd: SpdEntry, peer: string, standingOf: StandingOf): Route {
    const { settings, mode, label } = spd;
    const own = entry.local.address;
    const [local, remote] = [fixed(spd.local, octets(own)), fixed(spd.remote, octets(peer))];
    const shape = { mode, local, remote, ...(label && { label }), ...(settings && { settings }) };
    const bare = policyCommands({ ...shape, reqid: 0, localAddress: own, remoteAddress: peer });
    const child = standingOf(spd, bare);
    const reqid = settings?.reqid ?? child?.reqid ?? this.#services.takeReqid();
    const ends = {
      localAddress: child?.path.local.address ?? own,
      remoteAddress: child?.path.remote.address ?? peer,
    };
    const policies = policyCommands({ ...shape, ...ends, reqid });
    const since = this.#services.now;
    const one = entry.remote.address === undefined ? peer : undefined;
    return { connection: entry.name, spd, reqid, local, remote, policies, since, peer: one };
  }

  /** A child of the same selectors that is up already goes on carrying what they select. */
  #standing(entry: PadEntry, { name }: SpdEntry, policies: readonly PolicyCommand[]): ChildSa | undefined {
    for (const sa of this.#services.sasOf(entry.name)) {
      const children = [...sa.children.values()].filter(
        ({ connection, spd }) => connection === entry.name && spd.name === name,
      );
      const equal = children.findLast((child) => selectSame(policiesOf(child), policies));
      if (equal) return equal;
    }
    return undefined;
  }

  /** Out of the tables; its policies are to be deleted. */
  #take(name: string): PolicyCommand[] {
    const { routes = [] } = this.#routed.get(name) ?? {};
    this.#routed.delete(name);
    for (const route of routes) {
      const others = this.#byReqid.get(route.reqid);
      others?.delete(route);
      if (others?.size === 0) this.#byReqid.delete(route.reqid);
    }
    return routes.flatMap(({ policies }) => withdrawn(policies));
  }

  #add(policies: readonly PolicyCommand[]): void {
    this.#act(policies.map(addPolicy));
  }

  #delete(policies: readonly PolicyCommand[]): void {
    this.#act(policies.map(deletePolicy));
  }

  #act(commands: readonly KernelCommand[]): void {
    for (const command of commands) this.#services.act({ type: 'kernel', command });
  }
}

const selectSame = (some: readonly PolicyCommand[], others: readonly PolicyCommand[]): boolean => {
  const keys = (policies: readonly PolicyCommand[]): string => policies.map(selectionKey).sort().join('\n');
  return keys(some) === keys(others);
};

const nowhere = new Uint8Array(0);

/** A connection for several peers has policies for each. */
const keyOf = ({ name, remote }: PadEntry, peer: string): string =>
  remote.address === undefined ? `${name} ${peer}` : name;

const octets = (address: string): Uint8Array => parseAddress(address) ?? nowhere;

const fixed = (selectors: readonly SelectorPolicy[], address: Uint8Array): RangeSelector[] =>
  selectors.map((each) => toWire(each, address));

/** Whether the packet is among them. */
export const holds = (selectors: readonly TrafficSelector[], packet: RangeSelector): boolean =>
  selectors.some((each) => each.kind === 'range' && covers(each, packet));

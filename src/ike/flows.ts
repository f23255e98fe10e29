/**
 * Packets that ask for children: idle -> negotiating -> protected, or failed until. RFC 4301 §4.4.1, RFC 7296 §2.9.
 * Only what is negotiated or failed is remembered.
 */
import type { KernelNotice, PolicyCommand } from '../kernel/port.ts';
import { sameLabel } from '../policy/label.ts';
import type { PadEntry } from '../policy/policy.ts';
import { formatSelector } from '../policy/selector.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import type { EngineEvent, Failure, LabelRefusal, Millis } from './actions.ts';
import type { SelectorPair } from './child-negotiation.ts';
import { type ChildSa, describeSelectors } from './child-sa.ts';
import type { Children } from './children.ts';
import type { Services } from './context.ts';
import { type Demand, ours, unfit } from './demand.ts';
import { Drops } from './drops.ts';
import { wantFlow, wantRekey } from './exchanges/index.ts';
import { carries, flowKey, isFor, type Scope, scopeOf, templateKey } from './flow-scope.ts';
import type { IkeSa } from './ike-sa.ts';
import { clientOf } from './internal-addresses.ts';
import { labelFor, refusalOf } from './labels.ts';
import { LostSas, settledMillis } from './lost-sas.ts';
import { holds, type Route } from './routes.ts';
import { addPolicy, deletePolicy, policyCommands, policyKey, withdrawn } from './spd-policies.ts';
import type { ShuntStatus } from './status.ts';
import { inCharge } from './succession.ts';
import type { Alarms } from './timers.ts';

interface Flow {
  readonly key: string;
  readonly route: Route;
  readonly packet: SelectorPair;
  /** Of what the packet was of: what waits in the data plane has it. */
  readonly label: Uint8Array | undefined;
  /** What of the policy its shunts are for. */
  readonly scope: Scope;
  readonly since: Millis;
  sequence: number | undefined;
  state: { readonly name: 'idle' } | Negotiating | { readonly name: 'failed'; readonly until: Millis };
  shunt: readonly PolicyCommand[];
}

interface Negotiating {
  readonly name: 'negotiating';
  /** Those of the IKE SA it is asked of, whichever that is by now. */
  readonly on: Children;
  /** IKE SAs that went while they were asked. */
  readonly lost: number;
}

type Acquire = Extract<KernelNotice, { kind: 'acquire' }>;

/** Flows remembered in all, of the labels of one policy, and of another; more packets wait in vain until some are through. */
const mostFlows = 1024;
const mostOfLabels = 512;
const mostOfRoute = 64;
/** An IKE SA that goes after it stood may have been a peer's of a life before: another is asked, once. */
const mostLost = 1;
const usualShuntMillis = 15 * 60_000;

export class Flows {
  readonly alarms: Alarms = {};
  readonly #services: Services;
  readonly #flows = new Map<string, Flow>();
  readonly #ofRoute = new Map<Route, number>();
  readonly #ignored = new Drops<string>();
  readonly #lost = new LostSas();
  /** To be asked of another IKE SA when this turn is over. */
  #again: Flow[] = [];

  constructor(services: Services) {
    this.#services = services;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** A packet waits in the data plane, or is lost, for want of a child. */
  acquire({ reqid, local, remote, sequence, label: said, foreign }: Acquire): void {
    if (local.kind !== 'range' || remote.kind !== 'range')
      return this.#ignore(undefined, { local, remote }, 'it has no addresses');
    const packet = { local, remote };
    const route = this.#services.routes.find(reqid, local, remote);
    const entry = route && this.#services.pad.named(route.connection);
    if (route === undefined || entry === undefined)
      return this.#ignore(undefined, packet, `no on-demand policy of reqid ${reqid} selects it`);
    if (foreign)
      return this.#ignore(
        route,
        packet,
        `its label is of doi ${foreign.doi}, alg ${foreign.alg}: not SELinux's`,
      );
    const { labels } = this.#services;
    const label = labelFor(route.spd, said);
    const refusal = refusalOf(route.spd, label, packet, labels);
    if (refusal) return this.#refuse(route, packet, refusal);
    const template = route.spd.template;
    const scope = template ? route : scopeOf(route, packet);
    const key = template && label ? templateKey(route, label) : flowKey(route, scope, label);
    const known = this.#flows.get(key);
    if (known) {
      known.sequence = sequence ?? known.sequence;
      return this.#ignore(
        route,
        packet,
        known.state.name === 'failed' ? 'it failed' : 'is negotiated already',
      );
    }
    if (this.#isCarried(route, entry, packet, label)) return;
    const most = template ? mostOfLabels : mostOfRoute;
    if (this.#flows.size >= mostFlows || (this.#ofRoute.get(route) ?? 0) >= most)
      return this.#ignore(route, packet, 'too many flows are negotiated, or failed');
    this.#begin({ key, route, packet, label, scope, sequence }, entry);
  }

  /** A child is up, whoever asked for it: its packets need nobody's help any more. */
  carried(child: ChildSa, sa: IkeSa): void {
    const entry = this.#services.pad.named(child.connection);
    // The packet came from an address of ours; from now on they come from the one the child has.
    const isClient = entry !== undefined && clientOf(sa, entry) !== undefined;
    const template = this.#services.routes.templateOf(child, sa.path.remote.address);
    for (const flow of this.#asking(child, template)) {
      const { packet } = flow;
      if (!(isClient ? holds(child.remote, packet.remote) : carries(child, packet))) continue;
      this.#forget(flow);
      this.#tell(flow, 'protected', `by SPI ${child.outboundSpi.toString(16).padStart(8, '0')}`);
    }
  }

  /** The acquire that a child of these selectors is for; `template`: what it shares policies with. */
  sequenceOf(child: Asked, template: Route | undefined): number | undefined {
    for (const flow of this.#asking(child, template)) {
      const waits = flow.state.name === 'negotiating' && flow.sequence !== undefined;
      if (waits && carries(child, flow.packet)) return flow.sequence;
    }
    return undefined;
  }

  /** Whether something is still to be asked of that IKE SA. */
  isWaitedFor(children: Children): boolean {
    return [...this.#flows.values()].some(
      ({ state }) => state.name === 'negotiating' && state.on === children,
    );
  }

  /** Flows of the child's policy and label; of a template there is one. */
  #asking(child: Asked, template: Route | undefined): Flow[] {
    const { label } = child;
    const one = template && label && this.#flows.get(templateKey(template, label));
    if (one) return [one];
    const same = (flow: Flow): boolean =>
      label === undefined || flow.label === undefined || sameLabel(label, flow.label);
    return [...this.#flows.values()].filter((flow) => isFor(child, flow.route) && same(flow));
  }

  /** An IKE SA goes, and what was wanted of it is not done. `stood`: it had been established. */
  lost(sa: IkeSa, why: Failure, stood: boolean): void {
    for (const flow of [...this.#flows.values()]) {
      const { state } = flow;
      if (state.name !== 'negotiating' || state.on !== sa.children) continue;
      if (ours.has(why.code)) this.#forget(flow);
      else if ((stood || why.code === 'REPLACED') && state.lost < mostLost) this.#again.push(flow);
      else this.#fail(flow, why);
    }
  }

  /** What was wanted of one IKE SA is wanted of another now. */
  passed(from: Children, to: Children): void {
    for (const flow of this.#flows.values())
      if (flow.state.name === 'negotiating' && flow.state.on === from) flow.state = { ...flow.state, on: to };
  }

  /** On-demand policies went: nothing is asked for them any more. */
  prune(): void {
    for (const flow of [...this.#flows.values()])
      if (!this.#services.routes.has(flow.route)) this.#forget(flow);
  }

  /** The turn is over: IKE SAs can be asked again. */
  turned(): void {
    for (const flow of this.#again.splice(0)) {
      const entry = this.#services.pad.named(flow.route.connection);
      const { state } = flow;
      if (entry === undefined || this.#flows.get(flow.key) !== flow || state.name !== 'negotiating') continue;
      this.#ask(flow, entry, state.lost + 1);
    }
  }

  /** The `shunt` timer: what failed may be tried again. */
  alarm(): void {
    const { now } = this.#services;
    for (const flow of [...this.#flows.values()])
      if (flow.state.name === 'failed' && flow.state.until <= now) this.#forget(flow);
    this.#setTimer();
  }

  /** Whose shunt it is, if it is one of these. */
  whose(policy: PolicyCommand): { readonly connection: string; readonly child: string } | undefined {
    const key = policyKey(policy);
    for (const { route, shunt } of this.#flows.values())
      if (shunt.some((each) => policyKey(each) === key))
        return { connection: route.connection, child: route.spd.name };
    return undefined;
  }

  negotiating(route: Route): number {
    let count = 0;
    for (const flow of this.#flows.values())
      if (flow.route === route && flow.state.name === 'negotiating') count++;
    return count;
  }

  get shunts(): ShuntStatus[] {
    return [...this.#flows.values()]
      .filter(({ shunt }) => shunt.length > 0)
      .map(({ route, scope, shunt, since, state }) => ({
        connection: route.connection,
        child: route.spd.name,
        local: describeSelectors(scope.local),
        remote: describeSelectors(scope.remote),
        what: shunt[0]?.action === 'bypass' ? ('bypass' as const) : ('discard' as const),
        why: state.name === 'failed' ? ('failure' as const) : ('negotiation' as const),
        reqid: route.reqid,
        since,
        ...(state.name === 'failed' && { until: state.until }),
      }));
  }

  #begin(
    asked: Pick<Flow, 'key' | 'route' | 'packet' | 'label' | 'scope' | 'sequence'>,
    entry: PadEntry,
  ): void {
    const { route } = asked;
    const flow: Flow = { ...asked, since: this.#services.now, state: { name: 'idle' }, shunt: [] };
    this.#flows.set(flow.key, flow);
    this.#ofRoute.set(route, (this.#ofRoute.get(route) ?? 0) + 1);
    if (route.spd.negotiationShunt === 'passthrough') this.#shunt(flow, 'bypass');
    this.#tell(flow, 'negotiating', `with ${route.peer ?? entry.remote.address}`);
    this.#ask(flow, entry, 0);
  }

  /** Of the IKE SA with that peer that stands or is negotiated, else of a new one. */
  #ask(flow: Flow, entry: PadEntry, lost: number): void {
    const services = this.#services;
    const { peer } = flow.route;
    const sas = services.sasOf(entry.name).filter(({ path }) => !peer || path.remote.address === peer);
    const living =
      sas.find(inCharge) ?? sas.find(({ phase }) => phase.name === 'init' || phase.name === 'authenticating');
    const address = entry.remote.address ?? peer ?? '';
    const cannot = living ? undefined : services.initiation.cannot(entry, address);
    if (cannot !== undefined) return this.#fail(flow, { code: 'LOCAL', text: cannot });
    const demand = this.#demandOf(flow);
    const sa = living ?? services.initiation.create(entry, address, { spd: flow.route.spd, demand });
    flow.state = { name: 'negotiating', on: sa.children, lost };
    if (living) living.want(wantFlow(flow.route.spd, demand, living));
    else services.initiation.begin(sa);
  }

  #demandOf(flow: Flow): Demand {
    return {
      key: flow.key,
      packet: flow.packet,
      // A label's children share policies: they are of all that those select.
      leads: flow.route.spd.narrowing && flow.scope !== flow.route,
      ...(flow.label && { label: flow.label }),
      isOver: () => !this.#waits(flow),
      end: (reason = unfit) => {
        if (this.#waits(flow)) this.#fail(flow, reason);
      },
    };
  }

  #waits(flow: Flow): boolean {
    return this.#flows.get(flow.key) === flow && flow.state.name === 'negotiating';
  }

  /** What takes the place of what was comes before that goes. */
  #fail(flow: Flow, reason: Failure): void {
    const { failureShunt = 'none', shuntLifetime = usualShuntMillis } = flow.route.spd;
    this.#tell(flow, 'failed', reason.text);
    if (failureShunt === 'none') return this.#forget(flow);
    const before = flow.shunt;
    flow.state = { name: 'failed', until: this.#services.now + shuntLifetime };
    this.#shunt(flow, failureShunt === 'passthrough' ? 'bypass' : 'discard');
    this.#withdraw(before);
    this.#setTimer();
  }

  #forget(flow: Flow): void {
    this.#flows.delete(flow.key);
    const others = (this.#ofRoute.get(flow.route) ?? 1) - 1;
    if (others === 0) this.#ofRoute.delete(flow.route);
    else this.#ofRoute.set(flow.route, others);
    this.#withdraw(flow.shunt);
    flow.shunt = [];
    if (flow.state.name === 'failed') this.#setTimer();
  }

  /** What goes in clear comes back in clear; what is discarded need only not go. */
  #shunt(flow: Flow, action: 'bypass' | 'discard'): void {
    const { spd, policies } = flow.route;
    // It would be for all labels that may use the policy.
    if (flow.scope === flow.route) return;
    const { localAddress = '', remoteAddress = '' } = policies[0] ?? {};
    flow.shunt = policyCommands(
      {
        ...{ reqid: flow.route.reqid, mode: spd.mode, ...flow.scope, localAddress, remoteAddress },
        ...{ action, rank: 'shunt' },
        ...(flow.label && { label: flow.label }),
        ...(spd.settings && { settings: spd.settings }),
      },
      action === 'bypass' ? undefined : ['out'],
    );
    for (const policy of flow.shunt) this.#services.act({ type: 'kernel', command: addPolicy(policy) });
  }

  #withdraw(policies: readonly PolicyCommand[]): void {
    for (const policy of withdrawn(policies))
      this.#services.act({ type: 'kernel', command: deletePolicy(policy) });
  }

  /** A child of ours has the packet's selectors: the notice crossed with it, or the data plane has lost its SA. */
  #isCarried(route: Route, entry: PadEntry, packet: SelectorPair, label: Uint8Array | undefined): boolean {
    for (const sa of this.#services.sasOf(entry.name)) {
      if (!inCharge(sa)) continue;
      const own = sa.children.of(route.spd.name, label);
      // Packets are given the address it got only where the child has it: those from ours are not its.
      const client = clientOf(sa, entry) !== undefined && own.length > 0;
      const child = own.findLast((each) => carries(each, packet)) ?? (client ? own.at(-1) : undefined);
      if (child === undefined) continue;
      const isLost = !client && this.#services.now - child.since > settledMillis;
      const isLeftOut = !holds(child.remote, packet.remote);
      // Packets of a label that may not use the SA ask again and again.
      const again = isLost && label && !this.#lost.rekey(templateKey(route, label), this.#services.now);
      const up = isLeftOut ? 'its child is up, and the peer left this out of it' : 'its child is up';
      const lost = again
        ? 'its child is up and was rekeyed: is sendto allowed?'
        : 'its child has lost its SA: it is rekeyed';
      this.#ignore(route, packet, isLost ? lost : up);
      if (isLost && !again) sa.want(wantRekey(child, sa));
      return true;
    }
    return false;
  }

  /** A packet of a label that is not to be. */
  #refuse(route: Route, packet: SelectorPair, label: LabelRefusal): void {
    const what = `refused ${route.connection} ${label.check} ${label.label ?? ''}`;
    if (this.#ignored.count(what, this.#services.now) === 0) return;
    const text = `${label.label === undefined ? 'a packet' : `label ${label.label}`}: ${label.said}`;
    const reason = { code: 'LOCAL', text, label } as const;
    this.#services.emit({ kind: 'labelRefused', connection: route.connection, reason });
    this.#ignore(route, packet, text);
  }

  #setTimer(): void {
    const ends = [...this.#flows.values()].flatMap(({ state }) =>
      state.name === 'failed' ? [state.until] : [],
    );
    if (ends.length === 0) this.#services.timers.clear(this, 'shunt');
    else this.#services.timers.set(this, 'shunt', Math.min(...ends));
  }

  #tell({ route, packet }: Flow, state: FlowEvent['state'], detail: string): void {
    this.#services.emit({
      kind: 'flow',
      connection: route.connection,
      child: route.spd.name,
      local: formatSelector(packet.local),
      remote: formatSelector(packet.remote),
      state,
      detail,
      count: 1,
    });
  }

  #ignore(
    route: Route | undefined,
    { local, remote }: { readonly local: TrafficSelector; readonly remote: TrafficSelector },
    detail: string,
  ): void {
    const count = this.#ignored.count(route ? 'known' : 'unknown', this.#services.now);
    if (count === 0) return;
    this.#services.emit({
      kind: 'flow',
      connection: route?.connection,
      child: route?.spd.name,
      local: formatSelector(local),
      remote: formatSelector(remote),
      state: 'ignored',
      detail,
      count,
    });
  }
}

type Asked = Pick<ChildSa, 'connection' | 'spd' | 'local' | 'remote' | 'label'>;
type FlowEvent = Extract<EngineEvent, { kind: 'flow' }>;

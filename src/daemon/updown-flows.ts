/** When updown commands are run, and with what: from the engine's events, in pluto's order. */
import type { EngineEvent, PlainSelector } from '../ike/actions.ts';
import type { RouteStatus } from '../ike/status.ts';
import type { SaCounters, SaId } from '../kernel/port.ts';
import { prefixesOf } from '../kernel/prefixes.ts';
import { sameEntry } from '../policy/pad.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { toWire } from '../policy/selector.ts';
import { parseAddress } from '../wire/address.ts';
import type { SaBook } from './sa-book.ts';
import {
  type Client,
  identityText,
  isInstance,
  type UpdownChild,
  type UpdownFacts,
  type UpdownVerb,
  updownEnvironment,
} from './updown.ts';
import type { UpdownRun } from './updown-runner.ts';

export interface UpdownOptions {
  readonly book: SaBook;
  /** The connections that are loaded. */
  readonly entries: () => readonly PadEntry[];
  readonly routes: () => readonly RouteStatus[];
  /** Whether the operator wants a connection up. */
  readonly wanted: (name: string) => boolean;
  /** What an SA carried, be it gone just now. */
  readonly counters: (id: SaId) => SaCounters | undefined;
  /** The device that has an address. */
  readonly device: (address: string) => string | undefined;
  /** Name of the data plane. */
  readonly stack: string;
  readonly run: (one: UpdownRun) => void;
  readonly warn: (text: string) => void;
}

/** Pairs of networks of a child a command is run for; more are a configuration for which none is meant. */
const mostPairs = 64;

/** Traffic between two networks, for which commands are run. */
interface Flow {
  readonly key: string;
  facts: UpdownFacts;
  /** Inbound SPIs of the children that carry it: rekeys and reauthentications overlap. */
  readonly carriers: Set<number>;
  /** `route` was run, and `unroute` was not. */
  routed: boolean;
  /** Its connection is not what it was: `unroute` follows on `down`. */
  leaving: boolean;
}

type ChildEvent = Extract<EngineEvent, { kind: 'childEstablished' | 'childDeleted' }>;

export class UpdownFlows {
  readonly #options: UpdownOptions;
  readonly #flows = new Map<string, Flow>();
  readonly #bySpi = new Map<number, readonly Flow[]>();

  constructor(options: UpdownOptions) {
    this.#options = options;
  }

  event(event: EngineEvent): void {
    if (event.kind === 'childEstablished') this.#established(event);
    else if (event.kind === 'childDeleted') this.#deleted(event);
    // `dpdaction=hold` keeps the traffic of a dead peer on demand.
    else if (event.kind === 'ikeDeleted' && event.reason.code === 'TIMEOUT') this.synchronize();
  }

  /** Connections or on-demand policies may be others than before. */
  synchronize(): void {
    const { entries, routes } = this.#options;
    const loaded = new Map(entries().map((entry) => [entry.name, entry]));
    for (const flow of [...this.#flows.values()]) {
      const now = loaded.get(flow.facts.entry.name);
      const { entry } = flow.facts;
      if (now !== entry && !(now && sameEntry(now, entry))) this.#leave(flow);
    }
    if (entries().every(({ updown }) => updown === undefined)) return;
    for (const { connection, child, reqid } of routes()) {
      const entry = loaded.get(connection);
      const spd = entry?.children.find(({ name }) => name === child);
      if (!entry?.updown || !spd) continue;
      for (const flow of this.#routesOf(entry, spd, reqid)) if (!this.#flows.has(flow.key)) this.#route(flow);
    }
  }

  /** The operator wants the routes of a connection gone; those of what is up go with it. */
  unroute(name: string): void {
    for (const flow of [...this.#flows.values()]) if (flow.facts.entry.name === name) this.#leave(flow);
  }

  /** The daemon ends, and every child is gone. */
  end(): void {
    for (const flow of [...this.#flows.values()]) {
      if (flow.carriers.size > 0) this.#run('down', flow);
      flow.carriers.clear();
      this.#leave(flow);
    }
  }

  #established(event: Extract<ChildEvent, { kind: 'childEstablished' }>): void {
    const { child, sa } = event;
    const entry = this.#options.entries().find(({ name }) => name === child.connection);
    const spd = entry?.children.find(({ name }) => name === child.child);
    if (!entry?.updown || !spd) return;
    const { path, localId, remoteId, configuration } = this.#options.book.ike(sa);
    const ends = {
      local: {
        address: path?.local.address ?? entry.local.address,
        identity: localId ?? identityText(entry.local.identity),
      },
      remote: {
        address: path?.remote.address ?? entry.remote.address ?? '',
        identity: remoteId ?? identityText(entry.remote.identity),
      },
    };
    const record = this.#options.book.child(child.inboundSpi);
    const facts = pairsOf(event.selectors).map(
      ([local, remote]): UpdownFacts => ({
        ...this.#common(entry, { ...spd, mode: event.mode }, event.reqid),
        local: { ...ends.local, client: local },
        remote: { ...ends.remote, client: remote },
        ...(configuration && { configuration }),
        child: { ...child, addTime: record.addTime, inboundOctets: 0, outboundOctets: 0 },
      }),
    );
    if (facts.length > mostPairs)
      this.#options.warn(
        `"${child.connection}": child "${child.child}" has ${facts.length} pairs of networks: updown= is run for ${mostPairs}`,
      );
    const flows = facts.slice(0, mostPairs).map((each) => this.#carry(each, child.inboundSpi));
    this.#bySpi.set(child.inboundSpi, flows);
  }

  #carry(facts: UpdownFacts, inboundSpi: number): Flow {
    const known = this.#flows.get(keyOf(facts));
    const flow = known ?? newFlow(facts);
    this.#flows.set(flow.key, flow);
    flow.facts = facts;
    flow.carriers.add(inboundSpi);
    if (flow.carriers.size > 1) return flow;
    flow.leaving = false;
    this.#run('up', flow);
    if (!flow.routed) {
      this.#run('prepare', flow);
      this.#run('route', flow);
    }
    flow.routed = true;
    return flow;
  }

  #deleted({ child: { inboundSpi } }: Extract<ChildEvent, { kind: 'childDeleted' }>): void {
    const flows = this.#bySpi.get(inboundSpi) ?? [];
    this.#bySpi.delete(inboundSpi);
    for (const flow of flows) {
      flow.carriers.delete(inboundSpi);
      if (flow.carriers.size > 0) continue;
      this.#run('down', flow);
      const { entry, spd } = flow.facts;
      if (flow.leaving || isInstance(entry, spd)) this.#leave(flow);
    }
  }

  /** `unroute`, at once or when the last child is down. */
  #leave(flow: Flow): void {
    flow.leaving = true;
    if (flow.carriers.size > 0) return;
    this.#flows.delete(flow.key);
    if (!flow.routed) return;
    const { child: _child, ...routed } = flow.facts;
    flow.facts = routed;
    this.#run('unroute', flow);
  }

  #route(flow: Flow): void {
    this.#flows.set(flow.key, flow);
    flow.routed = true;
    this.#run('prepare', flow);
    this.#run('route', flow);
  }

  /** Flows of an on-demand policy, from what the connection says. */
  #routesOf(entry: PadEntry, spd: SpdEntry, reqid: number): Flow[] {
    const address = entry.remote.address ?? '';
    const [own, peers] = [parseAddress(entry.local.address), parseAddress(address)];
    if (own === undefined || peers === undefined) return [];
    const selectors = {
      local: spd.local.map((each) => toWire(each, own)),
      remote: spd.remote.map((each) => toWire(each, peers)),
    };
    return pairsOf(selectors)
      .slice(0, mostPairs)
      .map(([local, remote]) =>
        newFlow({
          ...this.#common(entry, spd, reqid),
          local: {
            address: entry.local.address,
            identity: identityText(entry.local.identity),
            client: local,
          },
          remote: { address, identity: identityText(entry.remote.identity), client: remote },
        }),
      );
  }

  #common(entry: PadEntry, spd: SpdEntry, reqid: number) {
    const { device, stack } = this.#options;
    return { entry, spd, reqid, stack, device: device(entry.local.address), wanted: false };
  }

  #run(verb: UpdownVerb, flow: Flow): void {
    const { entry } = flow.facts;
    if (!entry.updown) return;
    const child = flow.facts.child && this.#counted(flow.facts, flow.facts.child);
    const facts = { ...flow.facts, wanted: this.#options.wanted(entry.name), ...(child && { child }) };
    this.#options.run({
      connection: entry.name,
      command: entry.updown.command,
      environment: updownEnvironment(verb, facts),
    });
  }

  #counted({ local, remote }: UpdownFacts, child: UpdownChild): UpdownChild {
    const { counters } = this.#options;
    const inbound = counters({ spi: child.inboundSpi, destination: local.address });
    const outbound = counters({ spi: child.outboundSpi, destination: remote.address });
    return { ...child, inboundOctets: inbound?.octets ?? 0, outboundOctets: outbound?.octets ?? 0 };
  }
}

const newFlow = (facts: UpdownFacts): Flow => ({
  key: keyOf(facts),
  facts,
  carriers: new Set(),
  routed: false,
  leaving: false,
});

/** The peer's identity tells instances of a connection apart. */
function keyOf({ entry, spd, local, remote }: UpdownFacts): string {
  const peer = entry.remote.address === undefined ? remote.identity : '';
  return [
    entry.name,
    spd.name,
    peer,
    ...[local, remote].map(({ client }) => Object.values(client).join()),
  ].join('\n');
}

interface Selectors {
  readonly local: readonly (PlainSelector | ReturnType<typeof toWire>)[];
  readonly remote: readonly (PlainSelector | ReturnType<typeof toWire>)[];
}

/** Networks of both ends between which there is traffic. */
function pairsOf({ local, remote }: Selectors): [Client, Client][] {
  const [own = [], peers = []] = [local, remote].map((each) => each.flatMap(clientsOf).slice(0, mostPairs));
  return own.flatMap((each) =>
    peers.flatMap((other): [Client, Client][] =>
      each.address.length === other.address.length &&
      (each.protocol === 0 || other.protocol === 0 || each.protocol === other.protocol)
        ? [[each, other]]
        : [],
    ),
  );
}

function clientsOf({ start, end, protocol, startPort, endPort }: Selectors['local'][number]): Client[] {
  const [first, last] = [start, end].map((each) => (typeof each === 'string' ? parseAddress(each) : each));
  if (first === undefined || last === undefined) return [];
  const port = startPort === endPort ? startPort : 0;
  return prefixesOf(first, last).map(({ address, length }) => ({
    address,
    prefixLength: length,
    protocol,
    port,
  }));
}

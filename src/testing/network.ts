/** A network in virtual time: hosts, addresses, NATs, and a fate for every datagram. Equal seeds, equal runs. */
import type { Endpoint, EngineEvent, Millis } from '../ike/actions.ts';
import { decide, type Fate, type Passage } from './fate.ts';
import { Flight } from './flight.ts';
import { Host, type HostOptions } from './host.ts';
import { KeyRing } from './key-ring.ts';
import { Nat, type NatOptions } from './nat.ts';
import { checkMillis } from './options.ts';
import { type Seeded, seeded } from './seeded.ts';

export interface NetworkOptions {
  /** 0 unless said. */
  readonly seed?: number | string;
  /** Milliseconds of every way; 10 unless said. */
  readonly latency?: Millis;
  /** How many of the last datagrams `flights` keeps; 4096 unless said. */
  readonly history?: number;
}

/** A `bug` event: the run ends with it. */
export class BugError extends Error {
  readonly code = 'BUG';
  constructor(
    readonly host: Host,
    event: Extract<EngineEvent, { kind: 'bug' }>,
  ) {
    super(`bug at ${host.name}: ${event.message}\n${event.stack}`);
  }
}

/** Takes a datagram at an address that is no host's. `local` is where it arrived. */
export type Listener = (octets: Uint8Array, local: Endpoint, remote: Endpoint) => void;

interface Task {
  readonly at: Millis;
  readonly order: number;
  readonly work: () => void;
  /** A datagram in flight, or an answer that is awaited: the network is not settled yet. */
  readonly pending: boolean;
}

interface Held {
  left: number;
  readonly sender: string;
  readonly deliver: () => void;
}

/** How long a reordered datagram waits for those it comes behind. */
const reorderMillis = 10_000;
/** More steps than this at one instant are a loop without end. */
const mostSteps = 100_000;

export class VirtualNetwork {
  /** The keys of every IKE SA its hosts made. */
  readonly keys: KeyRing;
  readonly seeded: Seeded;
  readonly hosts: Host[] = [];
  /** What was sent, lost or not, in order. */
  readonly flights: Flight[] = [];
  /** Datagrams nobody took: no such address, no such port, or a NAT's filter. */
  undelivered = 0;
  /** Every datagram asks these in turn; the first that says anything decides. */
  readonly fates: Fate[] = [];
  readonly #nats: Nat[] = [];
  readonly #listeners = new Map<string, Listener>();
  readonly #latency: Millis;
  readonly #history: number;
  #tasks: Task[] = [];
  #held: Held[] = [];
  #now: Millis = 0;
  #order = 0;
  #sent = 0;

  constructor(options: NetworkOptions = {}) {
    this.seeded = seeded(options.seed ?? 0);
    this.keys = new KeyRing(this.seeded.fork('keys'));
    checkMillis('latency', options.latency ?? 10);
    this.#latency = options.latency ?? 10;
    this.#history = options.history ?? 4096;
  }

  /** Virtual milliseconds since the beginning. */
  get now(): Millis {
    return this.#now;
  }

  host(options: HostOptions): Host {
    const network = this;
    const host = new Host(options, {
      get now() {
        return network.#now;
      },
      seeded: this.seeded,
      send: (source, destination, octets) => this.send(source, destination, octets),
      after: (delay, work) => this.#schedule(delay, work, true),
      observe: (at, event) => this.#observe(at, event),
    });
    this.hosts.push(host);
    return host;
  }

  /** Datagrams to this address are given to `receive`: an IKE implementation of your own, a script, an attacker. */
  listen(address: string, receive: Listener): void {
    this.#listeners.set(address, receive);
  }

  nat(options: NatOptions): Nat {
    const nat = new Nat(options);
    this.#nats.push(nat);
    return nat;
  }

  /** Adds a fate for all datagrams from now on; returns what takes it away again. */
  fate(fate: Fate): () => void {
    this.fates.push(fate);
    return () => {
      const at = this.fates.indexOf(fate);
      if (at >= 0) this.fates.splice(at, 1);
    };
  }

  /** Sends a datagram, whoever `source` is: an attacker writes what it likes. */
  send(source: Endpoint, destination: Endpoint, octets: Uint8Array): void {
    const flight = new Flight(++this.#sent, this.#now, source, destination, octets.slice(), this.keys);
    this.flights.push(flight);
    if (this.flights.length > this.#history) this.flights.shift();
    try {
      decide(flight, this.fates);
    } catch (error) {
      flight.passages = [];
      throw error;
    }
    for (const passage of flight.passages) this.#depart(flight, passage);
    this.#passHeld(flight);
  }

  /** Does something later; `settle` waits for it when it is `pending`. */
  after(delay: Millis, work: () => void, pending = false): void {
    this.#schedule(delay, work, pending);
  }

  /** Goes on until no datagram is in flight; timers fire only if they come before that. Throws BugError. */
  settle(): void {
    this.#go(() => !this.#tasks.some(({ pending }) => pending), Number.POSITIVE_INFINITY);
  }

  /** Goes on for so many milliseconds. Throws BugError. */
  advance(millis: Millis): void {
    checkMillis('advance', millis);
    const end = this.#now + millis;
    this.#go(() => false, end);
    this.#now = end;
  }

  /** Goes on until the predicate holds; false when it did not within `limit` milliseconds. Throws BugError. */
  until(predicate: () => boolean, limit: Millis = 120_000): boolean {
    checkMillis('until: limit', limit);
    this.#go(predicate, this.#now + limit);
    return predicate();
  }

  /**
   * Goes on until all is quiet: nothing is in flight and no timer runs. False when it is not within `limit`
   * milliseconds, as with liveness checks or keepalives. Throws BugError.
   */
  run(limit: Millis = 600_000): boolean {
    checkMillis('run: limit', limit);
    this.#go(() => false, this.#now + limit);
    return this.#next() === undefined;
  }

  /** Until `over`, until nothing is left to do, or until `end`. */
  #go(over: () => boolean, end: Millis): void {
    let [instant, steps] = [this.#now, 0];
    while (!over()) {
      const next = this.#next();
      if (next === undefined || next.at > end) return;
      this.#now = Math.max(this.#now, next.at);
      if (this.#now > instant) [instant, steps] = [this.#now, 0];
      if (++steps > mostSteps) throw new Error(`more than ${mostSteps} steps at ${instant} ms: ${next.name}`);
      next.work();
    }
  }

  /** Datagrams before timers of the same instant. */
  #next(): { readonly at: Millis; readonly name: string; readonly work: () => void } | undefined {
    const task = this.#tasks[0];
    let waking: Host | undefined;
    for (const host of this.hosts) {
      if (host.wakeAt !== undefined && host.wakeAt < (waking?.wakeAt ?? Number.POSITIVE_INFINITY))
        waking = host;
    }
    const wakeAt = waking?.wakeAt;
    if (waking !== undefined && wakeAt !== undefined && wakeAt < (task?.at ?? Number.POSITIVE_INFINITY)) {
      const host = waking;
      return { at: wakeAt, name: `${host.name} wakes`, work: () => host.feed({ type: 'wake' }) };
    }
    if (task === undefined) return undefined;
    const work = (): void => {
      this.#tasks.shift();
      task.work();
    };
    return { at: task.at, name: 'a datagram', work };
  }

  #depart(flight: Flight, passage: Passage): void {
    const { octets = flight.octets, destination = flight.destination } = passage;
    const source = this.#translated(passage.source ?? flight.source, destination);
    const arrive = (): void => this.#arrive(octets, source, destination);
    if (passage.behind === undefined) {
      this.#schedule(this.#latency + (passage.after ?? 0), arrive, true);
      return;
    }
    const late = this.#schedule(reorderMillis, arrive, true);
    const deliver = (): void => {
      if (!this.#tasks.includes(late)) return;
      this.#tasks.splice(this.#tasks.indexOf(late), 1);
      this.#schedule(this.#latency, arrive, true);
    };
    this.#held.push({ left: passage.behind + 1, sender: flight.source.address, deliver });
  }

  #passHeld({ source }: Flight): void {
    for (const held of this.#held) {
      if (held.sender !== source.address) continue;
      held.left--;
      if (held.left === 0) held.deliver();
    }
    this.#held = this.#held.filter(({ left }) => left > 0);
  }

  /** What the other side of the NATs sees. */
  #translated(source: Endpoint, destination: Endpoint): Endpoint {
    const nat = this.#nats.find(
      (each) => each.isInside(source.address) && !each.isInside(destination.address),
    );
    return nat?.leave(source, destination, this.#now) ?? source;
  }

  #arrive(octets: Uint8Array, source: Endpoint, destination: Endpoint): void {
    const nat = this.#nats.find(({ outside }) => outside === destination.address);
    const inner = nat === undefined ? destination : nat.enter(destination.port, source, this.#now);
    if (inner === undefined || (nat === undefined && !this.#reachable(source, inner))) {
      this.undelivered++;
      return;
    }
    const listener = this.#listeners.get(inner.address);
    if (listener !== undefined) return listener(octets, inner, source);
    const host = this.hosts.find(({ addresses }) => addresses.includes(inner.address));
    if (!host?.receive(octets, inner, source)) this.undelivered++;
  }

  /** An inner address has no meaning outside its NAT. */
  #reachable(source: Endpoint, inner: Endpoint): boolean {
    const nat = this.#nats.find((each) => each.isInside(inner.address));
    return nat === undefined || nat.isInside(source.address);
  }

  #observe(host: Host, event: EngineEvent): void {
    if (event.kind === 'keys') this.keys.learn(event, host.crypto);
    if (event.kind === 'bug' && !host.tolerateBugs) throw new BugError(host, event);
  }

  #schedule(delay: Millis, work: () => void, pending: boolean): Task {
    const task: Task = { at: this.#now + delay, order: this.#order++, work, pending };
    const at = this.#tasks.findIndex((other) => other.at > task.at);
    if (at < 0) this.#tasks.push(task);
    else this.#tasks.splice(at, 0, task);
    return task;
  }
}

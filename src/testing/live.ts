/** Hosts on the real network: the same engine, fates and faults as on the virtual one, in real time. */
import type { Random } from '../crypto/provider.ts';
import type { Endpoint, EngineEvent, Millis } from '../ike/actions.ts';
import { decide, type Fate, type Passage } from './fate.ts';
import { Flight } from './flight.ts';
import { Host, type HostOptions } from './host.ts';
import { KeyRing } from './key-ring.ts';
import type { FaultyNetwork } from './misbehave.ts';
import { BugError } from './network.ts';
import { type Seeded, seeded } from './seeded.ts';
import { type BoundSockets, HostSockets, type Ports } from './sockets.ts';

export interface LiveOptions {
  /** Of what fates and faults draw; and of the engines, unless `random` is given. 0 unless said. */
  readonly seed?: number | string;
  /** What engines draw keys from: without it they come of the seed, and anybody can know them. */
  readonly random?: Random;
  /** How many of the last datagrams `flights` keeps; 4096 unless said. */
  readonly history?: number;
  /** Gets each datagram once its fate is known. */
  readonly watch?: (flight: Flight) => void;
  /** What goes in place of a datagram whose fate threw an error; nothing unless said. */
  readonly instead?: (flight: Flight) => readonly Passage[];
}

export interface LiveHostOptions extends Omit<HostOptions, 'ports' | 'addresses'> {
  readonly address: string;
  /** 0 for free ones; so unless said. */
  readonly ports?: Ports;
  /** Instead of ports: sockets of this address, bound elsewhere. They are closed with the network. */
  readonly sockets?: BoundSockets;
}

interface Held {
  left: number;
  readonly sender: string;
  readonly deliver: () => void;
}

/** How long a reordered datagram waits for those it comes behind. */
const reorderMillis = 10_000;

export class LiveNetwork implements FaultyNetwork {
  readonly keys: KeyRing;
  readonly seeded: Seeded;
  readonly hosts: Host[] = [];
  /** What was sent and what came in, in order. */
  readonly flights: Flight[] = [];
  readonly fates: Fate[] = [];
  /** What a fate or an engine threw: `check` throws the first. */
  readonly errors: Error[] = [];
  readonly #options: LiveOptions;
  readonly #start = performance.now();
  readonly #sockets = new Map<Host, HostSockets>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #alarms = new Map<Host, NodeJS.Timeout>();
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(host: Host, event: EngineEvent) => void>();
  #held: Held[] = [];
  #seen = 0;
  #closed = false;

  constructor(options: LiveOptions = {}) {
    this.#options = options;
    this.seeded = seeded(options.seed ?? 0);
    this.keys = new KeyRing(this.seeded.fork('keys'));
  }

  /** Milliseconds since the beginning. */
  get now(): Millis {
    return Math.floor(performance.now() - this.#start);
  }

  /** Binds the address's two sockets and starts an engine. Throws what `node:dgram` throws. */
  async host(options: LiveHostOptions): Promise<Host> {
    const sockets = options.sockets
      ? HostSockets.over(options.sockets)
      : await HostSockets.bind(options.address, options.ports ?? { ike: 0, nat: 0 });
    const network = this;
    const { random } = this.#options;
    const host = new Host(
      {
        ...options,
        addresses: [options.address],
        ports: sockets.ports,
        ...(random && { random: options.random ?? (() => random) }),
      },
      {
        get now() {
          return network.now;
        },
        seeded: this.seeded,
        send: (source, destination, octets) => this.#pass(source, destination, octets),
        after: (delay, work) => this.after(delay, work),
        observe: (at, event) => this.#observe(at, event),
        turned: (at) => this.#setAlarm(at),
      },
    );
    this.#sockets.set(host, sockets);
    this.hosts.push(host);
    sockets.receive((octets, local, remote) => this.#pass(remote, local, octets));
    return host;
  }

  fate(fate: Fate): () => void {
    this.fates.push(fate);
    return () => {
      const at = this.fates.indexOf(fate);
      if (at >= 0) this.fates.splice(at, 1);
    };
  }

  after(delay: Millis, work: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#try(work);
    }, delay);
    this.#timers.add(timer);
  }

  /** Hears each event; returns what ends that. */
  listen(listener: (host: Host, event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves to true once the predicate holds, asked after each event and each error; to false after `within` milliseconds. */
  async until(predicate: () => boolean, within: Millis = 10_000): Promise<boolean> {
    if (predicate()) return true;
    return new Promise((resolve) => {
      const done = (holds: boolean): void => {
        clearTimeout(timer);
        forget();
        this.#waiting.delete(look);
        resolve(holds);
      };
      const look = (): void => {
        setImmediate(() => predicate() && done(true));
      };
      const timer = setTimeout(() => done(predicate()), within);
      // The event is told before the host's status is changed by what comes with it.
      const forget = this.listen(look);
      this.#waiting.add(look);
    });
  }

  /** Throws the first error of a fate, of a rule or of an engine. */
  check(): void {
    const [error] = this.errors;
    if (error) throw error;
  }

  /** Closes every socket and stops every timer; peers are told nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [...this.#timers, ...this.#alarms.values()]) clearTimeout(timer);
    await Promise.all([...this.#sockets.values()].map((sockets) => sockets.close()));
    for (const { kernel } of this.hosts) kernel.close();
  }

  #pass(source: Endpoint, destination: Endpoint, octets: Uint8Array): void {
    if (this.#closed) return;
    const flight = new Flight(++this.#seen, this.now, source, destination, octets.slice(), this.keys);
    this.flights.push(flight);
    if (this.flights.length > (this.#options.history ?? 4096)) this.flights.shift();
    try {
      decide(flight, this.fates);
    } catch (error) {
      flight.passages = this.#options.instead?.(flight) ?? [];
      this.#fail(error);
    }
    this.#options.watch?.(flight);
    for (const passage of flight.passages) this.#depart(flight, passage);
    this.#passHeld(flight);
  }

  #depart(flight: Flight, passage: Passage): void {
    const { octets = flight.octets, source = flight.source, destination = flight.destination } = passage;
    const arrive = (): void => this.#try(() => this.#arrive(octets, source, destination));
    if (passage.behind === undefined) {
      if (passage.after) this.after(passage.after, arrive);
      else arrive();
      return;
    }
    let isThere = false;
    const once = (): void => {
      if (!isThere) arrive();
      isThere = true;
    };
    this.after(reorderMillis, once);
    this.#held.push({ left: passage.behind + 1, sender: flight.source.address, deliver: once });
  }

  #passHeld({ source }: Flight): void {
    const due = this.#held.filter((held) => held.sender === source.address && --held.left === 0);
    this.#held = this.#held.filter(({ left }) => left > 0);
    for (const { deliver } of due) deliver();
  }

  /** To one of our hosts, or out by the socket it is from. */
  #arrive(octets: Uint8Array, source: Endpoint, destination: Endpoint): void {
    if (this.#closed) return;
    const [to] = [...this.#sockets].find(([, sockets]) => sockets.has(destination)) ?? [];
    if (to !== undefined) {
      to.receive(octets, destination, source);
      return;
    }
    const [, from] = [...this.#sockets].find(([, sockets]) => sockets.has(source)) ?? [];
    if (from === undefined)
      throw new Error(`cannot send from ${source.address}:${source.port}: no socket of ours`);
    from.send(octets, source.port, destination);
  }

  #observe(host: Host, event: EngineEvent): void {
    if (event.kind === 'keys') this.keys.learn(event, host.crypto);
    if (event.kind === 'bug' && !host.tolerateBugs) this.#fail(new BugError(host, event));
    for (const listener of [...this.#listeners]) listener(host, event);
  }

  #setAlarm(host: Host): void {
    clearTimeout(this.#alarms.get(host));
    this.#alarms.delete(host);
    const { wakeAt } = host;
    if (wakeAt === undefined || this.#closed) return;
    const delay = Math.min(Math.max(0, wakeAt - this.now), 0x7fff_ffff);
    const wake = (): void => {
      this.#alarms.delete(host);
      host.feed({ type: 'wake' });
    };
    this.#alarms.set(host, setTimeout(wake, delay));
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.errors.push(error instanceof Error ? error : new Error(String(error)));
    for (const look of [...this.#waiting]) look();
  }
}

export { type LiveResponder, type ResponderOptions, respond } from './live-responder.ts';

/** Verdicts on a run: events that must come, SAs that must be there, messages as in a diagram. */
import type { EngineEvent, Millis } from '../ike/actions.ts';
import { toJson } from '../ike/run-json.ts';
import { MemoryKernel } from '../kernel/memory.ts';
import { compare, type Diagram, DiagramError, type Mismatch, readDiagram } from './diagram.ts';
import type { Flight } from './flight.ts';
import type { Host } from './host.ts';
import { content, ladder } from './ladder.ts';
import type { VirtualNetwork } from './network.ts';
import { checkMillis, checkWord, eventKinds } from './options.ts';

/** A run is not what it should be. The message ends with the ladder of the run, every message decrypted. */
export class VerdictError extends Error {
  readonly code = 'VERDICT';
  constructor(
    /** Without the ladder. */
    readonly verdict: string,
    network: { readonly flights: readonly Flight[] },
  ) {
    super(`${verdict}\n\n${lastRungs(network.flights).join('\n')}\n`);
    this.name = 'VerdictError';
  }
}

/** So many messages, the last ones, are told in full. */
const mostTold = 60;

function lastRungs(flights: readonly Flight[]): string[] {
  if (flights.length === 0) return ['nothing was sent'];
  const earlier = flights.length - mostTold;
  const rungs = ladder({ flights: flights.slice(-mostTold) }, { details: true });
  return earlier > 0 ? [`... ${earlier} messages before these: ladder(network) has them`, ...rungs] : rungs;
}

type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

export interface Waiting<K extends EngineEvent['kind']> {
  /** Virtual milliseconds; two minutes unless said. */
  readonly within?: Millis;
  /** Only an event for which this holds. */
  readonly where?: (event: EventOf<K>) => boolean;
}

/** How many of a host's SAs there must be; what is not said does not matter. */
export interface SaCount {
  readonly ike?: number;
  readonly children?: number;
}

/** Verdicts on the runs of one network; each throws VerdictError when it does not hold. */
export class Verdicts {
  readonly #network: VirtualNetwork;

  constructor(network: VirtualNetwork) {
    this.#network = network;
  }

  /** Lets time go on until the host tells of such an event, from now on, and returns it. */
  event<K extends EngineEvent['kind']>(host: Host, kind: K, waiting: Waiting<K> = {}): EventOf<K> {
    const { within = 120_000, where = () => true } = waiting;
    checkWaiting(kind, within);
    const before = host.events.length;
    const find = (): EventOf<K> | undefined =>
      host.events
        .slice(before)
        .find((event): event is EventOf<K> => event.kind === kind && where(event as EventOf<K>));
    this.#network.until(() => find() !== undefined, within);
    const found = find();
    if (found !== undefined) return found;
    const told = host.events.slice(before).map((event) => event.kind);
    const others = told.length === 0 ? 'it told nothing' : `it told ${[...new Set(told)].join(', ')}`;
    const earlier = host.events
      .slice(0, before)
      .findLast((event) => event.kind === kind && where(event as EventOf<K>));
    const already = earlier
      ? `; it told of one before, at ${host.when(earlier)} ms: wait for it earlier`
      : '';
    return this.#fail(`${host.name} told of no ${kind} within ${within} ms; ${others}${already}`);
  }

  /** Lets so much time go on, in which the host tells of no such event. */
  never<K extends EngineEvent['kind']>(host: Host, kind: K, waiting: Waiting<K> = {}): void {
    const { within = 120_000, where = () => true } = waiting;
    checkWaiting(kind, within);
    const before = host.events.length;
    this.#network.advance(within);
    const found = host.events
      .slice(before)
      .find((event) => event.kind === kind && where(event as EventOf<K>));
    if (found) this.#fail(`${host.name} told of ${kind}: ${toJson(found)}`);
  }

  /** Established IKE SAs and children at one host. */
  sas(host: Host, { ike, children }: SaCount): void {
    const has = { ike: host.established.length, children: host.children.length };
    if ((ike ?? has.ike) === has.ike && (children ?? has.children) === has.children) return;
    const wanted = [
      ...(ike === undefined ? [] : [`${ike} IKE SAs`]),
      ...(children === undefined ? [] : [`${children} children`]),
    ];
    this.#fail(
      `${host.name} has ${has.ike} IKE SAs and ${has.children} children, not ${wanted.join(' and ')}${because(host)}`,
    );
  }

  /** Both ends hold the same IKE SAs, and of their children each is the other's mirror, in the data planes too. */
  mirrored(a: Host, b: Host): void {
    const spis = (host: Host): string[] => host.established.map(({ spiI, spiR }) => `${spiI} ${spiR}`).sort();
    this.#same(`IKE SAs of ${a.name}`, spis(a), `of ${b.name}`, spis(b));
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#same(
        `children out of ${one.name}`,
        childSpis(one, 'out'),
        `in of ${other.name}`,
        childSpis(other, 'in'),
      );
      if (one.kernel instanceof MemoryKernel && other.kernel instanceof MemoryKernel)
        this.#mirroredKeys(one, other);
    }
  }

  /** Once every timer is through, nothing is left of anything at these hosts. */
  nothing(...hosts: readonly Host[]): void {
    if (!this.#network.run()) this.#fail('timers run on');
    for (const host of hosts)
      if (host.leftovers.length > 0) this.#fail(`left at ${host.name}: ${host.leftovers.join(', ')}`);
  }

  /**
   * The IKE messages so far, or those from flight number `from`, are what the diagram shows. `docs/testing.md` says how to
   * draw one. Its left end is the host it names, or the first of the network. Throws DiagramError on what is none.
   */
  diagram(text: string, { from = 1 }: { readonly from?: number } = {}): void {
    const diagram = readDiagram(text);
    const toRight = this.#wayOf(diagram);
    const flights = this.#network.flights.filter(
      ({ number, header }) => number >= from && header !== undefined,
    );
    const mismatch = compare(diagram, flights, toRight);
    if (mismatch) this.#fail(`${mismatchText(mismatch)}${forgotten(this.#network.flights, from)}`);
  }

  /** Keys are compared, never shown. */
  #mirroredKeys(one: Host, other: Host): void {
    const [out, into] = [installed(one, 'out'), installed(other, 'in')];
    this.#same(
      `SAs out of ${one.name}`,
      out.map(({ spi }) => spi),
      `in of ${other.name}`,
      into.map(({ spi }) => spi),
    );
    const different = out.find(({ all }, i) => all !== into[i]?.all);
    if (different)
      this.#fail(
        `the SA ${different.spi} out of ${one.name} is not as ${other.name} has it: keys, mode or ESN`,
      );
  }

  /** Tells which way a flight goes. Throws DiagramError when the ends are named for nobody. */
  #wayOf({ names }: Diagram): (flight: Flight) => boolean {
    const { hosts } = this.#network;
    const from =
      (host: Host | undefined) =>
      ({ source }: Flight): boolean =>
        host?.addresses.includes(source.address) === true;
    if (names === undefined) return from(hosts[0]);
    const left = hosts.find(({ name }) => name === names.left);
    if (left) return from(left);
    const right = hosts.find(({ name }) => name === names.right);
    if (right) return (flight) => !from(right)(flight);
    throw new DiagramError(
      `no host is called '${names.left}' or '${names.right}'; hosts are ${hosts.map(({ name }) => name).join(', ')}`,
      names.at,
    );
  }

  #same(what: string, some: readonly string[], other: string, others: readonly string[]): void {
    if (some.join() === others.join()) return;
    const list = (each: readonly string[]): string => (each.length === 0 ? 'none' : each.join(', '));
    this.#fail(`${what} and ${other} are not the same: ${list(some)} and ${list(others)}`);
  }

  #fail(verdict: string): never {
    throw new VerdictError(verdict, this.#network);
  }
}

function checkWaiting(kind: string, within: Millis): void {
  checkWord('event', kind, eventKinds);
  checkMillis('within', within);
}

/** What a diagram cannot be compared with any more. */
function forgotten([first]: readonly Flight[], from: number): string {
  if (first === undefined || first.number <= from) return '';
  return `\n  messages ${from} to ${first.number - 1} are forgotten: give the network a longer history, or a later from`;
}

/** `verdicts(network).event(responder, 'ikeEstablished', { within: 2000 })`. */
export const verdicts = (network: VirtualNetwork): Verdicts => new Verdicts(network);

function childSpis(host: Host, direction: 'in' | 'out'): string[] {
  const spi = direction === 'in' ? 'inboundSpi' : 'outboundSpi';
  return host.children.map((child) => child[spi].toString(16).padStart(8, '0')).sort();
}

function installed({ memory }: Host, direction: 'in' | 'out'): { spi: string; all: string }[] {
  return memory.sas
    .filter((sa) => sa.direction === direction)
    .map(({ id, encryption, integrity, mode, esn }) => ({
      spi: id.spi.toString(16).padStart(8, '0'),
      all: toJson({ mode, esn, encryption, integrity }),
    }))
    .sort((a, b) => (a.spi < b.spi ? -1 : 1));
}

function because({ failures }: Host): string {
  const last = failures.at(-1);
  return last ? `; ${last.code}: ${last.text}` : '';
}

/** Where a diagram and the run part, in lines. */
export function mismatchText({ expected, found }: Mismatch): string {
  const is = found === undefined ? 'nothing more was sent' : `${found.number}. ${content(found)}`;
  const lost = found?.passages.length === 0 ? ', which got lost' : '';
  return `not as in the diagram:\n  drawn  ${expected ?? 'nothing more'}\n  found  ${is}${lost}`;
}

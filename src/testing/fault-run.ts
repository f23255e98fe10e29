/** A misbehaving peer against whatever listens out there: our engine, the fault layer, real UDP. */
import { randomBytes } from 'node:crypto';
import { defaultCrypto } from '../crypto/index.ts';
import type { EngineEvent, Millis } from '../ike/actions.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import { compare, readDiagram } from './diagram.ts';
import type { Passage } from './fate.ts';
import { type ReadFaultFile, readFaultFile } from './fault-file.ts';
import { farewellFor } from './faults/farewell.ts';
import type { RuleReport } from './faults/layer.ts';
import type { Flight } from './flight.ts';
import type { Host } from './host.ts';
import { LiveNetwork } from './live.ts';
import { type Misbehaviour, misbehave } from './misbehave.ts';
import type { Ports } from './sockets.ts';
import { mismatchText } from './verdict.ts';

export interface FaultRunOptions {
  /** The text of the script's file, and its name for errors. */
  readonly script: { readonly text: string; readonly name: string };
  readonly policy: Policy;
  readonly entry: PadEntry;
  readonly ports: Ports;
  /** Initiate, or wait for the peer to do so. */
  readonly initiate: boolean;
  /** Repeats what was random in another run, keys too; without it they are nobody's to know. */
  readonly seed?: string;
  readonly watch?: (flight: Flight) => void;
  readonly hear?: (event: EngineEvent) => void;
}

export interface FaultRunOutcome {
  readonly report: readonly RuleReport[];
  readonly log: readonly string[];
  /** What was expected and is not so, and rules that found nothing to do; none when all is well. */
  readonly complaints: readonly string[];
}

/** Milliseconds the peer has to answer our last Delete; more when a request of ours must be answered before. */
const [farewell, longFarewell] = [500, 3000];

/**
 * Runs a script to its end. Throws FaultError on a script that cannot be understood, before anything is sent, and on a rule
 * that cannot act: the datagram it was for is withheld, and the peer is told that we go.
 */
export async function runFaults(options: FaultRunOptions): Promise<FaultRunOutcome> {
  const { script, policy, entry, ports, initiate, seed, watch, hear } = options;
  const file = readFaultFile(script.text, script.name);
  const network = new LiveNetwork({
    seed: seed ?? randomBytes(16).toString('hex'),
    ...(seed === undefined && { random: (length: number) => new Uint8Array(randomBytes(length)) }),
    ...(watch && { watch }),
    instead: (flight) => retreat.instead(flight),
  });
  const retreat = new Retreat(network);
  try {
    const { address } = entry.local;
    const host = await network.host({
      name: 'peer',
      address,
      ports,
      policy: { ...policy, pad: [entry] },
      crypto: defaultCrypto,
      kernel: 'userspace',
    });
    retreat.host = host;
    if (hear) network.listen((_host, event) => hear(event));
    const misbehaviour = misbehave(network, host, { rules: file.rules });
    if (initiate) host.up(entry.name);
    const told = (): boolean => file.events.every((kind) => host.told(kind).length > 0);
    await network.until(() => network.errors.length > 0 || (file.events.length > 0 && told()), file.limit);
    if (network.errors.length > 0) {
      misbehaviour.stop();
      await retreat.leave(entry.name);
    }
    network.check();
    const outcome = judge(file, host, network, misbehaviour);
    await leave(host, network, entry.name);
    return outcome;
  } finally {
    await network.close();
  }
}

function judge(
  file: ReadFaultFile,
  host: Host,
  network: LiveNetwork,
  { report, log, idle }: Misbehaviour,
): FaultRunOutcome {
  const missing = file.events.filter((kind) => host.told(kind).length === 0);
  const unwanted = file.not.filter((kind) => host.told(kind).length > 0);
  const why = host.failures.map(({ code, text }) => `; ${code}: ${text}`).at(-1) ?? '';
  const counted = (what: string, wanted: number | undefined, is: number): string[] =>
    wanted === undefined || wanted === is ? [] : [`${is} ${what} at the end, not ${wanted}${why}`];
  return {
    report,
    log,
    complaints: [
      ...missing.map((kind) => `no ${kind} within ${file.limit} ms${why}`),
      ...unwanted.map((kind) => `${kind}, which must not come${why}`),
      ...counted('IKE SAs', file.ike, host.established.length),
      ...counted('children', file.children, host.children.length),
      ...diagramComplaints(file, host, network),
      ...idle.map((rule) => `${rule} found nothing to do`),
    ],
  };
}

function diagramComplaints({ diagram }: ReadFaultFile, host: Host, { flights }: LiveNetwork): string[] {
  if (diagram === undefined) return [];
  const messages = flights.filter(({ header }) => header !== undefined);
  const mismatch = compare(readDiagram(diagram), messages, (flight) => isFrom(host, flight));
  return mismatch ? [mismatchText(mismatch)] : [];
}

const isFrom = ({ address, ports }: Host, { source }: Flight): boolean =>
  source.address === address && (source.port === ports.ike || source.port === ports.nat);

/** The peer is told that we go, if it listens. */
async function leave(
  host: Host,
  network: LiveNetwork,
  name: string,
  within: Millis = farewell,
): Promise<void> {
  if (host.idle) return;
  host.down(name);
  await network.until(() => host.idle, within);
}

/** How a run ends whose rule could not act: what the rule was for never arrives, and nothing is left at the peer. */
class Retreat {
  host: Host | undefined;
  readonly #network: LiveNetwork;
  #withheld: Flight | undefined;

  constructor(network: LiveNetwork) {
    this.#network = network;
  }

  /** What goes in place of a datagram that a rule failed on, and of its retransmissions. */
  instead(flight: Flight): readonly Passage[] {
    this.#withheld ??= flight;
    if (this.host === undefined || !isFrom(this.host, flight)) return [];
    const { keys, seeded } = this.#network;
    const octets = farewellFor(flight.octets, keys, seeded.fork('farewell').random);
    return octets === undefined ? [] : [{ octets }];
  }

  async leave(name: string): Promise<void> {
    const [host, withheld] = [this.host, this.#withheld];
    if (host === undefined) return;
    if (withheld === undefined) return leave(host, this.#network, name);
    if (isFrom(host, withheld)) {
      const same = toHex(withheld.octets);
      this.#network.fate((flight) => (toHex(flight.octets) === same ? this.instead(flight) : undefined));
      return leave(host, this.#network, name);
    }
    // The peer sends it again; what it answers may be an SA, which can be deleted only once it is ours.
    const settled = (): boolean => host.idle || host.established.length > 0;
    await this.#network.until(settled, longFarewell);
    await leave(host, this.#network, name, longFarewell);
  }
}

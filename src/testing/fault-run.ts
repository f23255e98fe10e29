/** A misbehaving peer against whatever listens out there: our engine, the fault layer, real UDP. */
import { randomBytes } from 'node:crypto';
import { defaultCrypto } from '../crypto/index.ts';
import type { EngineEvent } from '../ike/actions.ts';
import type { PadEntry, Policy } from '../policy/policy.ts';
import { compare, readDiagram } from './diagram.ts';
import { type ReadFaultFile, readFaultFile } from './fault-file.ts';
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

/** Milliseconds the peer has to answer our last Delete. */
const farewell = 500;

/** Runs a script to its end. Throws FaultError on a script that cannot be understood or a rule that cannot act. */
export async function runFaults(options: FaultRunOptions): Promise<FaultRunOutcome> {
  const { script, policy, entry, ports, initiate, seed, watch, hear } = options;
  const file = readFaultFile(script.text, script.name);
  const network = new LiveNetwork({
    seed: seed ?? randomBytes(16).toString('hex'),
    ...(seed === undefined && { random: (length: number) => new Uint8Array(randomBytes(length)) }),
    ...(watch && { watch }),
  });
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
    if (hear) network.listen((_host, event) => hear(event));
    const misbehaviour = misbehave(network, host, { rules: file.rules });
    if (initiate) host.up(entry.name);
    const told = (): boolean => file.events.every((kind) => host.told(kind).length > 0);
    await network.until(() => network.errors.length > 0 || (file.events.length > 0 && told()), file.limit);
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
  const mismatch = compare(
    readDiagram(diagram),
    messages,
    ({ source }) => source.address === host.address && isOwnPort(host, source.port),
  );
  return mismatch ? [mismatchText(mismatch)] : [];
}

const isOwnPort = ({ ports }: Host, port: number): boolean => port === ports.ike || port === ports.nat;

/** The peer is told that we go, if it listens. */
async function leave(host: Host, network: LiveNetwork, name: string): Promise<void> {
  if (host.idle) return;
  host.down(name);
  await network.until(() => host.idle, farewell);
}

/** `ikev2 bench`: handshakes by the thousand against any responder, and how it bore them. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { type Command, Option } from 'commander';
import { resolveNames } from '../daemon/host.ts';
import {
  type LoadPlan,
  measure,
  modes,
  openLoad,
  type Probe,
  type Progress,
  page,
  pidOfPort,
  processProbe,
  type Result,
  sourceFor,
  summaryLines,
} from '../load/index.ts';
import {
  type BenchOptions,
  check,
  credentialsOf,
  duration,
  limit,
  limitOf,
  numbers,
  pacesOf,
  pem,
  secret,
  sources,
  suite,
  target,
} from './bench-options.ts';
import { type OwnResponder, startResponder } from './bench-self.ts';
import { CommandError, perform } from './failure.ts';
import { jsonOption, wholeNumber } from './options.ts';
import { Output } from './output.ts';

const usualSuite = 'aes128gcm16-prfsha256-x25519';
const many = 10_000_000;

export function add(program: Command): void {
  program
    .command('bench')
    .description('load a responder with handshakes and measure it; see docs/bench.md')
    .option(
      '--target <address[:port]>',
      'the responder; port 500 unless said, any other gets the marker',
      target,
    )
    .option('--self', 'start a responder of our own in another process, and load that')
    .addOption(new Option('--provider <name>', "its algorithms' provider").choices(['node', 'noble']))
    .addOption(
      new Option('--mode <mode>', 'whole handshakes, or IKE_SA_INIT alone')
        .choices(modes)
        .default('handshake'),
    )
    .option('--psk <secret>', 'text, 0x..., 0s... or @FILE', secret)
    .option('--cert <file>', 'PEM: our certificate, its chain and its key; again for more files', pem)
    .option('--ca <file>', 'PEM: authorities of the responder', pem)
    .option('--id <identity>', 'ours; {n} is the number of the SA (default: @bench-{n}.example)')
    .option('--peer-id <identity>', "the responder's", '%any')
    .option(
      '--suite <proposals>',
      `IKE, and ESP after a / where it differs; again for more runs (default: ${usualSuite})`,
      suite,
    )
    .option(
      '--concurrency <n>',
      'closed loop: so many at once; again for more runs (default: 16)',
      numbers(100_000, true),
    )
    .option(
      '--rate <n>',
      'open loop: so many begin each second; again for more runs',
      numbers(1_000_000, false),
    )
    .option('--duration <time>', 'begin new ones for so long (default: 10s)', duration)
    .option('--count <n>', 'or so many', wholeNumber(1, many))
    .option(
      '--warm-up <time or n>',
      'before anything is measured (default: 2s, or a tenth of --count)',
      limit,
    )
    .option('--children <n>', 'Child SAs of each; 0 for none (RFC 6023) (default: 1)', wholeNumber(0, 1000))
    .addOption(new Option('--rekey [what]', 'rekey each once').choices(['children', 'ike']))
    .option('--keep', 'hold the SAs until the end of the run, rather than delete each at once')
    .option('--leave', 'and then leave them to the responder, without a Delete')
    .option(
      '--subnet <networks>',
      'our traffic: networks, NETWORK+n (an address of it for each SA) or dynamic',
      '0.0.0.0/0',
    )
    .option('--peer-subnet <networks>', "the responder's", '0.0.0.0/0')
    .option('--timeout <time>', 'until one counts as failed', duration, 10_000)
    .option('--source-range <network>', 'come from all its addresses; this host must have them', sources)
    .option('--workers <n>', 'threads of the load', wholeNumber(1, 64), 1)
    .option(
      '--target-pid <pid>',
      'the responder on this machine (default: whoever has the port)',
      wholeNumber(1, 2 ** 22),
    )
    .addOption(jsonOption())
    .option('--html <file>', 'write a report with plots')
    .action((options: BenchOptions) => perform(options, () => bench(options, new Output(options))));
}

async function bench(options: BenchOptions, output: Output): Promise<void> {
  check(options);
  const responder = options.self ? await startResponder(options) : undefined;
  try {
    const results = await all(options, responder, output);
    if (options.html !== undefined) writeHtml(options.html, options, results);
    const best = results.some(({ done }) => done > 0);
    if (!best) throw new CommandError('no handshake came to a good end');
  } finally {
    await responder?.stop();
  }
}

/** A run for each suite and pace, one after the other. */
async function all(
  options: BenchOptions,
  responder: OwnResponder | undefined,
  output: Output,
): Promise<Result[]> {
  const at = responder?.target ?? (await resolve(options));
  const probe = responder?.probe ?? probeOf(options, at);
  const local = options.sourceRange ?? [await sourceFor(at)];
  const results: Result[] = [];
  let stopped = false;
  for (const proposals of options.suite ?? [usualSuite]) {
    for (const pace of pacesOf(options)) {
      if (stopped) break;
      const plan: LoadPlan = {
        ...planOf(options, at, local, responder?.secret),
        suite: proposals,
        pace,
      };
      const result = await one(plan, options.workers, probe, output, () => {
        stopped = true;
      });
      results.push(result);
      for (const line of summaryLines(result)) output.line(line);
      output.object({ kind: 'result', ...result });
    }
  }
  return results;
}

async function one(
  plan: LoadPlan,
  workers: number,
  probe: Probe | undefined,
  output: Output,
  stopped: () => void,
): Promise<Result> {
  const load = await openLoad(plan, workers);
  const line = new ProgressLine();
  const interrupt = (): void => {
    stopped();
    load.stop();
  };
  process.once('SIGINT', interrupt);
  try {
    return await measure(plan, load, probe, {
      progress(progress) {
        output.object({ kind: 'progress', ...progress });
        line.show(progress);
      },
    });
  } finally {
    process.removeListener('SIGINT', interrupt);
    line.clear();
    await load.end();
  }
}

function planOf(
  options: BenchOptions,
  at: LoadPlan['target'],
  local: readonly string[],
  fallback: Uint8Array = new Uint8Array(),
): Omit<LoadPlan, 'suite' | 'pace'> {
  const { mode, peerId, subnet, peerSubnet, timeout, rekey, children = 1, keep, leave } = options;
  const limits = limitOf(options);
  const warmUp = options.warmUp ?? usualWarmUp(limits);
  return {
    target: at,
    mode,
    limit: limits,
    warmUp,
    credentials: credentialsOf(options, fallback),
    identity: options.id ?? '@bench-{n}.example',
    peerIdentity: peerId,
    subnet,
    peerSubnet,
    children,
    ...(rekey && { rekey: rekey === true ? 'children' : rekey }),
    keep: keep ?? leave ?? false,
    leave: leave ?? false,
    sources: local,
    timeout,
    numbers: { first: 0, step: 1 },
  };
}

const usualWarmUp = (limits: LoadPlan['limit']): LoadPlan['warmUp'] =>
  limits.kind === 'count'
    ? { kind: 'count', count: Math.ceil(limits.count / 10) }
    : { kind: 'duration', milliseconds: Math.min(2_000, limits.milliseconds / 5) };

async function resolve({ target: asked }: BenchOptions): Promise<LoadPlan['target']> {
  const { host, port } = asked ?? { host: '', port: 500 };
  const numeric = /^[\d.]+$|:/.test(host);
  const address = numeric ? host : (await resolveNames([host])).get(host)?.[0];
  if (address === undefined) throw new CommandError(`--target ${host}: the name does not resolve`);
  return { address, port };
}

function probeOf({ targetPid }: BenchOptions, at: LoadPlan['target']): Probe | undefined {
  const pid = targetPid ?? pidOfPort(at);
  return pid === undefined || pid === process.pid ? undefined : processProbe(pid);
}

function writeHtml(path: string, { target: asked, self, provider }: BenchOptions, results: Result[]): void {
  const own = `our own responder${provider ? `, ${provider}` : ''}`;
  const [cpu] = cpus();
  const facts = {
    target: self ? own : `${asked?.host} port ${asked?.port}`,
    date: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    machine: `${cpu?.model.trim() ?? process.arch}, ${availableParallelism()} processors, Node ${process.versions.node}`,
  };
  try {
    writeFileSync(path, page(results, facts));
  } catch (error) {
    throw new CommandError(`--html ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** How far it is, on one line of a terminal that is written over. */
class ProgressLine {
  readonly #stream = process.stderr;
  #last = 0;
  #wasWarm = true;

  show({
    seconds,
    done,
    failed,
    inFlight,
    held,
    warmingUp,
  }: Progress & { readonly seconds: number; readonly warmingUp: boolean }): void {
    if (!this.#stream.isTTY) return;
    const since = warmingUp === this.#wasWarm ? this.#last : 0;
    [this.#last, this.#wasWarm] = [done, warmingUp];
    const what = warmingUp ? 'warm-up ' : '';
    const told = `${what}${seconds.toFixed(0)} s  ${done - since}/s  ${done} done  ${inFlight} under way  ${held} held  ${failed} failed`;
    this.#stream.write(`\r\u001b[K${told}`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }
}

/** A running daemon: its connections, who keeps them up, and the control socket. Options in, running daemon out. */
import type { Crypto } from '../crypto/index.ts';
import { defaultCrypto } from '../crypto/index.ts';
import type { EngineEvent, Millis } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import { Answers, type DaemonSecrets, noSecrets } from './answers.ts';
import { systemClock } from './clock.ts';
import { Connections, type Difference, difference } from './connections.ts';
import { ControlServer } from './control.ts';
import type { KernelName } from './data-plane.ts';
import { formatEndpoint } from './endpoint.ts';
import { deviceOf } from './host.ts';
import { LabelRefusals } from './label-refusals.ts';
import { decideLabels, hostLabels, type LabelDecision, labelWords } from './labels.ts';
import { type Logger, makeLog } from './log.ts';
import { choosePlane, describePlane, type Plane } from './plane.ts';
import type { Loaded, PolicySource } from './policy-source.ts';
import { SaBook } from './sa-book.ts';
import { Shell } from './shell.ts';
import { directSockets } from './socket-direct.ts';
import { xfrmSockets } from './socket-xfrm.ts';
import { connectionStatus, type DaemonStatus, isUp, lacksOf, numbered, trafficOf } from './status.ts';
import { type Delays, Supervisor } from './supervisor.ts';
import { Trace, type TraceFiles } from './trace.ts';
import { type LocalPorts, UdpSockets } from './udp.ts';
import { UpdownFlows } from './updown-flows.ts';
import { UpdownRunner } from './updown-runner.ts';
import { makeVerbs } from './verbs.ts';

export interface DaemonOptions extends TraceFiles {
  /** Where connections and keys come from; asked again at each reload. */
  readonly source: PolicySource;
  /** Local addresses; without them those the connections name. */
  readonly listen?: readonly string[] | undefined;
  /** 500; 0 takes a free one. */
  readonly ikePort?: number | undefined;
  /** 4500; 0 takes a free one. */
  readonly natPort?: number | undefined;
  /** `userspace` unless said; `auto`: the kernel's own if it can do ESP. */
  readonly kernel?: KernelName | undefined;
  /** The name of a TUN device before `userspace`: traffic of this host, and through it, is then what is protected. None with `xfrm`. */
  readonly tun?: string | undefined;
  /** Who decides on security labels, as the source was told; found out, once, unless said. */
  readonly labels?: LabelDecision | undefined;
  /** The control socket's path; without it there is none. */
  readonly control?: string | undefined;
  /** Info lines on stderr unless said. */
  readonly log?: ((settings: Loaded['settings']) => Logger) | undefined;
  readonly crypto?: Crypto;
  readonly delays?: Delays;
  /** Milliseconds peers have to answer our Deletes when we stop; 3000 unless said. */
  readonly grace?: Millis;
}

/** What a reload did. */
export interface Reloaded extends Difference {
  readonly remarks: readonly string[];
}

/** Milliseconds updown commands have when the daemon stops. */
const updownPatience = 10_000;

/** Milliseconds until names that did not resolve are tried again. */
const resolveInterval = 60_000;

/** Throws ControlError CONFIG or LISTEN, or UdpError; then nothing is left behind. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const loaded = await options.source();
  const log = options.log?.(loaded.settings) ?? makeLog({ level: 'info', format: 'text' });
  const { kernel = 'userspace', crypto = defaultCrypto } = options;
  const plane = choosePlane(kernel, loaded.policy, crypto);
  const udp = new UdpSockets({
    ikePort: options.ikePort ?? loaded.settings?.ikePort ?? 500,
    natPort: options.natPort ?? loaded.settings?.natPort ?? 4500,
    ...(plane.name === 'xfrm' && { open: xfrmSockets() }),
    ...(plane.name === 'userspace' && options.tun !== undefined && { open: directSockets() }),
  });
  const trace = new Trace(
    options,
    () => systemClock.unixTime(),
    (text) => log.error(text),
  );
  let daemon: Daemon | undefined;
  try {
    const connections = new Connections(loaded.policy);
    await listen(udp, options, loaded, connections.entries);
    daemon = new Daemon({
      options,
      log,
      udp,
      trace,
      connections,
      plane,
      secrets: loaded.secrets ?? noSecrets,
      acquireExpiry: loaded.settings?.acquireLifetime,
    });
    if (options.control !== undefined) await daemon.control.listen(options.control);
    daemon.begin(loaded);
    return daemon;
  } catch (error) {
    daemon?.shell.close();
    await udp.close();
    trace.close();
    throw error;
  }
}

interface Parts {
  readonly options: DaemonOptions;
  readonly log: Logger;
  readonly udp: UdpSockets;
  readonly trace: Trace;
  readonly connections: Connections;
  readonly plane: Plane;
  readonly secrets: DaemonSecrets;
  /** Seconds; as it was when the daemon started. */
  readonly acquireExpiry: number | undefined;
}

export class Daemon {
  readonly log: Logger;
  readonly shell: Shell;
  readonly supervisor: Supervisor;
  readonly control: ControlServer;
  readonly updown: UpdownFlows;
  readonly #book = new SaBook(() => systemClock.unixTime());
  readonly #refusals = new LabelRefusals(() => systemClock.unixTime());
  readonly #runner: UpdownRunner;
  readonly #parts: Parts;
  readonly #labels: LabelDecision;
  readonly #answers: Answers;
  #connections: Connections;
  readonly #startedAt = systemClock.now();
  #changes: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #markEnded = (): void => {};
  /** Resolves when everything is closed, whoever asked for it. */
  readonly ended = new Promise<void>((resolve) => {
    this.#markEnded = resolve;
  });
  #resolveAgain = (): void => {};

  constructor(parts: Parts) {
    const { options, log, udp, trace, connections } = parts;
    this.#parts = parts;
    this.#labels = options.labels ?? decideLabels('auto');
    this.log = log;
    this.#answers = new Answers(
      options.crypto ?? defaultCrypto,
      systemClock,
      parts.secrets,
      () => this.connections.policy,
      (text) => log.debug(text),
    );
    this.#connections = connections;
    this.shell = new Shell({
      clock: systemClock,
      crypto: options.crypto ?? defaultCrypto,
      answer: this.#answers.answer,
      kernel: parts.plane.name,
      tun: options.tun,
      policy: connections.policy,
      labels: hostLabels(this.#labels, (line) => log.warn(`SELinux: ${line}`)).access,
      acquireExpiry: parts.acquireExpiry,
      keyLog: options.keyLog !== undefined || options.espKeyLog !== undefined,
      log,
      trace,
      udp,
    });
    this.supervisor = new Supervisor({
      clock: systemClock,
      ...(options.delays && { delays: options.delays }),
      up: (name) => this.up(name),
      planned: (name, delay) => log.info(`"${name}": next attempt in ${delay / 1000} s`),
      gaveUp: (name, tries) =>
        log.warn(`"${name}": given up after keyingtries=${tries}; again with: ikev2 up ${name}`),
    });
    this.#runner = new UpdownRunner(log);
    this.updown = new UpdownFlows({
      book: this.#book,
      entries: () => this.connections.entries,
      routes: () => this.shell.status.routes,
      wanted: (name) => this.supervisor.wants(name),
      counters: (id) => this.shell.counters.of(id),
      device: deviceOf,
      stack: this.shell.kernel.name,
      run: (one) => this.#runner.run(one),
      warn: (text) => log.warn(text),
    });
    this.shell.subscribe((event: EngineEvent) => this.#book.event(event));
    this.shell.subscribe((event: EngineEvent) => this.#refusals.event(event));
    this.shell.subscribe((event: EngineEvent) => this.updown.event(event));
    this.shell.subscribe((event: EngineEvent) => this.supervisor.event(event));
    this.shell.subscribe((event: EngineEvent) => this.#answers.event(event));
    this.control = new ControlServer(makeVerbs(this));
  }

  get connections(): Connections {
    return this.#connections;
  }

  get listening(): readonly LocalPorts[] {
    return this.#parts.udp.locals;
  }

  /** `auto=start` connections are started. */
  begin(loaded: Loaded): void {
    const { info, warn } = describePlane(this.#parts.plane, this.#parts.options.tun);
    this.log.info(info);
    if (warn !== undefined) this.log.warn(warn);
    this.log.info(`security labels: ${labelWords[this.#labels]}`);
    for (const { address, ike, nat } of this.listening) {
      this.log.info(`listening on ${formatEndpoint({ address, port: ike })}, with NAT traversal on ${nat}`);
    }
    if (this.listening.length === 0)
      this.log.warn('listening nowhere: no connection is loaded; see --listen');
    this.#remark(loaded);
    const control = this.#parts.options.control;
    this.log.info(
      { event: 'ready', listening: this.listening, control },
      `ready, connections loaded: ${this.connections.entries.length}`,
    );
    this.shell.connections(this.connections.entries);
    this.updown.synchronize();
    this.supervisor.update(this.connections.entries);
  }

  status(): DaemonStatus {
    const { ikeSas, routes, shunts } = this.shell.status;
    const { kernel } = this.shell;
    const { entries } = this.connections;
    return {
      pid: process.pid,
      now: systemClock.now(),
      uptime: Math.floor((systemClock.now() - this.#startedAt) / 1000),
      kernel: kernel.name,
      labels: this.#labels,
      lacks: lacksOf(entries, this.#parts.options.crypto ?? defaultCrypto, kernel),
      listening: this.listening,
      loaded: [...new Set(this.connections.named.map(({ name }) => name))],
      connections: entries.map((entry) => connectionStatus(entry, ikeSas, this.#refusals.of(entry.name))),
      ikeSas: numbered(ikeSas, entries, this.#book),
      routes,
      shunts,
      traffic: trafficOf(ikeSas, kernel),
      counters: this.shell.metrics.counters,
    };
  }

  /** Reads the configuration again. Throws ControlError CONFIG or UdpError; then nothing has changed. */
  reload(): Promise<Reloaded> {
    return this.#change('reload', (loaded) => this.#connections.reloaded(loaded.policy));
  }

  /** Reads one connection from the configuration, for the first time or again. Throws ControlError. */
  add(name: string): Promise<Reloaded> {
    return this.#change(`add ${name}`, (loaded) => this.#connections.with(name, loaded.policy));
  }

  /** Starts an attempt at whatever of it is not up; with `peer` at that one of its peers. */
  up(name: string, peer?: string): void {
    const entry = this.connections.entries.find((each) => each.name === name);
    const ikeSas = this.shell.ikeSas.filter(({ path }) => !peer || path.remote.address === peer);
    if (entry && !isUp(entry, ikeSas)) this.shell.command({ kind: 'up', name, ...(peer && { peer }) });
  }

  /** Takes a connection down and forgets it until it is added again. Throws ControlError. */
  delete(name: string): void {
    this.#apply(this.#connections.without(name));
  }

  /** Deletes all SAs at the peers, then closes everything. */
  stop(): Promise<void> {
    if (!this.#stopping) void this.#stop();
    return this.ended;
  }

  /** One change after the other: each reads the configuration and listens where it must before anything changes. */
  #change(what: string, take: (loaded: Loaded) => Connections): Promise<Reloaded> {
    const change = this.#changes.then(async () => {
      const before = this.connections.named;
      const { options, udp } = this.#parts;
      const loaded = await options.source();
      const connections = take(loaded);
      await listen(udp, options, loaded, connections.entries);
      this.shell.listening();
      this.#answers.reloaded(loaded.secrets ?? noSecrets);
      this.#apply(connections);
      this.#remark(loaded);
      const done = { ...difference(before, connections.named), remarks: loaded.remarks };
      this.log.info(
        `${what}: ${done.added.length} added, ${done.changed.length} changed, ${done.removed.length} removed`,
      );
      return done;
    });
    this.#changes = change.catch((error: Error) => {
      this.log.error(`${what}: nothing changed: ${error.message}`);
    });
    return change;
  }

  #apply(connections: Connections): void {
    this.#connections = connections;
    this.supervisor.forgetOthers(connections.entries);
    this.#refusals.keep(connections.entries);
    this.shell.connections(this.connections.entries);
    this.shell.policy(this.connections.policy);
    this.updown.synchronize();
    this.supervisor.update(this.connections.entries);
  }

  #remark({ remarks, waitingFor }: Loaded): void {
    for (const remark of remarks) this.log.warn(remark);
    const listening = new Set(this.listening.map(({ address }) => address));
    for (const { name, local } of this.connections.entries) {
      if (!listening.has(local.address))
        this.log.warn(`"${name}" cannot come up: nobody listens on its local address; see --listen`);
    }
    this.#resolveAgain();
    if (waitingFor.length === 0) return;
    this.#resolveAgain = systemClock.alarm(systemClock.now() + resolveInterval, () => {
      void this.reload().catch(() => {});
    });
  }

  async #stop(): Promise<void> {
    const { options, udp, trace } = this.#parts;
    this.#stopping = true;
    this.log.info('stopping');
    this.#resolveAgain();
    this.supervisor.close();
    this.#answers.close();
    await this.shell.shutdown(options.grace ?? 3_000);
    this.updown.end();
    this.shell.close();
    await this.#runner.close(updownPatience);
    await this.control.close();
    await udp.close();
    trace.close();
    this.log.info('stopped');
    this.#markEnded();
  }
}

function listen(
  udp: UdpSockets,
  options: DaemonOptions,
  loaded: Loaded,
  entries: readonly PadEntry[],
): Promise<void> {
  const configured = loaded.settings?.listen ?? [];
  const named = entries.map(({ local }) => local.address);
  const addresses = options.listen ?? (configured.length > 0 ? configured : named);
  const extras = entries
    .map(({ local: { address, port } }) => ({ address, port }))
    .filter(({ address, port }) => port !== 500 && addresses.includes(address));
  return udp.listen(addresses, extras);
}

/** Our own daemon, as it is built, in a namespace; driven by its own command line. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlClient } from '../../../src/daemon/control-client.ts';
import type { DaemonStatus } from '../../../src/daemon/status.ts';
import type { IkeSaStatus } from '../../../src/ike/status.ts';
import { type Files, scratch, writeFiles } from './mounts.ts';
import { inNetwork, type Side } from './namespaces.ts';
import { ikev2 } from './places.ts';
import { Background, type Finished, run, until } from './process.ts';
import { type Dissected, dissect } from './tshark.ts';

/** What our end is told, be it the daemon, an engine in this process or `ikev2 fault`. */
export interface OurFiles {
  readonly side: Side;
  /** ipsec.conf */
  readonly config: string;
  /** ipsec.secrets */
  readonly secrets: string;
  /** The side's IPv4 address unless given. */
  readonly listen?: readonly string[];
  /** Its directory of keys and certificates, or what is in it. */
  readonly store?: string | Files;
}

export interface OursOptions extends OurFiles {
  readonly kernel: 'memory' | 'userspace';
  /** Further options of `ikev2 daemon`. */
  readonly args?: readonly string[];
}

export class Ours {
  readonly #daemon: Background;
  readonly #scratch: ReturnType<typeof scratch>;
  readonly #control: ControlClient;

  private constructor(daemon: Background, place: ReturnType<typeof scratch>, control: ControlClient) {
    this.#daemon = daemon;
    this.#scratch = place;
    this.#control = control;
  }

  /** Starts it; returns when the control socket answers. Throws with its log when it does not. */
  static async start(options: OursOptions): Promise<Ours> {
    const place = scratch('ours');
    const at = (name: string) => join(place.path, name);
    mkdirSync(at('run'), { mode: 0o700 });
    writeFileSync(at('ipsec.conf'), options.config, { mode: 0o600 });
    writeFileSync(at('ipsec.secrets'), options.secrets, { mode: 0o600 });
    const { store } = options;
    if (typeof store === 'object') writeFiles(at('store'), store);
    const args = ['--config', at('ipsec.conf'), '--secrets', at('ipsec.secrets'), '--kernel', options.kernel];
    for (const address of options.listen ?? [options.side.address]) args.push('--listen', address);
    if (store !== undefined) args.push('--store', typeof store === 'string' ? store : at('store'));
    args.push('--control', at('run/control'), '--key-log', at('keys'), '--pcap', at('packets.pcapng'));
    const command = [process.execPath, ikev2, 'daemon', ...args, ...(options.args ?? [])];
    const daemon = new Background([...inNetwork(options.side.namespace), ...command]);
    try {
      const control = await until('our daemon answers', () => connect(daemon, at('run/control')), 15_000);
      return new Ours(daemon, place, control);
    } catch (error) {
      await daemon.stop();
      place.remove();
      throw new Error(`${String(error)}\n${daemon.output}`);
    }
  }

  get log(): string {
    return this.#daemon.output;
  }

  /** Waits for words in its log. */
  async says(words: string, within = 5_000): Promise<void> {
    const there = () => (this.log.includes(words) ? true : undefined);
    await until(`our daemon's log has "${words}"`, there, within, () => this.log);
  }

  /** Exit code 0 when established. `peer` is its address where the connection is for any. */
  up(name: string, within = 30_000, peer?: string): Promise<Finished> {
    return this.#run(['up', name, ...(peer === undefined ? [] : ['--peer', peer])], within);
  }

  /** `child` names one of its children; the others stay. */
  down(name: string, child?: string): Promise<Finished> {
    return this.#run(['down', name, ...(child === undefined ? [] : ['--child', child])], 15_000);
  }

  /** Exit code 0 when the new SAs are there. */
  rekey(name: string, what: 'child' | 'ike'): Promise<Finished> {
    return this.#run(['rekey', name, `--${what}`], 15_000);
  }

  /** With another configuration. Exit code 0 when it is loaded. */
  reload(config: string): Promise<Finished> {
    writeFileSync(join(this.#scratch.path, 'ipsec.conf'), config, { mode: 0o600 });
    return this.#run(['reload'], 10_000);
  }

  /** Exit code 0 when every echo came back. */
  ping(name: string, count = 2): Promise<Finished> {
    return this.#run(['ping', name, '-c', String(count)], 15_000);
  }

  async list(): Promise<readonly IkeSaStatus[]> {
    const { ikeSas } = await this.#control.request<DaemonStatus>({ command: 'status' });
    return ikeSas;
  }

  /** How often a thing has happened since the start. */
  async count(counter: string): Promise<number> {
    const { counters } = await this.#control.request<DaemonStatus>({ command: 'status' });
    return counters[counter] ?? 0;
  }

  /** `ikev2 status`, as text. */
  status(): Promise<Finished> {
    return this.#run(['status'], 10_000);
  }

  /** Waits until the SAs are as wanted. */
  async when<T>(
    what: string,
    probe: (sas: readonly IkeSaStatus[]) => T | undefined | Promise<T | undefined>,
    within = 10_000,
  ): Promise<T> {
    let last: readonly IkeSaStatus[] = [];
    const ask = async () => {
      last = await this.list();
      return probe(last);
    };
    return until(`our daemon: ${what}`, ask, within, () => `${JSON.stringify(last, null, 1)}\n${this.log}`);
  }

  /** An established IKE SA with a child. */
  established(within = 10_000): Promise<IkeSaStatus> {
    const up = (sa: IkeSaStatus) => sa.phase === 'established' && sa.children.length > 0;
    return this.when('IKE SA and child up', (sas) => sas.find(up), within);
  }

  /** No SA of any phase. */
  async empty(within = 10_000): Promise<void> {
    await this.when('no SA left', (sas) => (sas.length === 0 ? true : undefined), within);
  }

  /** What it has sent and received so far, as tshark reads it with the daemon's key log. */
  packets(): Promise<Dissected[]> {
    return dissect(join(this.#scratch.path, 'packets.pcapng'), join(this.#scratch.path, 'keys'));
  }

  /** SIGTERM. The exit code; undefined when it did not end by itself within 10 seconds. */
  terminate(): Promise<number | undefined> {
    return this.#daemon.stop(10_000);
  }

  /** SIGKILL: no Delete goes out. */
  async kill(): Promise<void> {
    this.#daemon.signal('SIGKILL');
    await this.#daemon.exited;
  }

  async stop(): Promise<void> {
    this.#control.close();
    await this.terminate();
    this.#scratch.remove();
  }

  #run([verb = '', ...args]: readonly string[], within: number): Promise<Finished> {
    const control = ['--control', join(this.#scratch.path, 'run/control')];
    return run([process.execPath, ikev2, verb, ...args, ...control], { within });
  }
}

async function connect(daemon: Background, path: string): Promise<ControlClient | undefined> {
  if (!daemon.running) throw new Error('our daemon ended');
  return existsSync(path) ? ControlClient.connect(path).catch(() => undefined) : undefined;
}

/** Our own daemon, as it is built, in a namespace; driven by its own command line. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IkeSaStatus } from '../../../src/ike/status.ts';
import { scratch } from './mounts.ts';
import { inNetwork, type Side } from './namespaces.ts';
import { ikev2 } from './places.ts';
import { Background, type Finished, must, run, until } from './process.ts';
import { type Dissected, dissect } from './tshark.ts';

export interface OursOptions {
  readonly side: Side;
  /** ipsec.conf */
  readonly config: string;
  /** ipsec.secrets */
  readonly secrets: string;
  readonly kernel: 'memory' | 'userspace';
  /** The side's IPv4 address unless given. */
  readonly listen?: readonly string[];
  /** Further options of `ikev2 daemon`. */
  readonly args?: readonly string[];
}

export class Ours {
  readonly #daemon: Background;
  readonly #scratch: ReturnType<typeof scratch>;

  private constructor(daemon: Background, place: ReturnType<typeof scratch>) {
    this.#daemon = daemon;
    this.#scratch = place;
  }

  /** Starts it; returns when the control socket answers. Throws with its log when it does not. */
  static async start(options: OursOptions): Promise<Ours> {
    const place = scratch('ours');
    const at = (name: string) => join(place.path, name);
    mkdirSync(at('run'), { mode: 0o700 });
    writeFileSync(at('ipsec.conf'), options.config, { mode: 0o600 });
    writeFileSync(at('ipsec.secrets'), options.secrets, { mode: 0o600 });
    const args = ['--config', at('ipsec.conf'), '--secrets', at('ipsec.secrets'), '--kernel', options.kernel];
    for (const address of options.listen ?? [options.side.address]) args.push('--listen', address);
    args.push('--control', at('run/control'), '--key-log', at('keys'), '--pcap', at('packets.pcapng'));
    const command = [process.execPath, ikev2, 'daemon', ...args, ...(options.args ?? [])];
    const daemon = new Background([...inNetwork(options.side.namespace), ...command]);
    const ours = new Ours(daemon, place);
    try {
      await until('our daemon answers', () => ours.#ready(), 15_000);
    } catch (error) {
      await ours.stop();
      throw new Error(`${String(error)}\n${daemon.output}`);
    }
    return ours;
  }

  get log(): string {
    return this.#daemon.output;
  }

  /** Exit code 0 when established. */
  up(name: string, within = 30_000): Promise<Finished> {
    return this.#run(['up', name], within);
  }

  down(name: string): Promise<Finished> {
    return this.#run(['down', name], 15_000);
  }

  /** Exit code 0 when every echo came back. */
  ping(name: string, count = 2): Promise<Finished> {
    return this.#run(['ping', name, '-c', String(count)], 15_000);
  }

  async list(): Promise<readonly IkeSaStatus[]> {
    const text = await must(this.#command(['status', '--json']), { within: 10_000 });
    const objects = text.split('\n').filter((line) => line !== '');
    return objects.map((line) => JSON.parse(line) as { kind: string }).filter(isIkeSa);
  }

  /** Waits until the SAs are as wanted. */
  async when<T>(
    what: string,
    probe: (sas: readonly IkeSaStatus[]) => T | undefined,
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

  async stop(): Promise<void> {
    await this.terminate();
    this.#scratch.remove();
  }

  async #ready(): Promise<true | undefined> {
    if (!this.#daemon.running) throw new Error('our daemon ended');
    if (!existsSync(join(this.#scratch.path, 'run/control'))) return undefined;
    return (await this.#run(['status'], 5_000)).code === 0 ? true : undefined;
  }

  #command([verb = '', ...args]: readonly string[]): string[] {
    return [process.execPath, ikev2, verb, ...args, '--control', join(this.#scratch.path, 'run/control')];
  }

  #run(args: readonly string[], within: number): Promise<Finished> {
    return run(this.#command(args), { within });
  }
}

const isIkeSa = (object: { kind: string }): object is IkeSaStatus & { kind: 'ikeSa' } =>
  object.kind === 'ikeSa';

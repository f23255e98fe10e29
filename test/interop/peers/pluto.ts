/** Libreswan's pluto 4.10 in a namespace of its own, with the shim that stands in for ESP, driven by whack. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beside, privately, scratch } from './mounts.ts';
import type { Side } from './namespaces.ts';
import { Background, type Finished, must, run, until } from './process.ts';
import { shim } from './shims.ts';

export interface PlutoOptions {
  readonly side: Side;
  /** ipsec.conf */
  readonly config: string;
  /** Its conns to add. */
  readonly conns: readonly string[];
  /** ipsec.secrets */
  readonly secrets: string;
  /** A directory with an NSS database, of which it gets a copy; an empty one unless given. */
  readonly nss?: string;
  /** Further arguments of pluto, such as `--impair`. */
  readonly args?: readonly string[];
}

/** A state of `ipsec showstates`, of an IKE SA or of a child. */
export interface PlutoState {
  readonly number: number;
  /** The name of its conn; with `leftsubnets=`, of the one that was made of it. */
  readonly conn: string;
  /** `V2_ESTABLISHED_IKE_SA`, `V2_REKEY_CHILD_I1` ... */
  readonly state: string;
  /** Number of the IKE SA a child belongs to. */
  readonly ikeSa?: number;
  /** Of a child with SAs, 8 hexadecimal digits. */
  readonly inbound?: string;
  readonly outbound?: string;
}

export const ikeEstablished = 'V2_ESTABLISHED_IKE_SA';
export const childEstablished = 'V2_ESTABLISHED_CHILD_SA';

const libexec = '/usr/libexec/ipsec';
export const havePluto = (): boolean => existsSync(`${libexec}/pluto`);

export class Pluto {
  readonly #daemon: Background;
  readonly #scratch: ReturnType<typeof scratch>;

  private constructor(daemon: Background, place: ReturnType<typeof scratch>) {
    this.#daemon = daemon;
    this.#scratch = place;
  }

  /** Starts it and adds every conn. Throws with its log when that fails. */
  static async start(options: PlutoOptions): Promise<Pluto> {
    const place = scratch('pluto');
    const at = (name: string) => join(place.path, name);
    mkdirSync(at('nss'));
    mkdirSync(at('ipsec.d'));
    writeFileSync(at('ipsec.conf'), options.config, { mode: 0o600 });
    writeFileSync(at('ipsec.secrets'), options.secrets, { mode: 0o600 });
    if (options.nss !== undefined) cpSync(options.nss, at('nss'), { recursive: true });
    else await must(['certutil', '-N', '-d', `sql:${at('nss')}`, '--empty-password']);
    const args = ['--nofork', '--stderrlog', '--log-no-time', '--config', at('ipsec.conf')];
    args.push('--secretsfile', at('ipsec.secrets'), '--nssdir', at('nss'), '--ipsecdir', at('ipsec.d'));
    const preload = `LD_PRELOAD=${await shim('fakexfrm')}`;
    const command = ['env', preload, `${libexec}/pluto`, ...args, ...(options.args ?? [])];
    const daemon = new Background(privately(options.side.namespace, ['/run/pluto'], [], command));
    const pluto = new Pluto(daemon, place);
    try {
      await until(
        'pluto listens',
        () => pluto.#ready(),
        15_000,
        () => daemon.output,
      );
      for (const name of options.conns) await pluto.#add(name);
    } catch (error) {
      await pluto.stop();
      throw new Error(`${String(error)}\n${daemon.output}`);
    }
    return pluto;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** What it said since it was ready. */
  get log(): string {
    const all = this.#daemon.output;
    return all.slice(Math.max(0, all.lastIndexOf('loading secrets')));
  }

  /** `ipsec auto --up`; exit code 0 when the child is up. */
  up(name: string, within = 20_000): Promise<Finished> {
    return run(this.#whack('--name', name, '--initiate'), { within });
  }

  /** `ipsec auto --down`. */
  down(name: string): Promise<Finished> {
    return run(this.#whack('--name', name, '--terminate'), { within: 10_000 });
  }

  /** New keys for an IKE SA or for its child, by the name of its conn. */
  async rekey(name: string, what: 'child' | 'ike'): Promise<void> {
    await run(this.#whack(what === 'ike' ? '--rekey-ike' : '--rekey-ipsec', '--name', name), {
      within: 10_000,
    });
  }

  /** Any other request, such as `--impair NAME` or `--ddos-busy`. */
  whack(...args: string[]): Promise<string> {
    return must(this.#whack(...args), { within: 10_000 });
  }

  /** Deletes a child, or whatever a state is of, at the peer. */
  async deleteState(number: number): Promise<void> {
    await this.whack('--deletestate', String(number));
  }

  async states(): Promise<PlutoState[]> {
    const text = await this.whack('--showstates');
    return [...text.matchAll(/#(\d+): "([^"]+)".*:\d+ STATE_(\w+)(.*)/g)].map((found) => {
      const [, number = '', conn = '', state = '', more = ''] = found;
      const ikeSa = /; IKE SA #(\d+)/.exec(more)?.[1];
      const spis = new RegExp(`#${number}: .* (?:esp|ah)\\.(\\w+)@\\S+ (?:esp|ah)\\.(\\w+)@`).exec(text);
      const [outbound, inbound] = [spis?.[1], spis?.[2]].map((spi) => spi?.padStart(8, '0'));
      return {
        number: Number(number),
        conn,
        state,
        ...(ikeSa !== undefined && { ikeSa: Number(ikeSa) }),
        ...(inbound !== undefined && outbound !== undefined && { inbound, outbound }),
      };
    });
  }

  /** SPIs of both directions of the Child SAs it holds. */
  async spis(): Promise<ReadonlySet<number>> {
    const text = await this.whack('--showstates');
    const found = [...text.matchAll(/\besp\.([0-9a-f]+)@/g)];
    return new Set(found.map(([, spi = '']) => Number.parseInt(spi, 16)));
  }

  /** Waits until the states are as wanted. */
  async when<T>(
    what: string,
    probe: (states: PlutoState[]) => T | undefined | Promise<T | undefined>,
    within = 10_000,
  ): Promise<T> {
    return until(
      `pluto: ${what}`,
      async () => probe(await this.states()),
      within,
      () => this.log,
    );
  }

  /** An established IKE SA with an established child. */
  established(within = 10_000): Promise<PlutoState[]> {
    const isUp = (states: PlutoState[]) =>
      [ikeEstablished, childEstablished].every((wanted) => states.some(({ state }) => state === wanted));
    return this.when('IKE SA and child up', (states) => (isUp(states) ? states : undefined), within);
  }

  /** No state at all. */
  async empty(within = 10_000): Promise<void> {
    await this.when('no state left', (states) => (states.length === 0 ? true : undefined), within);
  }

  /** SIGKILL: no Delete goes out. */
  async kill(): Promise<void> {
    this.#daemon.signal('SIGKILL');
    await this.#daemon.exited;
  }

  async stop(): Promise<void> {
    if (this.#daemon.running) await run(this.#whack('--shutdown'), { within: 5_000 });
    await this.#daemon.stop();
    this.#scratch.remove();
  }

  async #add(name: string): Promise<void> {
    const socket = ['--ctlsocket', '/run/pluto/pluto.ctl'];
    const addconn = [
      `${libexec}/addconn`,
      '--config',
      join(this.#scratch.path, 'ipsec.conf'),
      ...socket,
      name,
    ];
    const done = await run([...beside(this.#daemon.pid), ...addconn], { within: 10_000 });
    if (done.code !== 0 || !/added .*connection/.test(done.stdout + done.stderr + this.log)) {
      throw new Error(`addconn ${name}: ${done.code}\n${done.stdout}${done.stderr}`);
    }
  }

  async #ready(): Promise<true | undefined> {
    if (!this.#daemon.running) throw new Error('pluto ended');
    if (this.#daemon.output.includes('loading secrets')) return true;
    await run(this.#whack('--listen'), { within: 2_000 });
    return undefined;
  }

  #whack(...args: string[]): string[] {
    return [...beside(this.#daemon.pid), `${libexec}/whack`, ...args];
  }
}

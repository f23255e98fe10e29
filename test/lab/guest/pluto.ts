/** Libreswan's pluto in its namespace, with all conns of all cases. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Background, type Finished, must, run, until } from '../../interop/peers/process.ts';
import { inside } from './namespaces.ts';

const libexec = '/usr/libexec/ipsec';
const home = '/tmp/pluto';

export class Pluto {
  #daemon: Background | undefined;
  #before = '';

  constructor(
    readonly conns: readonly string[],
    config: string,
    secrets: string,
  ) {
    mkdirSync(`${home}/nss`, { recursive: true });
    mkdirSync(`${home}/ipsec.d`);
    writeFileSync(`${home}/ipsec.conf`, config, { mode: 0o600 });
    writeFileSync(`${home}/ipsec.secrets`, secrets, { mode: 0o600 });
  }

  /** Returns when its conns are loaded. */
  async start(): Promise<void> {
    if (this.#daemon?.running) return;
    const database = ['-d', `sql:${home}/nss`];
    if (!this.#daemon) await must(['certutil', '-N', ...database, '--empty-password']);
    else {
      this.#before += this.#daemon.output;
      // What a killed one had stays for ever.
      for (const kind of ['state', 'policy']) await must(['ip', '-n', 'pluto', 'xfrm', kind, 'flush']);
    }
    mkdirSync('/run/pluto', { recursive: true });
    const files = ['--config', `${home}/ipsec.conf`, '--secretsfile', `${home}/ipsec.secrets`];
    const directories = ['--nssdir', `${home}/nss`, '--ipsecdir', `${home}/ipsec.d`];
    // Else it begins again by itself whatever ends.
    const manner = ['--nofork', '--stderrlog', '--log-no-time', '--impair', 'revival'];
    const command = [`${libexec}/pluto`, ...manner, ...files, ...directories];
    const daemon = new Background(inside('pluto', command));
    this.#daemon = daemon;
    const loaded = () => {
      if (!daemon.running) throw new Error(`pluto ended\n${daemon.output}`);
      const added = [...daemon.output.matchAll(/"([^"]+)": added /g)].map(([, name = '']) => name);
      const isListening = daemon.output.includes('loading secrets');
      return isListening &&
        this.conns.every((name) => added.some((one) => one === name || one.startsWith(`${name}/`)))
        ? true
        : undefined;
    };
    await until('pluto has loaded its conns', loaded, 30_000, () => daemon.output);
  }

  get running(): boolean {
    return this.#daemon?.running ?? false;
  }

  get log(): string {
    return this.#before + (this.#daemon?.output ?? '');
  }

  /** Until it has come about, or failed. */
  up(conn: string): Promise<Finished> {
    return run(this.#whack('--initiate', '--name', conn), { within: 30_000 });
  }

  async down(conn: string): Promise<void> {
    await run(this.#whack('--terminate', '--name', conn), { within: 20_000 });
  }

  async rekey(conn: string, what: 'child' | 'ike'): Promise<void> {
    const verb = what === 'ike' ? '--rekey-ike' : '--rekey-ipsec';
    await run(this.#whack(verb, '--name', conn), { within: 20_000 });
  }

  /** The numbers of its children's states. */
  async children(conn: string): Promise<string[]> {
    const said = await this.whack('--showstates');
    const found = said.matchAll(/#(\d+): "([^"/]+)[^"]*".*STATE_V2_ESTABLISHED_CHILD_SA/g);
    return [...found].filter(([, , name]) => name === conn).map(([, number = '']) => number);
  }

  whack(...args: string[]): Promise<string> {
    return must(this.#whack(...args), { within: 20_000 });
  }

  /** SIGKILL: no Delete goes out. */
  async kill(): Promise<void> {
    this.#daemon?.signal('SIGKILL');
    await this.#daemon?.exited;
  }

  #whack(...args: string[]): string[] {
    return inside('pluto', [`${libexec}/whack`, ...args]);
  }
}

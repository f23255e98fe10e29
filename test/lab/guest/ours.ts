/** Our daemon as it is built, in a namespace, with connections of cases; spoken to over its control socket. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { ControlClient } from '../../../src/daemon/control-client.ts';
import type { ControlRequest } from '../../../src/daemon/control-protocol.ts';
import type { DaemonStatus } from '../../../src/daemon/status.ts';
import type { IkeSaStatus } from '../../../src/ike/status.ts';
import { Background, until } from '../../interop/peers/process.ts';
import { type Host, inside } from './namespaces.ts';

const command = '/project/dist/cli/main.js';

export class Ours {
  #daemon: Background | undefined;
  #control: ControlClient | undefined;
  #before = '';
  readonly #where: Host;
  readonly #home: string;

  /** `where` it runs: in pluto's place only while pluto does not. */
  constructor(config: string, secrets: string, where: Host = 'ours') {
    const home = where === 'ours' ? '/tmp/ours' : '/tmp/ours-too';
    this.#where = where;
    this.#home = home;
    for (const directory of ['run', 'store'])
      mkdirSync(`${home}/${directory}`, { recursive: true, mode: 0o700 });
    writeFileSync(`${home}/ipsec.conf`, config, { mode: 0o600 });
    writeFileSync(`${home}/ipsec.secrets`, secrets, { mode: 0o600 });
  }

  /** Returns when it answers. */
  async start(): Promise<void> {
    if (this.#daemon?.running) return;
    this.#before += this.#daemon?.output ?? '';
    const home = this.#home;
    const files = [
      '--config',
      `${home}/ipsec.conf`,
      '--secrets',
      `${home}/ipsec.secrets`,
      '--store',
      `${home}/store`,
    ];
    const manner = ['--kernel', 'xfrm', '--control', `${home}/run/control`, '--log-level', 'debug'];
    const daemon = new Background(
      inside(this.#where, [process.execPath, command, 'daemon', ...files, ...manner]),
    );
    this.#daemon = daemon;
    const connected = async () => {
      if (!daemon.running) throw new Error(`our daemon ended\n${daemon.output}`);
      return ControlClient.connect(`${home}/run/control`).catch(() => undefined);
    };
    this.#control = await until('our daemon answers', connected, 60_000, () => daemon.output);
  }

  get running(): boolean {
    return this.#daemon?.running ?? false;
  }

  get log(): string {
    return this.#before + (this.#daemon?.output ?? '');
  }

  /** Throws ControlError with what did not come about. */
  async tell(request: ControlRequest): Promise<void> {
    await this.#ask(request);
  }

  /** Its IKE SAs by one connection. */
  async list(connection: string): Promise<readonly IkeSaStatus[]> {
    const { ikeSas } = await this.#ask<DaemonStatus>({ command: 'status' });
    return ikeSas.filter((sa) => sa.connection === connection);
  }

  /** SIGKILL: no Delete goes out, and the kernel keeps what it has. */
  async kill(): Promise<void> {
    this.#daemon?.signal('SIGKILL');
    await this.#daemon?.exited;
  }

  /** SIGTERM. The exit code; undefined when it had to be killed. */
  async stop(): Promise<number | undefined> {
    return this.#daemon?.stop(30_000);
  }

  #ask<Answer>(request: ControlRequest): Promise<Answer> {
    if (!this.#control) throw new Error('our daemon is not started');
    return this.#control.request<Answer>(request);
  }
}

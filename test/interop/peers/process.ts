/** Child processes with time limits, and polling with deadlines. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';

export interface Finished {
  /** Undefined when a signal or the time limit ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Milliseconds. */
  readonly within?: number;
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs to the end or to its time limit; a failure is a value. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = start(command, { stdio: ['pipe', 'pipe', 'pipe'], ...spawnOptions(options) });
  const out = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  const limit = setTimeout(() => child.kill('SIGKILL'), options.within ?? 20_000);
  const code = await new Promise<number | undefined>((resolve) => {
    child.once('error', (error) => {
      out.stderr += error.message;
      resolve(undefined);
    });
    child.once('close', (status) => resolve(status ?? undefined));
  });
  clearTimeout(limit);
  return { code, ...out };
}

/** As `run`; throws with everything that was printed unless the exit code is 0. Gives stdout. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const done = await run(command, options);
  if (done.code !== 0) {
    throw new Error(`${command.join(' ')}: exit ${done.code ?? 'by signal'}\n${done.stdout}${done.stderr}`);
  }
  return done.stdout;
}

/** Asks again, every 20 ms and then less often, until there is an answer; throws after `within` milliseconds, saying what was seen last. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  within = 10_000,
  seen: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + within;
  for (let pause = 20; ; pause = Math.min(1.5 * pause, 200)) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}\n${seen()}`);
    await after(pause);
  }
}

/** A daemon: its output is kept, and it dies with this process, even when that is killed. */
export class Background {
  readonly #child: ChildProcess;
  readonly exited: Promise<number | undefined>;
  #code: number | undefined;
  #gone = false;
  /** Everything it printed, both streams. */
  output = '';

  constructor(command: readonly string[], options: Omit<RunOptions, 'within' | 'input'> = {}) {
    const bound = ['setpriv', '--pdeathsig', 'KILL', '--', ...command];
    this.#child = start(bound, { stdio: ['ignore', 'pipe', 'pipe'], ...spawnOptions(options) });
    const keep = (text: string) => {
      this.output += text;
    };
    this.#child.stdout?.setEncoding('utf8').on('data', keep);
    this.#child.stderr?.setEncoding('utf8').on('data', keep);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        keep(error.message);
        this.#gone = true;
        resolve(undefined);
      });
      this.#child.once('close', (code) => {
        this.#gone = true;
        this.#code = code ?? undefined;
        running.delete(this);
        resolve(this.#code);
      });
    });
    running.add(this);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return !this.#gone;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** SIGTERM, and SIGKILL when that is not enough. The exit code, or undefined when it had to be killed. */
  async stop(within = 5_000): Promise<number | undefined> {
    if (this.#gone) return this.#code;
    this.signal('SIGTERM');
    const limit = setTimeout(() => this.signal('SIGKILL'), within);
    const code = await this.exited;
    clearTimeout(limit);
    return code;
  }
}

const running = new Set<Background>();
process.once('exit', () => {
  for (const one of running) one.signal('SIGKILL');
});

function start(command: readonly string[], options: SpawnOptions): ChildProcess {
  const [file, ...args] = command;
  if (file === undefined) throw new Error('nothing to run');
  return spawn(file, args, options);
}

function spawnOptions(options: { env?: Record<string, string>; cwd?: string }): SpawnOptions {
  return {
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  };
}

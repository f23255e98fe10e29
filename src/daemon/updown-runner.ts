/** Runs updown commands: one after the other within a connection, a few at a time in all, each for so long. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { escapeText } from './lines.ts';
import type { Logger } from './log.ts';

export interface UpdownRun {
  readonly connection: string;
  /** For a shell; nothing of the peer's is in it. */
  readonly command: string;
  /** PLUTO_VERB among them, which names the run in the log. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface UpdownLimits {
  /** Milliseconds a command may take. */
  readonly time: number;
  /** Commands at a time. */
  readonly atOnce: number;
  /** Commands of a connection that may wait; a newer one is not run. */
  readonly waiting: number;
  /** Lines of a command's output that are logged. */
  readonly lines: number;
}

export const defaultLimits: UpdownLimits = { time: 30_000, atOnce: 8, waiting: 1_000, lines: 200 };

/** Milliseconds between SIGTERM and SIGKILL, and that output is waited for once a command has ended. */
const grace = 1_000;
const longestLine = 1_024;

export class UpdownRunner {
  readonly #log: Logger;
  readonly #limits: UpdownLimits;
  readonly #queues = new Map<string, UpdownRun[]>();
  /** Connections with a command that runs. */
  readonly #busy = new Map<string, Command>();
  #quiet: (() => void)[] = [];

  constructor(log: Logger, limits: Partial<UpdownLimits> = {}) {
    this.#log = log;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Returns at once. */
  run(one: UpdownRun): void {
    const queue = this.#queues.get(one.connection);
    if (queue === undefined) this.#queues.set(one.connection, [one]);
    else if (queue.length < this.#limits.waiting) queue.push(one);
    else this.#log.warn(`${nameOf(one)} command not run: ${queue.length} wait before it`);
    this.#next();
  }

  /** Resolves when nothing runs or waits; after `within` milliseconds what is left is ended. */
  async close(within: number): Promise<void> {
    const done = new Promise<void>((resolve) => this.#quiet.push(resolve));
    this.#next();
    const limit = setTimeout(() => {
      this.#queues.clear();
      for (const command of this.#busy.values()) command.end();
    }, within);
    await done;
    clearTimeout(limit);
  }

  #next(): void {
    for (const [connection, queue] of this.#queues) {
      if (this.#busy.size >= this.#limits.atOnce) return;
      if (this.#busy.has(connection)) continue;
      const one = queue.shift();
      if (queue.length === 0) this.#queues.delete(connection);
      if (one) this.#start(one);
    }
    if (this.#busy.size > 0 || this.#queues.size > 0) return;
    for (const resolve of this.#quiet.splice(0)) resolve();
  }

  #start(one: UpdownRun): void {
    this.#log.debug(`${nameOf(one)} command: ${escapeText(one.command)}`);
    const ended = (): void => {
      this.#busy.delete(one.connection);
      this.#next();
    };
    try {
      this.#busy.set(one.connection, new Command(one, this.#limits, this.#log, ended));
    } catch (error) {
      // A peer's identity may be longer than the system lets a variable be (E2BIG).
      this.#log.warn(`${nameOf(one)} command not run: ${error instanceof Error ? error.message : error}`);
      setImmediate(() => this.#next());
    }
  }
}

/** One command that runs, with all that it starts. */
class Command {
  readonly #child: ChildProcess;
  #ending = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(one: UpdownRun, limits: UpdownLimits, log: Logger, ended: () => void) {
    const name = nameOf(one);
    this.#child = spawn('/bin/sh', ['-c', one.command], {
      cwd: '/',
      // A group of its own, so that it can be ended whole.
      detached: true,
      env: { ...othersOf(process.env), ...one.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    const say = limited(limits.lines, (line) => log.info(`${name} output: ${escapeText(line)}`));
    for (const stream of [stdout, stderr]) if (stream) eachLine(stream, say);
    this.#after(limits.time, () => {
      log.warn(`${name} command ended: it took longer than ${limits.time / 1000} s`);
      this.end();
    });
    const finish = (): void => {
      for (const timer of this.#timers.splice(0)) clearTimeout(timer);
      stdout?.destroy();
      stderr?.destroy();
      ended();
    };
    this.#child.once('error', (error) => {
      log.warn(`${name} command not run: ${error.message}`);
      if (this.#child.pid === undefined) finish();
    });
    this.#child.once('exit', (code, signal) => {
      if (code !== 0)
        log.warn(`${name} command ${code === null ? `ended by ${signal}` : `exited with status ${code}`}`);
      if (this.#ending) this.#signal('SIGKILL');
      // What it left behind in the background may hold its output open.
      this.#after(grace, () => this.#child.emit('close'));
    });
    this.#child.once('close', finish);
  }

  /** SIGTERM, and SIGKILL if that is not enough. */
  end(): void {
    this.#ending = true;
    this.#signal('SIGTERM');
    this.#after(grace, () => this.#signal('SIGKILL'));
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It is gone already.
    }
  }

  #after(time: number, what: () => void): void {
    this.#timers.push(setTimeout(what, time));
  }
}

/** `"net": up-client`. */
const nameOf = ({ connection, environment }: UpdownRun): string =>
  `"${connection}": ${environment.PLUTO_VERB}`;

/** The daemon's own environment without what only a run may say. */
const othersOf = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !told.test(name)));

const told = /^(PLUTO_|VTI_|SPI_|CONNMARK|NFLOG$|CAT$|XAUTH_FAILED$)/;

function limited(most: number, say: (line: string) => void): (line: string) => void {
  let count = 0;
  return (line) => {
    count++;
    if (count <= most) say(line);
    else if (count === most + 1) say('(more is not logged)');
  };
}

/** Calls `hear` with each line, cut to a readable length. */
function eachLine(stream: Readable, hear: (line: string) => void): void {
  let begun = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) hear(line.slice(0, longestLine));
  });
  stream.on('end', () => {
    if (begun !== '') hear(begun);
  });
  stream.on('error', () => {});
}

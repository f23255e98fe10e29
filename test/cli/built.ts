/** The command line as a user has it: compiled, each command a process of its own. */
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFileSync,
  spawn,
} from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** An address of this machine that no other process's tests take: ports can be fixed on it. `n` from 1 to 3. */
export function ownAddress(n: number): string {
  const number = ((process.pid << 2) | n) & 0xff_ffff;
  return `127.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Built {
  /** The compiled program, for what must be started otherwise. */
  readonly main: string;
  /** Runs a command to its end. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** As `run`, with a reader of its output that left before it began. */
  unread(args: readonly string[]): Promise<Outcome>;
  /** Starts `daemon --json` and waits for its `ready`. */
  daemon(args: readonly string[]): Promise<RunningDaemon>;
  remove(): void;
}

export interface RunningDaemon {
  readonly process: ChildProcess;
  readonly listening: { address: string; ike: number; nat: number }[];
  /** The next log line for which `fits` holds; lines of the past count too, each once. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  readonly exit: Promise<number | null>;
}

export interface LogLine {
  readonly event?: string;
  readonly msg?: string;
  readonly error?: { code: string; text: string };
  readonly listening?: RunningDaemon['listening'];
}

/** Compiles the sources into a directory of its own inside the project, so that packages are found. */
export function build(): Built {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const directory = mkdtempSync(join(root, '.cache', 'cli-'));
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  execFileSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', join(directory, 'dist')], { cwd: root });
  copyFileSync(join(root, 'package.json'), join(directory, 'package.json'));
  const main = join(directory, 'dist', 'cli', 'main.js');
  return {
    main,
    run: (args, env) => finished(start(main, args, env)),
    unread: (args) => {
      const child = start(main, args);
      child.stdout.destroy();
      return finished(child);
    },
    daemon: (args) => startDaemon(main, args),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function start(main: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
}

function finished(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

async function startDaemon(main: string, args: readonly string[]): Promise<RunningDaemon> {
  const child = spawn(process.execPath, [main, 'daemon', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const lines: LogLine[] = [];
  let waiting: { fits: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    const taker = waiting.find(({ fits }) => fits(line));
    waiting = waiting.filter((each) => each !== taker);
    if (taker) taker.resolve(line);
    else lines.push(line);
  });
  const logged = (fits: (line: LogLine) => boolean): Promise<LogLine> => {
    const at = lines.findIndex(fits);
    const [line] = at < 0 ? [] : lines.splice(at, 1);
    return line ? Promise.resolve(line) : new Promise((resolve) => waiting.push({ fits, resolve }));
  };
  const { listening = [] } = await logged(({ event, error }) => {
    if (error) throw new Error(error.text);
    return event === 'ready';
  });
  return { process: child, listening, logged, exit };
}
